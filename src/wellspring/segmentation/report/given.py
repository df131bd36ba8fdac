"""What the chapter says of label images that another program made."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wellspring.report.chapter import Section
from wellspring.report.tables import PageColumn, count, page_table
from wellspring.report.words import named_wells
from wellspring.segmentation.doubts import DOUBTS
from wellspring.segmentation.given.doubts import EXCHANGED, OUTSIDE
from wellspring.segmentation.given.files import has_given_cells, has_nuclei

__all__ = ["given_meanings", "given_sections", "given_settings", "given_warnings", "is_given", "not_exchanged"]

_COLUMNS = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("n_nuclei", "Nuclei", count),
    PageColumn("n_cells", "Cells", count),
    PageColumn("n_of_several_nuclei", "Cells with\nseveral nuclei", count),
    PageColumn("n_without_cell", "Nuclei in\nno cell", count),
    PageColumn("n_without_nucleus", "Cells without\nnucleus", count),
    PageColumn("n_nuclei_larger", "Nuclei larger\nthan their cell", count),
    PageColumn("n_in_pieces", "Labels in\npieces", count),
)
# What to do about outlines that another program drew; of ours the report names keys of the config.
_CORRECT = "Check the label images, and correct them in the program that made them"
_TEXT = (
    "Labels are those of the files, which are never changed; a cell keeps its id there, and the column nucleus_ids of "
    "the table of objects has the ids of its nuclei. A nucleus belongs to the cell that holds most of it, if that is "
    "half of it or more. Nuclei of one cell are measured together."
)


def is_given(segmentation: Mapping[str, Any]) -> bool:
    """Whether the block ``segmentation`` takes label images of another program."""
    return bool(segmentation["method"] == "given")


def given_settings(segmentation: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows on where nuclei and cells come from; for `is_given` alone."""
    cells = segmentation["cells"] or {}
    channel = segmentation["nucleus_channel"]
    found = f"found in {channel} as by log_otsu" if channel else "none"
    grown = f"by {cells['method']} from the nuclei" if cells else "none; nuclei alone"
    of_cells = segmentation["pattern"] or grown
    folder = f", in {segmentation['folder']}" if segmentation["folder"] else ""
    return [
        ("Nuclei", f"given, {segmentation['nuclei']}{folder}" if segmentation["nuclei"] else found),
        ("Cells", f"given, {of_cells}{folder}" if segmentation["pattern"] else of_cells),
    ]


def given_sections(table: pd.DataFrame, segmentation: Mapping[str, Any], *, file: str) -> list[Section]:
    """The section on given labels: table `WELL_SEGMENTED_COUNTS` as far as it is about them; none of found ones."""
    if not is_given(segmentation):
        return []
    names = [column for column in _COLUMNS if column.name in table]
    if not has_nuclei(segmentation):
        names = [column for column in names if column.name in ("plate", "well", "n_cells", "n_in_pieces")]
    if not has_given_cells(segmentation):
        # Of cells that grew from the nuclei it counts those with little stain.
        names = [column for column in names if column.name != "n_without_cell"]
    counts = page_table(table, names, title="Given labels by well", file=file)
    return [Section(title="Given labels", text=[_TEXT], parts=[counts])]


def given_meanings(segmentation: Mapping[str, Any]) -> dict[str, str]:
    """Doubts about nuclei, and what they ask for: of `is_given` with the names of the files, and what can be done."""
    if not is_given(segmentation):
        return DOUBTS
    nuclei, cells = segmentation["nuclei"], segmentation["pattern"]
    found = dict(DOUBTS)
    if nuclei:
        # Settings of our own methods change nothing.
        found = {word: f"{meaning.partition('. Check the ')[0]}. {_CORRECT}" for word, meaning in DOUBTS.items()}
    files = f"Check segmentation.pattern, now {cells}, which names the files of cells"
    if nuclei:
        files = f"Check segmentation.nuclei, now {nuclei}, and segmentation.pattern, now {cells}, which names the cells"
    found[EXCHANGED] = f"{DOUBTS[EXCHANGED].partition('; ')[0]}; {_exchanged(files, has_given_nuclei=bool(nuclei))}"
    found[OUTSIDE] = (
        f"{DOUBTS[OUTSIDE].partition('. Check the ')[0]}. {files}: the files may be of different sites, or shifted, or "
        "cells are missing"
    )
    return found


def _exchanged(files: str, *, has_given_nuclei: bool) -> str:
    if has_given_nuclei:
        return f"the label images of nuclei and cells seem to be exchanged. {files}, and exchange the two if so"
    return f"the label images seem to be of nuclei. {files}"


def not_exchanged(table: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """The rows of wells without a site (of `SITE_NUCLEI`) that seems exchanged: of others that is all to be said."""
    exchanged = sites[[EXCHANGED in own.split(", ") for own in sites["doubts"]]]
    keys = set(zip(exchanged["plate"], exchanged["well"], strict=True))
    return table[[key not in keys for key in zip(table["plate"], table["well"], strict=True)]]


def given_warnings(table: pd.DataFrame, segmentation: Mapping[str, Any], *, sites: pd.DataFrame) -> list[str]:
    """Wells whose given labels are odd: in pieces, with nuclei in no cell, or larger than their cells.

    Parameters
    ----------
    table
        Table `WELL_SEGMENTED_COUNTS`, or `WELL_NUCLEUS_COUNTS` where there are no cells.
    segmentation
        The block ``segmentation``.
    sites
        Table `SITE_NUCLEI`; of wells that it doubts to be exchanged, nothing is repeated.
    """
    if not is_given(segmentation) or "n_in_pieces" not in table:
        return []
    in_pieces, others = table[table["n_in_pieces"] > 0], not_exchanged(table, sites)
    larger, outside = others[others["n_nuclei_larger"] > 0], others[others["n_without_cell"] > 0]
    found = []
    if has_given_cells(segmentation) and len(outside):
        n, n_all = int(outside["n_without_cell"].sum()), int(outside["n_nuclei"].sum())
        found.append(
            f"Nuclei in no cell: {n:,} of {n_all:,}, in {named_wells(outside)}. They do not count as cells, and "
            "are left out of means over cells. Look whether cells are missing in the label images."
        )
    if len(in_pieces):
        found.append(
            f"Labels of separate pieces: {int(in_pieces['n_in_pieces'].sum()):,} object(s), in "
            f"{named_wells(in_pieces)}. Each counts as one object; give pieces that are objects ids of their own."
        )
    if len(larger):
        found.append(
            f"Nuclei larger than their cell: {int(larger['n_nuclei_larger'].sum()):,}, in {named_wells(larger)}. Look "
            "whether the label images of nuclei and cells were exchanged."
        )
    return found
