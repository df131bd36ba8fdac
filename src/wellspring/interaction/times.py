"""mRNA and protein compared in time: the scores of each gene, and what a condition changes about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.tables import columns_of
from wellspring.localization.interaction.colocalization import correlate_categories
from wellspring.localization.interaction.order import (
    Correlate,
    OrderTest,
    change_of_order,
    is_forward_pair,
    order_of_wells,
)
from wellspring.localization.interaction.temporal import correlate_profiles

__all__ = ["interaction_rows"]

Profiles = dict[float, NDArray[np.float64]]
Names = dict[float, list[tuple[str, str]]]
_NOTHING = OrderTest(np.nan, np.nan, np.nan, np.nan, 0, is_exact=True)


@dataclass(frozen=True)
class _Course:
    """mRNA and protein of a gene in a condition: by time, the profiles of wells and their names."""

    mrna: tuple[Profiles, Names]
    protein: tuple[Profiles, Names]

    @property
    def profiles(self) -> tuple[Profiles, Profiles]:
        """Of the mRNA and of the protein."""
        return self.mrna[0], self.protein[0]

    @property
    def names(self) -> tuple[Names, Names]:
        """Of the mRNA and of the protein."""
        return self.mrna[1], self.protein[1]

    @property
    def shows_both(self) -> bool:
        """Whether a well shows the mRNA and the protein."""
        mrna, protein = ({name for own in names.values() for name in own} for names in self.names)
        return bool(mrna & protein)


def interaction_rows(images: pd.DataFrame, settings: SummarySettings) -> Iterator[dict[str, object]]:
    """Rows of table `INTERACTION_SUMMARY` for each gene with both molecules.

    ``temporal_interaction`` and ``colocalization`` of each condition, from means over wells of the means over cells;
    ``temporal_interaction_change`` and ``colocalization_change`` of each condition against the control. Where a
    molecule or a time is missing there is a remark in place of numbers.
    """
    columns = columns_of([str(name) for name in images.columns], "segment")
    for gene, rows in images.groupby("gene", sort=True):
        if set(rows["molecule"]) != {"mrna", "protein"}:
            continue
        found = {
            str(condition): _Course(_side(own, "mrna", columns), _side(own, "protein", columns))
            for condition, own in rows.groupby("condition", sort=True)
        }
        # Of images of fields, a well shows both molecules, and is one well.
        n_wells = {str(name): own.groupby(["plate", "well"]).ngroups for name, own in rows.groupby("condition")}
        for condition, course in found.items():
            for row in _scores(str(gene), condition, course, settings):
                yield row | {"n_wells": n_wells[condition]}
        if settings.condition is None or settings.control is None:
            continue
        control = found.get(settings.control, _Course(({}, {}), ({}, {})))
        for condition in found:
            if condition != settings.control:
                for row in _change(str(gene), condition, control, found[condition], settings):
                    yield row | {"n_wells": n_wells[condition]}


def _side(images: pd.DataFrame, molecule: str, columns: Sequence[str]) -> tuple[Profiles, Names]:
    """Time to (wells, segments), the mean over the cells of each well that have all segments; and to their names."""
    rows = images[(images["molecule"] == molecule) & images[list(columns)].notna().all(axis=1)]
    wells = rows.groupby(["time", "plate", "well"], sort=True)[list(columns)].mean()
    profiles: Profiles = {}
    names: Names = {}
    for time, own in wells.groupby(level="time", sort=False):
        profiles[_hours(str(time))] = own.to_numpy(dtype=np.float64)
        names[_hours(str(time))] = [(str(plate), str(well)) for _, plate, well in own.index]
    return profiles, names


def _hours(time: str) -> float:
    try:
        return float(time)
    except ValueError:
        raise InputError(
            f"the sheet, column of interaction.time: expected numbers such as 2 or 3.5, got {time!r}. Correct it."
        ) from None


def _scores(gene: str, condition: str, course: _Course, settings: SummarySettings) -> Iterator[dict[str, object]]:
    remark = _missing(course.profiles, condition, settings)
    for name, correlate in _correlated(settings).items():
        found = _NOTHING
        if not remark:
            found = order_of_wells(
                *course.profiles,
                correlate=correlate,
                n_permutations=settings.n_permutations,
                seed=settings.seed,
                names=course.names,
            )
        row = _row(name, gene, condition, found, remark)
        if row["remark"] == "none" and course.shows_both and np.isfinite(found.expected):
            row["remark"] = f"wells show both molecules: without order the score is {found.expected:.2f}"
        yield row


def _change(
    gene: str, condition: str, control: _Course, other: _Course, settings: SummarySettings
) -> Iterator[dict[str, object]]:
    """Scores of the condition less those of the control, at the times that both have."""
    sides = zip(control.profiles, other.profiles, strict=True)
    mrna, protein = ({time: one[time] for time in one if time in two} for one, two in sides)
    remark = (
        _missing(control.profiles, str(settings.control), settings)
        or _missing(other.profiles, condition, settings)
        or _missing((mrna, protein), f"{condition} and {settings.control} at the same time", settings)
    )
    for name, correlate in _correlated(settings).items():
        found = _NOTHING
        if not remark:
            found = change_of_order(
                control.profiles,
                other.profiles,
                correlate=correlate,
                n_permutations=settings.n_permutations,
                seed=settings.seed,
                names=(control.names, other.names),
            )
        row = _row(f"{name}_change", gene, condition, found, remark)
        times = [[set(side) for side in one.profiles] for one in (control, other)]
        if row["remark"] == "none" and times[0] != times[1]:
            row["remark"] = "times that only one of the conditions has are left out"
        yield row


def _missing(sides: tuple[Profiles, Profiles], condition: str, settings: SummarySettings) -> str:
    """Why there is no order of times; empty where there is one."""
    if settings.time is None:
        return "the study has no times"
    lacking = [name for name, side in zip(("mRNA", "protein"), sides, strict=True) if not side]
    if lacking:
        return f"no {' and no '.join(lacking)} with segments" + (f" in {condition}" if condition else "")
    is_later = is_forward_pair(*sides)
    if not is_later.any():
        return "no time of the protein is later than one of the mRNA"
    return "all times of the protein are later than those of the mRNA" if is_later.all() else ""


def _correlated(settings: SummarySettings) -> dict[str, Correlate]:
    return {
        "temporal_interaction": correlate_profiles,
        "colocalization": partial(correlate_categories, n_stripes=settings.n_stripes),
    }


def _row(name: str, gene: str, condition: str, found: OrderTest, remark: str) -> dict[str, object]:
    missing = "a profile is the same in all segments" if np.isnan(found.score) else "none"
    return {
        "statistic": name,
        "gene": gene,
        "time": "all",
        "estimate": found.score,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "condition": condition,
        "p_value_of_cells": np.nan,
        "remark": remark or missing,
    }
