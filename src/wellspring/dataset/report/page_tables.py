"""The chapter's tables: numbers written the way people read them."""

import math

import pandas as pd

from wellspring.dataset.report.composition import LEVEL, SPLITS
from wellspring.dataset.report.filtering import removal_columns
from wellspring.report.chapter import PageTable
from wellspring.report.style import NONE, number
from wellspring.report.tables import LONG_TABLE

__all__ = ["composition_rows", "criteria_rows", "normalization_rows", "well_rows"]


def criteria_rows(criteria: pd.DataFrame, *, n_cells: int) -> PageTable:
    """Cells that met each criterion, were removed by it, were left after it.

    Parameters
    ----------
    criteria
        From `criteria_table`.
    n_cells
        Cells found, before any criterion.
    """
    rows = [("", "(cells found)", "", "", f"{n_cells:,}")]
    for index, row in enumerate(criteria.itertuples(), start=1):
        rows.append((f"{index}", str(row.criterion), f"{row.n_matching:,}", f"{row.n_removed:,}", f"{row.n_left:,}"))
    note = "A cell may meet several criteria; it is counted as removed at the first one. Order as applied."
    head = ("No.", "Criterion: cells are removed where", "Cells that meet it", "Removed by it", "Left after it")
    return PageTable(title="Cells by criterion, all wells", file="", head=head, rows=rows, note=note, n_text=2)


def well_rows(counts: pd.DataFrame, *, file: str) -> PageTable:
    """Table `FILTER_COUNTS`, criteria by their numbers in `criteria_rows`; folded when it is long."""
    criteria = removal_columns(counts)
    removed = [f"Removed\nby no. {index}" for index in range(1, len(criteria) + 1)]
    rows = []
    for row in counts.to_dict("records"):
        share = NONE if math.isnan(row["percent_left"]) else f"{row['percent_left']:.1f}"
        numbers = [f"{row[name]:,}" for name in criteria]
        rows.append((row["plate"], row["well"], f"{row['n_cells']:,}", f"{row['n_left']:,}", share, *numbers))
    return PageTable(
        title="Cells by well",
        file=file,
        head=("Plate", "Well", "Found", "Kept", "Kept, %", *removed),
        rows=rows,
        note="Numbers of the criteria as in the table above.",
        n_text=2,
        strong=[len(rows) - 1],
        folded=len(rows) > LONG_TABLE,
    )


def composition_rows(composition: pd.DataFrame, *, file: str) -> list[PageTable]:
    """One table per grouping of table `COMPOSITION`: a row per value, number and percentage per set."""
    tables = []
    for grouping, cells in composition.groupby("grouping", sort=False):
        splits = [*SPLITS, "total"]
        head = [("Set" if grouping == "split" else str(grouping)), *[name.capitalize() for name in splits]]
        at = {(r.value, r.split): f"{r.n_cells:,}\n{_percent(r.percent)}" for r in cells.itertuples()}
        values = list(dict.fromkeys(cells["value"]))
        rows = [("cells" if grouping == "split" else value, *[at[value, s] for s in splits]) for value in values]
        of = "all cells" if grouping == "split" else "the cells of the set"
        title = "Cells by set" if grouping == "split" else f"Cells by set and {grouping}"
        levels = " Low and high: one standard deviation from the mean or more." if grouping == LEVEL else ""
        note = f"Number of cells, and percentage of {of}.{levels}"
        folded = len(rows) > LONG_TABLE
        tables.append(PageTable(title=title, file=file, head=head, rows=rows, note=note, folded=folded))
    return tables


def _percent(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2f} %"


def normalization_rows(normalization: pd.DataFrame, *, file: str) -> PageTable:
    """Table `NORMALIZATION`, folded."""
    percentile = normalization["percentile"].iloc[0] if len(normalization) else math.nan
    head = ("Channel", "Measured pixels", f"Percentile {percentile:g}", "Mean", "SD", "Cut above", "Shift", "Scale")
    columns = ("upper", "mean", "std", "clip", "shift", "scale")
    rows = [
        (row["channel"], f"{row['n_px']:,}", *[_bound(row[name]) for name in columns])
        for row in normalization.to_dict("records")
    ]
    note = (
        "From the measured pixels of the training cells, background subtracted, intensity units. A model sees "
        "(min(intensity, cut) − shift) / scale."
    )
    title = f"Normalization of the {len(rows)} channels"
    return PageTable(title=title, file=file, head=head, rows=rows, note=note, folded=True)


def _bound(value: float) -> str:
    return "no cut" if math.isinf(value) else number(value)
