"""What to know of the dataset before its models are believed."""

from collections.abc import Mapping, Sequence

import pandas as pd

from wellspring.dataset.report.composition import group_values
from wellspring.dataset.values import same_form, same_forms
from wellspring.report.words import listed, named_wells

__all__ = ["FEW_TEST_CELLS", "dataset_warnings", "filter_warnings"]

# Below these the report warns.
FEW_TEST_CELLS = 50


def filter_warnings(counts: pd.DataFrame) -> list[str]:
    """Wells without cells, and wells that the criteria emptied.

    Parameters
    ----------
    counts
        Table `FILTER_COUNTS`, totals last.
    """
    wells = counts.iloc[:-1]
    nothing = wells[wells["n_cells"] == 0]
    emptied = wells[(wells["n_cells"] > 0) & (wells["n_left"] == 0)]
    found = []
    if len(nothing):
        found.append(
            f"No cells were found in {named_wells(nothing)}. Look at the images and at the segmentation of these wells."
        )
    if len(emptied):
        found.append(
            f"No cells are left in {named_wells(emptied)}. The table of the wells says which criterion removed them; "
            "for wells that dataset.select leaves out on purpose, this is as it should be."
        )
    return found


def dataset_warnings(manifest: pd.DataFrame, *, image_size: int, select: Mapping[str, Sequence[object]]) -> list[str]:
    """A small test set, cells that are larger than the image, and values that were chosen but that no cell has.

    Parameters
    ----------
    manifest
        Table `MANIFEST`.
    image_size
        Side of the image that a model sees, px.
    select
        The values that were chosen, by annotation column; None is a missing value.
    """
    n_test = int((manifest["split"] == "test").sum())
    n_cropped = int(manifest["is_cropped"].sum())
    found = []
    if n_test < FEW_TEST_CELLS:
        found.append(
            f"The test set has {n_test} cells. Below {FEW_TEST_CELLS}, single cells decide the figures: "
            "read the intervals, not the values."
        )
    for column, chosen in select.items():
        there = set(same_forms(manifest, column, parameter="dataset.select"))
        absent = [str(value) for value in chosen if same_form(value) not in there]
        if absent:
            known = sorted(set(group_values(manifest, column)))
            found.append(
                f"No cell of the dataset has {listed(absent)} as its {column}, which dataset.select names; the cells "
                f"have {listed(known)}. Check the config and the sheet for a typo."
            )
    if n_cropped:
        found.append(
            f"{n_cropped:,} of {len(manifest):,} cells ({100 * n_cropped / len(manifest):.1f} %) are larger than the "
            f"image ({image_size} px) and were cropped to their centre. Raise cells.image_size to keep them complete."
        )
    return found
