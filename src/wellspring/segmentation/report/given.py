"""What the chapter says of label images that another program made."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wellspring.report.chapter import Section
from wellspring.report.tables import PageColumn, count, page_table
from wellspring.report.words import named_wells

__all__ = ["given_sections", "given_settings", "given_warnings", "is_given"]

_COLUMNS = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("n_nuclei", "Nuclei", count),
    PageColumn("n_of_several_nuclei", "Cells with\nseveral nuclei", count),
    PageColumn("n_without_cell", "Nuclei in\nno cell", count),
    PageColumn("n_without_nucleus", "Cells without\nnucleus", count),
    PageColumn("n_nuclei_larger", "Nuclei larger\nthan their cell", count),
    PageColumn("n_in_pieces", "Labels in\npieces", count),
)
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
    cells = segmentation["cells"]
    channel = segmentation["nucleus_channel"]
    found = f"found in {channel} as by log_otsu" if channel else "none"
    of_cells = segmentation["pattern"] or f"by {cells['method']} from the nuclei"
    folder = f", in {segmentation['folder']}" if segmentation["folder"] else ""
    return [
        ("Nuclei", f"given, {segmentation['nuclei']}{folder}" if segmentation["nuclei"] else found),
        ("Cells", f"given, {of_cells}{folder}" if segmentation["pattern"] else of_cells),
    ]


def given_sections(table: pd.DataFrame, segmentation: Mapping[str, Any], *, file: str) -> list[Section]:
    """The section on given labels: table `WELL_SEGMENTED_COUNTS` as far as it is about them; none of found ones."""
    if not is_given(segmentation):
        return []
    counts = page_table(table, _COLUMNS, title="Given labels by well", file=file)
    return [Section(title="Given labels", text=[_TEXT], parts=[counts])]


def given_warnings(table: pd.DataFrame, segmentation: Mapping[str, Any]) -> list[str]:
    """Wells whose given labels are odd: in pieces, or with nuclei that are larger than their cells."""
    if not is_given(segmentation):
        return []
    in_pieces, larger = table[table["n_in_pieces"] > 0], table[table["n_nuclei_larger"] > 0]
    found = []
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
