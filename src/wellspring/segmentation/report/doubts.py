"""What the chapter says of doubtful nuclei and cells: how many there are by well, and what to do."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wellspring.report.chapter import Section
from wellspring.report.tables import PageColumn, count, page_table
from wellspring.report.words import named_wells
from wellspring.segmentation.cell_doubts import DOUBTS, Doubt
from wellspring.segmentation.given.files import has_given_cells, has_nuclei

__all__ = ["object_doubts", "object_warnings"]

_NOTE = "Number of objects. Nothing is dropped; the table of objects has each doubt as a column."
_COLUMNS = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("n_nuclei", "Nuclei", count),
    PageColumn("n_unseen_cells", "Unstained\nrim", count),
    PageColumn("n_soft_edges", "Soft\nedge", count),
    PageColumn("n_open_cells", "Border\nnot seen", count),
    PageColumn("n_larger_cells", "Larger than\nneighbours", count),
    PageColumn("n_of_two_bodies", "Two\nbodies", count),
    PageColumn("n_in_full_sites", "No background\nin the site", count),
    PageColumn("n_nuclei_of_several", "Nucleus may\nbe several", count),
    PageColumn("n_membrane_stained", "Stained at\nthe membrane", count),
)
_COUNTS = {
    "is_unseen_cell": "n_unseen_cells",
    "is_soft_edge": "n_soft_edges",
    "is_open_cell": "n_open_cells",
    "is_larger_than_neighbors": "n_larger_cells",
    "is_of_two_bodies": "n_of_two_bodies",
    "is_in_full_site": "n_in_full_sites",
    "is_nucleus_of_several": "n_nuclei_of_several",
}
_NO_NUCLEUS = Doubt(
    "has_nucleus",
    "stained like a cell, but without a nucleus, which may not be stained",
    "Look at the outlines. segmentation.cells.unstained: ignore leaves such cells out, or to a neighbour; seed, for "
    "the method own_edge, makes cells of them.",
)
# Of cells that another program labelled: no key of ours changes them.
_CORRECT = "Look at the outlines, and correct the label images in the program that made them if they are wrong."
_GIVEN = {
    "is_of_two_bodies": Doubt(
        "is_of_two_bodies",
        "a part of the cell beyond a neck is as deep as a cell and holds no nucleus, so two cells may be merged",
        _CORRECT,
    ),
    "is_nucleus_of_several": Doubt(
        "is_nucleus_of_several",
        "the nucleus has more than twice the median area, or is concave and larger than most, so it may be two or more",
        _CORRECT,
    ),
    "has_nucleus": Doubt(
        "has_nucleus",
        "cells without a nucleus",
        "They count as cells. Look whether nuclei are missing in the label images.",
    ),
}
# A doubt is a warning in a well where it holds for a tenth of the nuclei and for three at least.
_SHARE, _LEAST = 0.1, 3


def _counted(table: pd.DataFrame, segmentation: Mapping[str, Any]) -> Mapping[str, Doubt]:
    """Column of `table` to the doubt that it counts, of those that it has."""
    replaced = _GIVEN if has_given_cells(segmentation) else {}
    named = {_COUNTS[doubt.column]: replaced.get(doubt.column, doubt) for doubt in DOUBTS}
    return {name: doubt for name, doubt in named.items() if name in table}


def object_warnings(table: pd.DataFrame, segmentation: Mapping[str, Any]) -> list[str]:
    """Wells where a doubt holds for a tenth of the nuclei or more, a sentence for each doubt.

    Parameters
    ----------
    table
        Table `WELL_SEGMENTED_COUNTS` or `WELL_NUCLEUS_COUNTS`.
    segmentation
        The block ``segmentation``: what can be done about cells of another program is another thing.
    """
    found = []
    doubts = dict(_counted(table, segmentation))
    # Where there are to be no nuclei, no cell has one.
    if "n_without_nucleus" in table and has_nuclei(segmentation):
        doubts["n_without_nucleus"] = _GIVEN["has_nucleus"] if has_given_cells(segmentation) else _NO_NUCLEUS
    for name, doubt in doubts.items():
        many = table[(table[name] >= _LEAST) & (table[name] >= _SHARE * table["n_nuclei"])]
        if len(many):
            n = int(many[name].sum())
            found.append(f"{n:,} objects, {doubt.meaning}, in {named_wells(many)}. {doubt.remedy}")
    return found


def object_doubts(table: pd.DataFrame, segmentation: Mapping[str, Any], *, file: str) -> list[Section]:
    """How many objects each doubt is about, and for those that occur what it means and what to do.

    Parameters
    ----------
    table
        Table `WELL_SEGMENTED_COUNTS` or `WELL_NUCLEUS_COUNTS`.
    segmentation
        As of `object_warnings`.
    file
        Where it is.
    """
    found = [doubt for name, doubt in _counted(table, segmentation).items() if table[name].any()]
    stained = int(table["n_membrane_stained"].sum()) if "n_membrane_stained" in table else 0
    if not found and not stained:
        return []
    text = [f"{doubt.column}: {doubt.meaning}. {doubt.remedy}" for doubt in found]
    if stained:
        text.append(
            f"The stain was taken for one of membranes at {stained:,} of {int(table['n_nuclei'].sum()):,} cells."
        )
    what = "cells" if "n_open_cells" in table else "nuclei"
    columns = [column for column in _COLUMNS if column.name in table]
    counts = page_table(table, columns, title=f"Doubts about {what} by well", file=file, note=_NOTE)
    return [Section(title=f"Doubts about {what}", text=text, parts=[counts])]
