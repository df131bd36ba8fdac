"""What the cells of all wells say of each gene: estimates, intervals and p-values over wells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.sheet import annotated_wells
from wellspring.interaction.tables import INTERACTION_SUMMARY, columns_of
from wellspring.interaction.times import interaction_rows
from wellspring.localization.interaction.inference import (
    Estimate,
    amount_of_wells,
    difference_of_wells,
    mean_of_wells,
    polarity_of_wells,
    rotation_p_value,
)
from wellspring.localization.interaction.quantities import NOISE_CELLS, volume_corrected_noise
from wellspring.statistics import benjamini_hochberg

__all__ = ["ALL_TIMES", "annotated_images", "summary_table"]

ALL_TIMES = "all"
# Of the cells' own numbers, those that are compared with the reference gene: column, and whether as log2 ratio.
_COMPARED = {"periphery": True, "centrality": False, "centrality_3d": False, "spread": False, "clustering": False}
_NAMES = {"periphery": "peripheral_enrichment", "clustering": "clustering_difference"}

_SHOWN = {"mrna": "mRNA", "protein": "protein"}


@dataclass(frozen=True)
class _Group:
    """Images of one molecule of one gene in one condition."""

    molecule: str
    gene: str
    condition: str
    images: pd.DataFrame

    def wells(self, column: str, time: str) -> NDArray[np.float64]:
        """The median over the images of each well at a time."""
        rows = self.images[self.images["time"] == time]
        return np.asarray(rows.groupby(["plate", "well"], sort=True)[column].median(), dtype=np.float64)

    def tables(self, columns: Sequence[str], time: str | None) -> list[NDArray[np.float64]]:
        """(images, columns) of each well at a time (None: at all)."""
        rows = self.images if time is None else self.images[self.images["time"] == time]
        return [own[list(columns)].to_numpy() for _, own in rows.groupby(["plate", "well"], sort=True)]


def annotated_images(images: pd.DataFrame, annotations: pd.DataFrame, settings: SummarySettings) -> pd.DataFrame:
    """The images with gene, molecule, time and condition of their wells.

    Parameters
    ----------
    images
        Table `INTERACTION` of all wells.
    annotations
        A row per well: plate, well and the columns that `settings` names.

    Raises
    ------
    ValueError
        As `annotated_wells`.
    """
    molecules = sorted(set(images["molecule"])) if "molecule" in images else None
    wells = annotated_wells(annotations, settings, molecules=molecules)
    return images.merge(wells, on=["plate", "well"], how="left", validate="m:1")


def summary_table(images: pd.DataFrame, settings: SummarySettings) -> pd.DataFrame:
    """Table `INTERACTION_SUMMARY` from images with annotations.

    Where a gene is compared with the reference, wells exchange their genes within each time; where the MTOC is looked
    at, all cells of a well are turned alike; where times are compared, wells exchange their times. The median of the
    cells of a well counts for the well. Genes without wells of the reference in their condition or at their time have
    rows without numbers and a remark. Of a study without times all rows are of ``all``.
    """
    groups = list(_groups(images.sort_values(["plate", "well", "image"])))
    rows = [row for group in groups for row in _rows_of_group(group, groups, settings)]
    rows += interaction_rows(images, settings)
    table = pd.DataFrame(rows, columns=INTERACTION_SUMMARY.names)
    table["q_value"] = np.nan
    for _, index in table.groupby(["statistic", table["time"] == ALL_TIMES], sort=False).groups.items():
        table.loc[index, "q_value"] = benjamini_hochberg(table.loc[index, "p_value"])
    kinds = {one.name: one.dtype for one in INTERACTION_SUMMARY.columns}
    return table.fillna({"remark": "none"}).astype(kinds)


def _groups(images: pd.DataFrame) -> Iterator[_Group]:
    for (molecule, gene, condition), rows in images.groupby(["molecule", "gene", "condition"], sort=True):
        yield _Group(str(molecule), str(gene), str(condition), rows)


def _rows_of_group(group: _Group, groups: Sequence[_Group], settings: SummarySettings) -> Iterator[dict[str, object]]:
    spans = _spans(group.images, settings)
    yield from _amounts(group, spans)
    yield from _polarities(group, spans, settings)
    if group.gene == settings.reference:
        return
    reference = next(
        (
            one
            for one in groups
            if (one.molecule, one.gene, one.condition) == (group.molecule, settings.reference, group.condition)
        ),
        _Group(group.molecule, str(settings.reference), group.condition, group.images.iloc[:0]),
    )
    for column, is_ratio in _COMPARED.items():
        if column == "centrality_3d" and not group.images.get(column, pd.Series(dtype=float)).notna().any():
            continue
        name = f"{group.molecule}_{_NAMES.get(column, f'{column}_difference')}"
        for time, strata in spans.items():
            yield _compared(group, reference, column, strata, settings, is_ratio=is_ratio) | {
                "statistic": name,
                "time": time,
            }


def _compared(
    group: _Group, reference: _Group, column: str, strata: Sequence[str], settings: SummarySettings, *, is_ratio: bool
) -> dict[str, object]:
    change: Callable[[NDArray[np.float64]], NDArray[np.float64]] = _log2 if is_ratio else np.asarray
    own, other = ([change(one.wells(column, time)) for time in strata] for one in (group, reference))
    compared = partial(difference_of_wells, n_permutations=settings.n_permutations, seed=settings.seed)
    found = compared(own, other)
    cells = [
        [change(one.images.loc[one.images["time"] == time, column].to_numpy(dtype=np.float64)) for time in strata]
        for one in (group, reference)
    ]
    naive = compared(cells[0], cells[1])
    row = _row(group, found, naive=naive.p_value)
    lacking = [time for time, one in zip(strata, other, strict=True) if not np.isfinite(one).any()]
    if reference.images.empty:
        return row | {"remark": f"no {_SHOWN[reference.molecule]} of the reference{_in(group.condition)}"}
    if lacking and settings.time is None:
        return row | {"remark": "no reference"}
    return row | {"remark": f"no reference at {', '.join(lacking)}"} if lacking else row


def _in(condition: str) -> str:
    return f" in {condition}" if condition else ""


def _amounts(group: _Group, spans: Mapping[str, Sequence[str]]) -> Iterator[dict[str, object]]:
    for time, strata in spans.items():
        if time != ALL_TIMES or len(spans) == 1:
            found = amount_of_wells(group.wells("n_molecules", strata[0]))
            yield _row(group, found) | {"statistic": f"{group.molecule}_cytoplasmic_total", "time": time}
        yield _noise(group, strata) | {"statistic": f"{group.molecule}_volume_corrected_noise", "time": time}


def _noise(group: _Group, times: Sequence[str]) -> dict[str, object]:
    """The mean over times, by their cells: that amounts change with time is no noise."""
    rows = group.images[group.images["time"].isin(times)]
    by_time = [one[["n_molecules", "volume"]].dropna() for _, one in rows.groupby("time", sort=True)]
    found = [(len(one), volume_corrected_noise(one["n_molecules"], one["volume"])) for one in by_time]
    found = [(n, noise) for n, noise in found if np.isfinite(noise)]
    n_wells = rows.groupby(["plate", "well"]).ngroups
    if sum(n - 2 for n, _ in found) < NOISE_CELLS - 2:
        nothing = _row(group, Estimate(np.nan, np.nan, np.nan, np.nan, n_wells))
        return nothing | {"remark": f"fewer than {NOISE_CELLS} cells: off by more than a factor of 2"}
    mean = sum(n * noise for n, noise in found) / sum(n for n, _ in found)
    return _row(group, Estimate(mean, np.nan, np.nan, np.nan, n_wells))


def _polarities(
    group: _Group, spans: Mapping[str, Sequence[str]], settings: SummarySettings
) -> Iterator[dict[str, object]]:
    names = [str(name) for name in group.images.columns]
    options = {"n_permutations": settings.n_permutations, "seed": settings.seed}
    for family, title in (("quadrant", "mtoc_enrichment"), ("best", "mtoc_enrichment_best_orientation")):
        columns = columns_of(names, family)
        for time in spans:
            tables = group.tables(columns, None if time == ALL_TIMES else time)
            known = [table[np.isfinite(table).all(axis=1)] for table in tables]
            found = mean_of_wells([table[:, 0].mean() - 1 for table in known if len(table)])
            p_value = rotation_p_value(known, **options)
            alone = [row[None] for table in known for row in table]
            naive = rotation_p_value(alone, **options)
            # A density is 0 or more, so that less 1 it is no less than -1.
            estimate = Estimate(found.value, max(found.low, -1.0), found.high, p_value, found.n_wells)
            yield _row(group, estimate, naive=naive) | {"statistic": f"{group.molecule}_{title}", "time": time}
            index = polarity_of_wells(tables, **options)
            kind = title.replace("enrichment", "polarity_index")
            yield _row(group, index) | {"statistic": f"{group.molecule}_{kind}", "time": time}


def _row(group: _Group, found: Estimate, *, naive: float = float("nan")) -> dict[str, object]:
    return {
        "gene": group.gene,
        "condition": group.condition,
        "estimate": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "n_wells": found.n_wells,
        "p_value_of_cells": naive,
        "remark": "no cell has this number" if np.isnan(found.value) else "none",
    }


def _log2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 counts as missing: a ratio to nothing is none."""
    return np.log2(values, out=np.full(values.shape, np.nan), where=values > 0)


def _spans(images: pd.DataFrame, settings: SummarySettings) -> dict[str, list[str]]:
    """What a row is of: each time, and all of them; without times all alone."""
    times = sorted(images["time"].unique(), key=_number)
    single = {} if settings.time is None else {time: [time] for time in times}
    return {**single, ALL_TIMES: times}


def _number(time: str) -> tuple[float, str]:
    try:
        return float(time), time
    except ValueError:
        return float("inf"), time
