"""All cells of a run explained: the tables and the maps, a few cells at a time, so that a killed run resumes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.estimates import Estimate, Integral, estimated
from wellspring.attribution.maps.integrated import PathIntegral, refined_integral
from wellspring.attribution.maps.paths import Gradients, Path
from wellspring.attribution.maps.scores import Scoring, score_estimate
from wellspring.attribution.maps.stored import Maps
from wellspring.attribution.resume import ExplainedCells, ResumeFiles
from wellspring.attribution.tables_of_run import (
    CellSummary,
    Explanation,
    completeness_table,
    importance_table,
    panel_maps,
    sanity_table,
    similarity_table,
    summary,
)
from wellspring.training.runs import Run
from wellspring.training.sources import ImageSource

__all__ = ["Findings", "Settings", "explained_run"]


@dataclass(frozen=True)
class Settings:
    """How cells are explained.

    Attributes
    ----------
    scoring : Scoring
        How score maps are made.
    rule, steps : str, int
        Of the integral of each image without noise; see `wellspring.attribution.maps.integrated.integrated_gradients`.
    tolerance : float
        Largest relative error of completeness; cells that miss it are integrated again with twice the steps.
    max_steps : int
        Most steps to try.
    batch_size : int
        Images per gradient call.
    """

    scoring: Scoring
    rule: str
    steps: int
    tolerance: float
    max_steps: int
    batch_size: int


@dataclass(frozen=True)
class Findings:
    """Tables `IMPORTANCE`, `SIMILARITY`, `COMPLETENESS` (every cell) and `SANITY`; the maps (of the shown cells)."""

    importance: pd.DataFrame
    similarity: pd.DataFrame
    completeness: pd.DataFrame
    sanity: pd.DataFrame
    maps: Maps


def explained_run(
    cells: pd.DataFrame,
    loader: ImageSource,
    *,
    shown: Sequence[int],
    baselines: Baselines,
    gradients: Gradients,
    inputs: Sequence[int],
    settings: Settings,
    run: Run,
    resume: ResumeFiles,
    report: Callable[[str], None],
) -> Findings:
    """Explain every cell; keep the numbers of each, and the maps of the shown cells.

    Parameters
    ----------
    cells
        From `cells_of_split`.
    loader
        Of the manifest's cells: gives the image of a cell's ``place``.
    shown
        Positions in `cells` of those whose maps are kept.
    baselines
        Makes the baselines.
    gradients
        The model's values and gradients for a batch of images.
    inputs
        Places, among the loader's channels, of those that the model sees.
    settings, run
        How, and for which run. Each cell's noise is drawn from the run's seed and the cell's place: neither the batch
        size, nor the resume files, nor the choice of cells change it.
    shards
        Keeps what is done, a few cells at a time; what it has already is not computed again.
    report
        Called with one line of progress after about every tenth of the cells, and at the end if there are cells without
        importance (their score is 0 everywhere) or with an incomplete integral.

    Raises
    ------
    ValueError
        As `estimated`, `Baselines` and `channel_shares`.
    """
    positions = np.asarray(inputs, dtype=np.int64)
    channels = [loader.channels[index] for index in inputs]
    done: list[ExplainedCells] = []
    for part in resume.parts(len(cells)):
        known = resume.read(part)
        if known is None:
            images = _images(loader, cells["place"].to_numpy()[part.start : part.stop])
            found = _explained(images, baselines=baselines, gradients=gradients, settings=settings, seed=run.seed)
            known = _kept(found, shown=shown, start=part.start, inputs=positions, tolerance=settings.tolerance)
            resume.write(part, known)
        done.append(known)
        for line in _progress(part, n=len(cells), run=run):
            report(line)
    summaries = [one for known in done for one in known.summaries]
    for line in _warnings(summaries, run=run):
        report(line)
    maps = {number: one for known in done for number, one in known.maps.items()}
    panels, explanations = cells.iloc[list(shown)], [maps[number] for number in shown]
    pictures = [image for _, image in _images(loader, panels["place"].to_numpy())]
    return Findings(
        importance=importance_table(cells, summaries, channels=channels, run=run),
        similarity=similarity_table(cells, summaries, channels=channels, run=run),
        completeness=completeness_table(cells, summaries, run=run),
        sanity=sanity_table(panels, [one.integral for one in explanations], run=run),
        maps=panel_maps(panels, pictures, explanations, inputs=positions, channels=channels),
    )


def _images(loader: ImageSource, places: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    return ((int(index), loader.batch(np.array([index]))[0][0]) for index in places)


class _Cell:
    """The integral and the score map of one image, to be computed side by side, unless they are the same."""

    def __init__(
        self, place: int, image: NDArray[np.float32], *, baselines: Baselines, settings: Settings, seed: int
    ) -> None:
        rng = np.random.default_rng([seed, place])
        self.image, self.is_rescored = image, False
        self.starts = baselines.of(image, rng=rng)
        self._integral = Integral(image, self.starts, rule=settings.rule, steps=settings.steps)
        self._score: Estimate[NDArray[np.float32]] | None = None
        if not settings.scoring.is_integral:
            self._score = score_estimate(image, self.starts, scoring=settings.scoring, rng=rng)

    @property
    def is_done(self) -> bool:
        """Whether both are done."""
        return self._integral.is_done and (self._score is None or self._score.is_done)

    def paths(self) -> Iterator[Path]:
        """Those of both."""
        yield from self._integral.paths()
        if self._score is not None:
            yield from self._score.paths()

    def take(self, path: Path) -> None:
        """Hand it to the one that is due."""
        (self._score if self._score is not None and self._integral.is_done else self._integral).take(path)

    def result(self) -> tuple["_Cell", PathIntegral, NDArray[np.float32] | None]:
        """The cell itself, its integral so far, and its score map; None where the integral will be that."""
        return self, self._integral.result(), None if self._score is None else self._score.result()

    def replacement(self) -> "_Rescored | None":
        """The same with what the score is to be replaced by."""
        better = None if self._score is None else self._score.replacement()
        return None if better is None else _Rescored(self, better)


class _Rescored:
    """A cell whose integral is done, and the score that replaces its own."""

    def __init__(self, cell: _Cell, score: Estimate[NDArray[np.float32]]) -> None:
        self._cell, self._score = cell, score

    @property
    def is_done(self) -> bool:
        """Whether the score is done."""
        return self._score.is_done

    def paths(self) -> Iterator[Path]:
        """Those of the score."""
        return self._score.paths()

    def take(self, path: Path) -> None:
        """Hand it on."""
        self._score.take(path)

    def result(self) -> tuple[_Cell, PathIntegral, NDArray[np.float32] | None]:
        """As of the cell, with the other score."""
        cell, integral, _ = self._cell.result()
        cell.is_rescored = True
        return cell, integral, self._score.result()

    def replacement(self) -> None:
        """None."""


def _explained(
    images: Iterable[tuple[int, NDArray[np.float32]]],
    *,
    baselines: Baselines,
    gradients: Gradients,
    settings: Settings,
    seed: int,
) -> Iterator[tuple[NDArray[np.float32], Explanation]]:
    """Each image and what explains it. What belongs to one cell, and to the next, shares batches."""
    cells = (_Cell(index, image, baselines=baselines, settings=settings, seed=seed) for index, image in images)
    for cell, integral, score in estimated(cells, gradients=gradients, batch_size=settings.batch_size):
        refined = refined_integral(
            integral,
            cell.image,
            cell.starts,
            gradients=gradients,
            batch_size=settings.batch_size,
            rule=settings.rule,
            tolerance=settings.tolerance,
            max_steps=settings.max_steps,
        )
        found = np.abs(refined.attribution) if score is None else score
        yield cell.image, Explanation(refined, score=found, is_rescored=cell.is_rescored)


def _kept(
    found: Iterator[tuple[NDArray[np.float32], Explanation]],
    *,
    shown: Sequence[int],
    start: int,
    inputs: NDArray[np.int64],
    tolerance: float,
) -> ExplainedCells:
    """The numbers of each cell, and the maps of those that are shown."""
    summaries: list[CellSummary] = []
    maps: dict[int, Explanation] = {}
    for number, (image, explanation) in enumerate(found, start=start):
        summaries.append(summary(explanation, image=image, inputs=inputs, tolerance=tolerance))
        if number in shown:
            maps[number] = explanation
    return ExplainedCells(summaries, maps)


def _progress(part: range, *, n: int, run: Run) -> list[str]:
    tenths = part.stop * 10 // n
    if tenths == part.start * 10 // n:
        return []
    bar = "#" * tenths + "." * (10 - tenths)
    return [f"{run.label}  [{bar}]  explained {part.stop} of {n} cells"]


def _warnings(summaries: Sequence[CellSummary], *, run: Run) -> list[str]:
    name = run.label
    n_empty = sum(bool(np.isnan(cell.shares).all()) for cell in summaries)
    n_incomplete = sum(not cell.is_complete for cell in summaries)
    n_rescored = sum(cell.is_rescored for cell in summaries)
    found = []
    if n_rescored:
        found.append(f"{name}: offset was too uncertain for {n_rescored} cells, which have the map of the definition")
    if n_empty:
        found.append(f"{name}: the model ignores {n_empty} cells' images; no importance for them")
    if n_incomplete:
        found.append(f"{name}: the integral of {n_incomplete} cells misses the tolerance; raise attribution.max_steps")
    return found
