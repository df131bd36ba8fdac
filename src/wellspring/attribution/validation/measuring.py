"""Whether the maps of a run mean something: every method and baseline against truth, randomisation and removal."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.importance import channel_shares
from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.estimates import Estimate, estimated
from wellspring.attribution.maps.paths import Gradients
from wellspring.attribution.maps.scores import Scoring, score_estimate
from wellspring.attribution.roar.removal import removal_order
from wellspring.attribution.tables import CURVES, MEASURES, RANDOMISED
from wellspring.attribution.validation.agreement import channel_auc, map_correlation, pixel_auc
from wellspring.attribution.validation.insertion import Curves, Subject, area, insertion_deletion
from wellspring.attribution.validation.validation_cache import Trial, ValidationCache
from wellspring.training.runs import Run

__all__ = ["Candidate", "Known", "Subjects", "Validated", "candidates", "known_truth", "validated_run"]

_ANY = "-"
_RANKINGS = ("random", "intensity")


@dataclass(frozen=True)
class Candidate:
    """A map method, and the baselines that it starts from."""

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
    cache: ValidationCache,
    report: Callable[[str], None],
) -> Validated:
    """Measure every candidate on the same cells; resume after those that are measured already.

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
    run
        Its seed and a cell's place alone decide what is drawn for the cell, so no candidate changes another.
    cache
        Keeps what is measured, candidate by candidate; what it has already is not measured again.
    report
        Called with a line for each candidate and each order without maps.

    Returns
    -------
    Validated
        Measures: ``channel_auc`` and ``pixel_auc`` (with truth), ``deletion_area`` and ``insertion_area``; all but
        the first also for random order and order by intensity, as methods of these names: structures are bright, so
        a map that follows the image alone has a high ``pixel_auc``.
    """
    trace = partial(insertion_deletion, gradients=gradients, n_steps=n_steps, batch_size=batch_size)
    maps_of = partial(_maps, gradients=gradients, batch_size=batch_size, seed=run.seed)
    few = Subjects(subjects.cells[:n_randomised], subjects.channels, subjects.places[:n_randomised])

    def tried(candidate: Candidate) -> Trial:
        maps = maps_of(subjects, candidate)
        curves = trace(subjects.cells, _orders(subjects, "map", maps, seed=run.seed))
        correlations = {
            layer: _mean_correlation(maps, maps_of(few, candidate), few)
            for layer in (randomised() if n_randomised else ())
        }
        return Trial(_truth_measures(maps, subjects, known) | _areas(curves), curves, correlations)

    def ranked(ranking: str) -> Trial:
        curves = trace(subjects.cells, _orders(subjects, ranking, None, seed=run.seed))
        stand_ins = _no_maps(subjects, ranking, seed=run.seed)
        return Trial(_pixel_measure(stand_ins, subjects, known) | _areas(curves), curves, {})

    tests = [(one.names, partial(tried, one)) for one in grid]
    tests += [({"method": name, "copies": _ANY, "baseline": _ANY}, partial(ranked, name)) for name in _RANKINGS]
    found = []
    for part, (names, measure) in zip(cache.parts(len(tests)), tests, strict=True):
        trial = cache.read(part)
        if trial is None:
            trial = measure()
            cache.write(part, trial)
        found.append((names, trial))
        report(f"{run.label}: tested {part.stop} of {len(tests)} rankings of values")
    return _tables(found, run=run, n_cells=len(subjects.cells), n_randomised=len(few.cells))


def _tables(found: Sequence[tuple[dict[str, str], Trial]], *, run: Run, n_cells: int, n_randomised: int) -> Validated:
    of_run = run.columns
    measures = [
        names | {"measure": measure, "value": value}
        for names, trial in found
        for measure, value in trial.measures.items()
    ]
    changes = [
        names | {"layer": layer, "depth": depth, "correlation": correlation}
        for names, trial in found
        for depth, (layer, correlation) in enumerate(trial.correlations.items(), start=1)
    ]
    curves = [_curve_rows(trial.curves).assign(**names) for names, trial in found]
    randomised = pd.DataFrame(changes, columns=[n for n in RANDOMISED.names if n not in (*of_run, "n_cells")])
    return Validated(
        measures=pd.DataFrame(measures).assign(**of_run, n_cells=n_cells)[MEASURES.names],
        curves=pd.concat(curves, ignore_index=True).assign(**of_run, n_cells=n_cells)[CURVES.names],
        randomised=randomised.assign(**of_run, n_cells=n_randomised)[RANDOMISED.names].astype(
            {column.name: column.dtype for column in RANDOMISED.columns if column.dtype != "str"}
        ),
    )


def _maps(
    subjects: Subjects, candidate: Candidate, *, gradients: Gradients, batch_size: int, seed: int
) -> list[NDArray[np.float32]]:
    """(S, S, c) float32 each: the cells' maps, input channels only. Noise depends on the seed and the cell alone."""

    def estimates() -> Iterator[Estimate[NDArray[np.float32]]]:
        for index, one in zip(subjects.places, subjects.cells, strict=True):
            rng = np.random.default_rng([seed, index])
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
        removal_order(one.values, ranking=ranking, score=score, rng=np.random.default_rng([seed, index, 1]))
        for one, score, index in zip(subjects.cells, scores, subjects.places, strict=True)
    ]


def _truth_measures(maps: Sequence[NDArray[np.float32]], subjects: Subjects, known: Known | None) -> dict[str, float]:
    if known is None:
        return {}
    shares = np.stack([channel_shares(one) for one in maps])
    channel = channel_auc(shares, channels=subjects.channels, causal=known.causal)
    return {"channel_auc": channel} | _pixel_measure(maps, subjects, known)


def _pixel_measure(maps: Sequence[NDArray[np.float32]], subjects: Subjects, known: Known | None) -> dict[str, float]:
    if known is None:
        return {}
    pixels = [
        pixel_auc(one, mask=subject.mask, structures=structures)
        for one, subject, structures in zip(maps, subjects.cells, known.structures, strict=True)
    ]
    found = [value for value in pixels if not np.isnan(value)]
    return {"pixel_auc": float(np.mean(found)) if found else float("nan")}


def _no_maps(subjects: Subjects, ranking: str, *, seed: int) -> list[NDArray[np.float32]]:
    """In place of maps: the images' own intensities, or random numbers."""
    if ranking == "intensity":
        return [one.image[..., one.inputs] for one in subjects.cells]
    rngs = [np.random.default_rng([seed, index, 2]) for index in subjects.places]
    shapes = [(*one.mask.shape, len(one.inputs)) for one in subjects.cells]
    return [rng.random(shape, dtype=np.float32) for rng, shape in zip(rngs, shapes, strict=True)]


def _areas(curves: Curves) -> dict[str, float]:
    return {
        "deletion_area": area(curves.share, curves.deletion),
        "insertion_area": area(curves.share, curves.insertion),
    }


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
        indices = {name: index for index, name in enumerate(subjects.channels) if name in causal and name in found}
        structures.append({index: found[name] for name, index in indices.items() if len(found[name]) == n_px})
    return Known(causal, structures)
