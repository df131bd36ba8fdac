"""Whether the maps of a run mean something: every method and baseline against truth, randomisation and removal."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.baselines import Baselines
from wellspring.attribution.estimates import Estimate, estimated
from wellspring.attribution.faithfulness import channel_auc, map_correlation, pixel_auc
from wellspring.attribution.importance import channel_shares
from wellspring.attribution.insertion import Curves, Subject, area, insertion_deletion
from wellspring.attribution.paths import Gradients
from wellspring.attribution.records import Run
from wellspring.attribution.removal import removal_order
from wellspring.attribution.scores import Scoring, score_estimate
from wellspring.tables.attribution import CURVES, MEASURES, RANDOMISED

__all__ = ["Candidate", "Known", "Subjects", "Validated", "candidates", "known_truth", "validated_run"]

_ANY = "-"


@dataclass(frozen=True)
class Candidate:
    """A way to make maps, and the baselines that it starts from."""

    scoring: Scoring
    baselines: Baselines

    @property
    def names(self) -> dict[str, str]:
        """Method, copies and baseline; no baseline where it says nothing."""
        method = self.scoring.method
        baseline = self.baselines.method if method.has_path else _ANY
        return {"method": method.base, "copies": method.copies, "baseline": baseline}


@dataclass(frozen=True)
class Known:
    """The truth of a simulated plate.

    Attributes
    ----------
    causal : collection of str
        Channels that the target depends on.
    structures : sequence of mappings
        Per cell, by place of the channel: measured pixels of its causal structure, see `pixel_auc`. Empty for a cell
        whose pixels are not all in the image.
    """

    causal: Collection[str]
    structures: Sequence[Mapping[int, NDArray[np.bool_]]]


@dataclass(frozen=True)
class Subjects:
    """The cells that maps are made of, the names of the input channels, and the places of the cells."""

    cells: Sequence[Subject]
    channels: Sequence[str]
    places: Sequence[int]


@dataclass(frozen=True)
class Validated:
    """Tables `MEASURES`, `CURVES` and `RANDOMISED` of a run."""

    measures: pd.DataFrame
    curves: pd.DataFrame
    randomised: pd.DataFrame


def candidates(scorings: Sequence[Scoring], baselines: Sequence[Baselines]) -> list[Candidate]:
    """Every scoring with every baseline; one of them alone where the baseline says nothing."""
    return [
        Candidate(scoring, start)
        for scoring in scorings
        for start in (baselines if scoring.method.has_path else baselines[:1])
    ]


def validated_run(
    subjects: Subjects,
    grid: Sequence[Candidate],
    *,
    gradients: Gradients,
    randomised: Callable[[], Iterator[str]],
    n_randomised: int,
    n_steps: int,
    batch_size: int,
    known: Known | None,
    run: Run,
    report: Callable[[str], None],
) -> Validated:
    """Measure every candidate on the same cells.

    Parameters
    ----------
    subjects
        One cell or more.
    grid
        From `candidates`.
    gradients
        The model's values and gradients.
    randomised
        Starts a randomisation of the model's layers from the top, see
        `wellspring.models.randomising.randomised_from_top`.
    n_randomised
        Cells, the first ones, whose maps are compared with those of the randomised model; 0: none.
    n_steps
        Of the curves of insertion and deletion.
    known
        The truth, if there is one.
    report
        Called with a line for each candidate.

    Returns
    -------
    Validated
        Measures: ``channel_auc`` and ``pixel_auc`` (with truth), ``deletion_area`` and ``insertion_area``; all but
        the first also for random order and order by intensity, as methods of these names: structures are bright, so
        a map that follows the image alone has a high ``pixel_auc``.
    """
    measures: list[dict[str, object]] = []
    curves: list[pd.DataFrame] = []
    changes: list[dict[str, object]] = []
    trace = partial(insertion_deletion, gradients=gradients, n_steps=n_steps, batch_size=batch_size)
    for number, candidate in enumerate(grid, start=1):
        maps = _maps(subjects, candidate, gradients=gradients, batch_size=batch_size, seed=run.seed)
        measures += [candidate.names | row for row in _truth_rows(maps, subjects, known=known)]
        found = trace(subjects.cells, _orders(subjects, "map", maps, seed=run.seed))
        measures += [candidate.names | row for row in _area_rows(found)]
        curves.append(_curve_rows(found).assign(**candidate.names))
        few = Subjects(subjects.cells[:n_randomised], subjects.channels, subjects.places[:n_randomised])
        for depth, layer in enumerate(randomised() if n_randomised else (), start=1):
            after = _maps(few, candidate, gradients=gradients, batch_size=batch_size, seed=run.seed)
            correlation = _mean_correlation(maps, after, few)
            row = {"layer": layer, "depth": depth, "n_cells": len(after), "correlation": correlation}
            changes.append(candidate.names | row)
        report(f"{run.model} {run.regime} {run.seed}: tried {number} of {len(grid)} ways to make maps")
    for ranking in ("random", "intensity"):
        names = {"method": ranking, "copies": _ANY, "baseline": _ANY}
        measures += [names | row for row in _pixel_rows(_no_maps(subjects, ranking, seed=run.seed), subjects, known)]
        found = trace(subjects.cells, _orders(subjects, ranking, None, seed=run.seed))
        measures += [names | row for row in _area_rows(found)]
        curves.append(_curve_rows(found).assign(**names))
    named = {"model": run.model, "regime": run.regime, "seed": run.seed}
    n_cells = len(subjects.cells)
    return Validated(
        measures=pd.DataFrame(measures).assign(**named, n_cells=n_cells)[MEASURES.names],
        curves=pd.concat(curves, ignore_index=True).assign(**named, n_cells=n_cells)[CURVES.names],
        randomised=pd.DataFrame(changes, columns=[n for n in RANDOMISED.names if n not in named])
        .assign(**named)[RANDOMISED.names]
        .astype({column.name: column.dtype for column in RANDOMISED.columns if column.dtype != "str"}),
    )


def _maps(
    subjects: Subjects, candidate: Candidate, *, gradients: Gradients, batch_size: int, seed: int
) -> list[NDArray[np.float32]]:
    """(S, S, c) float32 each: the cells' maps, input channels only. Noise depends on the seed and the cell alone."""

    def estimates() -> Iterator[Estimate[NDArray[np.float32]]]:
        for place, one in zip(subjects.places, subjects.cells, strict=True):
            rng = np.random.default_rng([seed, place])
            starts = candidate.baselines.of(one.image, rng=rng)
            yield score_estimate(one.image, starts, scoring=candidate.scoring, rng=rng)

    found = estimated(estimates(), gradients=gradients, batch_size=batch_size)
    return [score[..., one.inputs] for score, one in zip(found, subjects.cells, strict=True)]


def _orders(
    subjects: Subjects, ranking: str, maps: Sequence[NDArray[np.float32]] | None, *, seed: int
) -> list[NDArray[np.int64]]:
    scores: list[NDArray[np.float32] | None] = [None] * len(subjects.cells)
    if maps is not None:
        scores = [found[one.mask] for found, one in zip(maps, subjects.cells, strict=True)]
    return [
        removal_order(one.values, ranking=ranking, score=score, rng=np.random.default_rng([seed, place, 1]))
        for one, score, place in zip(subjects.cells, scores, subjects.places, strict=True)
    ]


def _truth_rows(
    maps: Sequence[NDArray[np.float32]], subjects: Subjects, *, known: Known | None
) -> list[dict[str, object]]:
    if known is None:
        return []
    shares = np.stack([channel_shares(one) for one in maps])
    channel = channel_auc(shares, channels=subjects.channels, causal=known.causal)
    return [{"measure": "channel_auc", "value": channel}, *_pixel_rows(maps, subjects, known)]


def _pixel_rows(
    maps: Sequence[NDArray[np.float32]], subjects: Subjects, known: Known | None
) -> list[dict[str, object]]:
    if known is None:
        return []
    pixels = [
        pixel_auc(one, mask=subject.mask, structures=structures)
        for one, subject, structures in zip(maps, subjects.cells, known.structures, strict=True)
    ]
    found = [value for value in pixels if not np.isnan(value)]
    return [{"measure": "pixel_auc", "value": float(np.mean(found)) if found else float("nan")}]


def _no_maps(subjects: Subjects, ranking: str, *, seed: int) -> list[NDArray[np.float32]]:
    """In place of maps: the images' own intensities, or random numbers."""
    if ranking == "intensity":
        return [one.image[..., one.inputs] for one in subjects.cells]
    rngs = [np.random.default_rng([seed, place, 2]) for place in subjects.places]
    shapes = [(*one.mask.shape, len(one.inputs)) for one in subjects.cells]
    return [rng.random(shape, dtype=np.float32) for rng, shape in zip(rngs, shapes, strict=True)]


def _area_rows(curves: Curves) -> list[dict[str, object]]:
    return [
        {"measure": "deletion_area", "value": area(curves.share, curves.deletion)},
        {"measure": "insertion_area", "value": area(curves.share, curves.insertion)},
    ]


def _curve_rows(curves: Curves) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"curve": name, "share": curves.share, "value": getattr(curves, name)})
        for name in ("deletion", "insertion")
    ]
    return pd.concat(parts, ignore_index=True)


def _mean_correlation(
    before: Sequence[NDArray[np.float32]], after: Sequence[NDArray[np.float32]], subjects: Subjects
) -> float:
    found = [
        map_correlation(one, other, mask=subject.mask)
        for one, other, subject in zip(before, after, subjects.cells, strict=False)
    ]
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def known_truth(
    causal: Collection[str], masks: Sequence[Mapping[str, NDArray[np.bool_]]], *, subjects: Subjects
) -> Known:
    """The truth about the cells.

    Parameters
    ----------
    causal
        Channels that the target depends on, by their structure or otherwise.
    masks
        Per cell, by channel: (n_px,) bool, the pixels of its structure in raster order. A cell that the image cuts
        has other pixels than these, and gets no structures.
    """
    structures: list[dict[int, NDArray[np.bool_]]] = []
    for one, found in zip(subjects.cells, masks, strict=True):
        n_px = int(one.mask.sum())
        places = {name: place for place, name in enumerate(subjects.channels) if name in causal and name in found}
        structures.append({place: found[name] for name, place in places.items() if len(found[name]) == n_px})
    return Known(causal, structures)
