"""How often four kinds of 95 % intervals of the temporal interaction score hold the mean score of such studies.

A pattern moves over the cell while the protein follows it two steps behind, moves with it, has an order of its own, or
nothing moves; wells differ a little or much.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bench.table import Row
from wellspring.localization.interaction.order import order_of_wells
from wellspring.localization.interaction.temporal import correlate_profiles, temporal_interaction
from wellspring.statistics import percentile_interval

__all__ = ["run"]

STUDIES, MEAN_OF, RESAMPLES = 100, 1000, 199
N_SECTORS, DEPTHS = 8, (16.0, 50.0, 83.0)
MRNA_HOURS, PROTEIN_HOURS = (2.0, 3.0, 4.0, 5.0), (2.0, 3.0, 5.0, 7.0)
KINDS = ("nothing", "follows", "together", "own order")
LEAST_COVERAGE = 95 - 3 * 100 * np.sqrt(0.05 * 0.95 / STUDIES)

_Profiles = dict[float, NDArray[np.float64]]


def run() -> list[Row]:
    """The lowest coverage of each kind of interval over all settings, and the mean width."""
    rng = np.random.default_rng(1)
    settings = [(kind, n, noise) for n in (2, 4) for kind in KINDS for noise in (0.3, 1.0)]
    found = [_covered(kind, n_wells=n, noise=noise, rng=rng) for kind, n, noise in settings]
    rows = []
    for name in found[0]:
        lowest, width = min(one[name][0] for one in found), float(np.mean([one[name][1] for one in found]))
        is_ours = name == "new studies"
        target, is_met = (f">= {LEAST_COVERAGE:.0f}", lowest >= LEAST_COVERAGE) if is_ours else ("", None)
        what = f"{name}: lowest coverage in {len(settings)} settings"
        rows.append(Row("score_intervals", what, lowest, "%", "", None, target, is_met))
        rows.append(Row("score_intervals", f"{name}: mean width", width, "", "", None, "", None))
    return rows


def _covered(kind: str, *, n_wells: int, noise: float, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Kind of interval to the share that holds the mean score, in %, and the mean width."""
    means = _course(kind)
    mean = np.mean([_score(_study(means, n_wells, noise, rng)) for _ in range(MEAN_OF)])
    ends: dict[str, list[tuple[float, float]]] = {}
    for number in range(STUDIES):
        for name, pair in _intervals(_study(means, n_wells, noise, rng), seed=number).items():
            ends.setdefault(name, []).append(pair)
    found = {}
    for name, pairs in ends.items():
        low, high = np.clip(np.array(pairs).T, 0, 1)
        found[name] = (100 * float(((low <= mean) & (mean <= high)).mean()), float((high - low).mean()))
    return found


def _intervals(study: tuple[_Profiles, _Profiles], *, seed: int) -> dict[str, tuple[float, float]]:
    rng, score = np.random.default_rng(seed), _score(study)
    resampled = [
        _score(tuple({t: w[rng.integers(len(w), size=len(w))] for t, w in side.items()} for side in study))
        for _ in range(RESAMPLES)
    ]
    low, high = map(float, percentile_interval(np.array(resampled)))
    ours = order_of_wells(*study, correlate=correlate_profiles, n_permutations=RESAMPLES, seed=seed)
    return {
        "resampled wells": (low, high),
        "resampled wells, turned around": (2 * score - high, 2 * score - low),
        "jackknife": _jackknife(study, score),
        "new studies": (ours.low, ours.high),
    }


def _jackknife(study: tuple[_Profiles, _Profiles], score: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    variance, freedom = 0.0, 0
    for number, side in enumerate(study):
        for time, wells in side.items():
            sides = list(study)
            left = []
            for out in range(len(wells)):
                sides[number] = side | {time: np.delete(wells, out, axis=0)}
                left.append(_score(tuple(sides)))
            variance += (len(wells) - 1) * float(np.var(left))
            freedom += len(wells) - 1
    half = float(stdtrit(freedom, 0.975)) * np.sqrt(variance)
    return score - half, score + half


def _score(study: tuple[Mapping[float, NDArray[np.float64]], ...]) -> float:
    return temporal_interaction(*({time: wells.mean(axis=0) for time, wells in side.items()} for side in study))


def _study(
    means: tuple[_Profiles, _Profiles], n_wells: int, noise: float, rng: np.random.Generator
) -> tuple[_Profiles, _Profiles]:
    first, second = (
        {time: one + noise * rng.normal(size=(n_wells, len(one))) for time, one in side.items()} for side in means
    )
    return first, second


def _course(kind: str) -> tuple[_Profiles, _Profiles]:
    rng = np.random.default_rng(5)
    even = 0.5 * rng.normal(size=N_SECTORS * len(DEPTHS))
    if kind == "nothing":
        return dict.fromkeys(MRNA_HOURS, even), dict.fromkeys(PROTEIN_HOURS, even)
    if kind == "own order":
        sides = [{t: even + 0.7 * rng.normal(size=len(even)) for t in own} for own in (MRNA_HOURS, PROTEIN_HOURS)]
        return sides[0], sides[1]
    delay = 3.0 if kind == "follows" else 0.0
    mrna = {hours: even + _moving(hours) for hours in MRNA_HOURS}
    return mrna, {hours: even + _moving(hours - delay) for hours in PROTEIN_HOURS}


def _moving(hours: float) -> NDArray[np.float64]:
    angle = 2 * np.pi * np.arange(N_SECTORS) / N_SECTORS
    turn = (angle - 0.45 * hours + np.pi) % (2 * np.pi) - np.pi
    middle = 15 + 70 * 0.45 * hours / np.pi
    along, across = np.exp(-0.5 * ((np.array(DEPTHS) - middle) / 22) ** 2), np.exp(-0.5 * (turn / 0.6) ** 2)
    return np.asarray(3 * np.outer(along, across).ravel())
