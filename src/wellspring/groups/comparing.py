"""Each group compared with the controls, in each measure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.groups.design import Design, comparison_design
from wellspring.groups.effects import Effects, compare_units
from wellspring.groups.tables import CONTRASTS, UNITS
from wellspring.report.words import listed
from wellspring.statistics import benjamini_hochberg
from wellspring.tables import empty_table

__all__ = ["Resampling", "compare_groups", "group_order", "grouped_wells"]

_PER_MEASURE = ("mean", "mean_control", "difference", "low", "high", "hedges_g", "p_value", "p_t")
_PER_DESIGN = ("n_units", "n_units_control", "p_lowest")
_NONE = "none"


@dataclass(frozen=True)
class Resampling:
    """Resamples behind an interval, permutations behind a p-value, and their seed."""

    n_resamples: int
    n_permutations: int
    seed: int


def grouped_wells(
    sheet: pd.DataFrame, *, by: str, replicate: str | None, controls: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The wells that have a group, and the groups that the others are compared with.

    Parameters
    ----------
    sheet
        Columns plate, well, `by` and `replicate`; empty fields are missing values.
    by, replicate
        Columns; `replicate` may be None.
    controls
        Values of `by`. None: the first group in the order of `group_order`.

    Returns
    -------
    DataFrame
        plate, well, group, replicate (empty for none), is_control; in the order of the sheet.
    tuple of str
        Empty where no well has a group.
    """
    wells = sheet[sheet[by].notna()].reset_index(drop=True)
    groups = wells[by].astype(str)
    chosen = tuple(controls) or tuple(group_order(groups, controls=())[:1])
    names = wells[replicate].fillna("").astype(str) if replicate else pd.Series("", index=wells.index)
    table = pd.DataFrame({"plate": wells["plate"].astype(str), "well": wells["well"].astype(str), "group": groups})
    return table.assign(replicate=names, is_control=groups.isin(chosen)), chosen


def group_order(groups: pd.Series, *, controls: Sequence[str]) -> list[str]:
    """Each group once: controls first; numbers by their size, else in the order of the sheet."""
    names = [str(name) for name in groups.drop_duplicates()]
    numbers = pd.to_numeric(pd.Series(names, dtype=object), errors="coerce")
    if numbers.notna().all():
        names = [names[place] for place in np.argsort(numbers.to_numpy(), kind="stable")]
    return [*[name for name in controls if name in names], *[name for name in names if name not in controls]]


def compare_groups(
    table: pd.DataFrame, *, controls: Sequence[str], resampling: Resampling
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `CONTRASTS` and `UNITS`.

    Wells without a value are left out. Numbers come twice: without wells in doubt, which are the ones to cite, and with
    all wells (names that end in ``_all``). The false discovery rate is over all measures and groups.

    Parameters
    ----------
    table
        Table `MEASURED_WELLS`.
    controls
        Groups that the others are compared with, as one.
    """
    wells = table.drop_duplicates(["plate", "well"])[["plate", "well", "group", "replicate"]].reset_index(drop=True)
    measures = list(dict.fromkeys(table["measure"]))
    units = table.drop_duplicates("measure").set_index("measure")["unit"]
    position = pd.MultiIndex.from_frame(wells[["plate", "well"]])
    shape = {
        name: table.pivot(index=["plate", "well"], columns="measure", values=name).reindex(position)[measures]
        for name in ("value", "is_doubtful")
    }
    values = shape["value"].to_numpy(dtype=np.float64)
    doubtful = shape["is_doubtful"].to_numpy(dtype=bool)
    treated = [name for name in group_order(wells["group"], controls=controls) if name not in controls]
    rows, of_units = [], []
    for group in treated:
        own = wells["group"].isin([group, *controls]).to_numpy()
        trusted = _compared(wells, values, own & np.isfinite(values).T & ~doubtful.T, group, controls, resampling)
        every = _compared(wells, values, own & np.isfinite(values).T, group, controls, resampling)
        for place, name in enumerate(measures):
            row = {"measure": name, "unit": units[name], "group": group, "control": listed(list(controls))}
            row |= trusted[place].row | {f"{key}_all": one for key, one in every[place].numbers.items()}
            for ending, mask in (("", wells["group"] == group), ("_control", wells["group"].isin(controls))):
                row[f"n_doubtful{ending}"] = int((doubtful[:, place] & mask.to_numpy()).sum())
            rows.append(row)
            of_units.append(trusted[place].units.assign(measure=name, compared=group))
    if not rows:
        return empty_table(CONTRASTS), empty_table(UNITS)
    found = pd.DataFrame(rows)
    for ending in ("", "_all"):
        found[f"q_value{ending}"] = benjamini_hochberg(found[f"p_value{ending}"])
    named = pd.concat(of_units, ignore_index=True)
    named["group"] = np.where(named["is_treated"], named["compared"], listed(list(controls)))
    return found[CONTRASTS.names], named[UNITS.names]


@dataclass(frozen=True)
class _Comparison:
    """One measure of one group: the numbers, how they came about, and the units behind them."""

    numbers: dict[str, float]
    row: dict[str, object]
    units: pd.DataFrame


def _compared(
    wells: pd.DataFrame,
    values: NDArray[np.float64],
    is_used: NDArray[np.bool_],
    group: str,
    controls: Sequence[str],
    resampling: Resampling,
) -> list[_Comparison]:
    """A comparison per measure. Measures of the same wells (rows of `is_used` (f, n)) are computed together."""
    found: list[_Comparison | None] = [None] * len(is_used)
    patterns, which = np.unique(is_used, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        places = np.flatnonzero(which.ravel() == number)
        design = comparison_design(wells[pattern], treated=group, controls=controls)
        of_units, effects = _effects(design, values[pattern][:, places], resampling=resampling)
        for column, place in enumerate(places):
            found[place] = _comparison(design, effects, of_units, column=column)
    return [one for one in found if one is not None]


def _effects(design: Design, values: NDArray[np.float64], *, resampling: Resampling) -> tuple[pd.DataFrame, Effects]:
    """The units, with their means as columns 0, 1, ..., and what they give."""
    names = ["is_treated", "block", "unit"]
    wells = design.wells.reset_index(drop=True)
    table = pd.concat([wells, pd.DataFrame(values[wells["row"].to_numpy(dtype=np.intp)])], axis=1)
    groups = table.groupby(names, sort=False)
    means = groups[list(range(values.shape[1]))].mean()
    units = means.assign(n_wells=groups.size()).reset_index()
    effects = compare_units(
        units[list(range(values.shape[1]))].to_numpy(dtype=np.float64),
        units["is_treated"].to_numpy(dtype=bool),
        pd.factorize(units["block"])[0],
        n_resamples=resampling.n_resamples,
        n_permutations=resampling.n_permutations,
        rng=np.random.default_rng(resampling.seed),
    )
    return units, effects


def _comparison(design: Design, effects: Effects, units: pd.DataFrame, *, column: int) -> _Comparison:
    known = {one.name for one in fields(effects)}
    numbers = {name: float(getattr(effects, name)[column]) for name in _PER_MEASURE if name in known}
    numbers |= {name: getattr(effects, name) for name in _PER_DESIGN}
    remarks = list(design.remarks)
    if 0 in (effects.n_units, effects.n_units_control):
        remarks.append("a group has no value")
    elif np.isnan(effects.p_lowest):
        remarks.append("too few units for a p-value")
    elif effects.p_lowest > 0.05:
        remarks.append(f"so few units give no p-value below {effects.p_lowest:.2g}")
    row: dict[str, object] = {
        **numbers,
        "counted": design.counted,
        "blocks": design.blocks,
        "interval": effects.interval,
        "remarks": "; ".join(remarks) or _NONE,
    }
    return _Comparison(numbers, row, units[["is_treated", "block", "unit", "n_wells"]].assign(value=units[column]))
