"""mRNA and protein compared in time: the scores of each gene, and what a condition changes about them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.tables import columns_of
from wellspring.localization.interaction.colocalization import colocalization_score
from wellspring.localization.interaction.temporal import interaction_of_wells, temporal_interaction
from wellspring.statistics import permutation_p_value

__all__ = ["interaction_rows"]

_ROUNDING = 1e-9
Profiles = dict[float, NDArray[np.float64]]


def interaction_rows(images: pd.DataFrame, settings: SummarySettings) -> Iterator[dict[str, object]]:
    """Rows of table `INTERACTION_SUMMARY` for each gene with both molecules.

    ``temporal_interaction`` and ``colocalization`` of each condition, from means over wells of the means over cells;
    ``temporal_interaction_change`` of each condition against the control, where wells exchange their conditions within
    molecule and time. The scores have no interval: resampled wells agree with each other more than new wells would, and
    noise draws a score towards 0.5, so that no resampling covers the score of many wells.
    """
    columns = columns_of([str(name) for name in images.columns], "segment")
    for gene, rows in images.groupby("gene", sort=True):
        if set(rows["molecule"]) != {"mrna", "protein"}:
            continue
        found = {
            str(condition): (_profiles(own, "mrna", columns), _profiles(own, "protein", columns))
            for condition, own in rows.groupby("condition", sort=True)
        }
        found = {name: sides for name, sides in found.items() if sides[0] and sides[1]}
        for condition, sides in found.items():
            yield from _scores(str(gene), condition, sides, settings)
        if settings.control in found:
            for condition in found:
                if condition != settings.control:
                    yield _change(str(gene), condition, found[settings.control], found[condition], settings)


def _profiles(images: pd.DataFrame, molecule: str, columns: Sequence[str]) -> Profiles:
    """Time to (wells, segments): mean over the cells of each well that have all segments."""
    rows = images[(images["molecule"] == molecule) & images[list(columns)].notna().all(axis=1)]
    wells = rows.groupby(["time", "plate", "well"], sort=True)[list(columns)].mean()
    return {_hours(str(time)): own.to_numpy(dtype=np.float64) for time, own in wells.groupby(level="time", sort=False)}


def _hours(time: str) -> float:
    try:
        return float(time)
    except ValueError:
        raise InputError(
            f"the sheet, column of interaction.time: expected numbers such as 2 or 3.5, got {time!r}. Correct it."
        ) from None


def _scores(
    gene: str, condition: str, sides: tuple[Profiles, Profiles], settings: SummarySettings
) -> Iterator[dict[str, object]]:
    test = interaction_of_wells(*sides, n_permutations=settings.n_permutations, seed=settings.seed)
    yield _row("temporal_interaction", gene, condition, test.score, test.p_value, sides)
    means = [{time: table.mean(axis=0) for time, table in side.items()} for side in sides]
    score = colocalization_score(means[0], means[1], n_stripes=settings.n_stripes)
    yield _row("colocalization", gene, condition, score, float("nan"), sides)


def _change(
    gene: str,
    condition: str,
    control: tuple[Profiles, Profiles],
    other: tuple[Profiles, Profiles],
    settings: SummarySettings,
) -> dict[str, object]:
    """Score of the condition less that of the control, at the times that both have."""
    times = [sorted(set(one) & set(two)) for one, two in zip(control, other, strict=True)]
    pooled = [
        {time: (one[time], two[time]) for time in common}
        for one, two, common in zip(control, other, times, strict=True)
    ]
    name = "temporal_interaction_change"
    found = _difference([{t: (a.mean(axis=0), b.mean(axis=0)) for t, (a, b) in side.items()} for side in pooled])
    if np.isnan(found):
        return _row(name, gene, condition, found, float("nan"), other)
    rng = np.random.default_rng(settings.seed)
    as_far = 0
    for _ in range(settings.n_permutations):
        mixed = [{time: _exchanged(*pair, rng=rng) for time, pair in side.items()} for side in pooled]
        as_far += int(abs(_difference(mixed)) >= abs(found) - _ROUNDING)
    p_value = float(permutation_p_value(as_far, n_permutations=settings.n_permutations))
    return _row(name, gene, condition, found, p_value, other)


def _exchanged(
    one: NDArray[np.float64], other: NDArray[np.float64], *, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = np.concatenate([one, other])
    order = rng.permutation(len(both))
    return both[order[: len(one)]].mean(axis=0), both[order[len(one) :]].mean(axis=0)


def _difference(sides: Sequence[dict[float, tuple[NDArray[np.float64], NDArray[np.float64]]]]) -> float:
    scores = [temporal_interaction(*({time: pair[i] for time, pair in side.items()} for side in sides)) for i in (0, 1)]
    return scores[1] - scores[0]


def _row(
    name: str, gene: str, condition: str, score: float, p_value: float, sides: tuple[Profiles, Profiles]
) -> dict[str, object]:
    missing = "a time is missing, or a profile is even" if np.isnan(score) else "none"
    return {
        "statistic": name,
        "gene": gene,
        "time": "all",
        "estimate": score,
        "low": np.nan,
        "high": np.nan,
        "p_value": p_value,
        "n_wells": sum(len(table) for side in sides for table in side.values()),
        "condition": condition,
        "p_value_of_cells": np.nan,
        "remark": missing,
    }
