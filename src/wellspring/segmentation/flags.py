"""What to distrust among nuclei and cells: flagged object by object, and counted; nothing is dropped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.checks import check_labels
from wellspring.segmentation.grids import Grid
from wellspring.segmentation.labels import touches_border
from wellspring.segmentation.tables import SEGMENTED, SEGMENTED_COUNTS
from wellspring.tables import check_table

if TYPE_CHECKING:
    from wellspring.segmentation.cell_doubts import CellDoubts

__all__ = ["cells_without_nucleus", "count_flags", "describe_objects", "numbered_objects"]

# A size is out of bounds when it is off the median by more than this factor: twice the diameter, or half of it.
_SIZE_FACTOR = 4.0
_Bounds = tuple[float, float] | None


def cells_without_nucleus(
    mask: NDArray[np.bool_], cells: NDArray[np.integer], *, min_px: float | None = None
) -> NDArray[np.uint32]:
    """Label the objects of a cell mask that belong to no cell.

    Parameters
    ----------
    mask : (Y, X) bool
        Where there is cell stain, from `cell_mask`.
    cells : (Y, X) int
        From `segment_cells`; 0 = background.
    min_px
        Smaller objects are specks. None: a quarter of the median cell, or 1 without cells.

    Returns
    -------
    (Y, X) uint32
        Numbered from cells.max() + 1 on.

    Raises
    ------
    ValueError
        When the shapes differ, the mask is not bool, or labels are not integers of 0 or more.
    """
    if mask.shape != cells.shape:
        raise InputError(f"mask: expected the shape of the cells, {cells.shape}, got {mask.shape}.")
    if mask.dtype != np.bool_:
        raise InputError(
            f"mask: expected bool, True where there is stain, got {mask.dtype}. Compare it with a threshold."
        )
    check_labels(cells, name="cells", shape=cells.shape)
    sizes = np.bincount(cells.ravel())[1:]
    if min_px is None:
        min_px = float(np.median(sizes[sizes > 0])) / _SIZE_FACTOR if sizes.any() else 1.0
    parts, n_px = Grid(2).objects(mask & (cells == 0))
    is_cell = n_px >= min_px
    is_cell[0] = False
    # What touches a cell is a part that the cell's borders left over, not a cell of its own.
    touches = np.zeros(len(n_px), dtype=bool)
    for axis in (0, 1):
        part, cell = np.moveaxis(parts, axis, 0), np.moveaxis(cells, axis, 0)
        touches[part[1:][cell[:-1] > 0]] = True
        touches[part[:-1][cell[1:] > 0]] = True
    is_cell &= ~touches
    number = np.zeros(len(n_px), dtype=np.uint32)
    number[is_cell] = int(cells.max(initial=0)) + 1 + np.arange(int(is_cell.sum()))
    return number[parts]


def describe_objects(
    nuclei: NDArray[np.integer],
    cells: NDArray[np.integer],
    mask: NDArray[np.bool_] | None = None,
    *,
    nucleus_bounds_px: _Bounds = None,
    cell_bounds_px: _Bounds = None,
    doubts: "CellDoubts | None" = None,
    is_of_several: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """One row per nucleus, and per cell without one, with flags.

    Parameters
    ----------
    nuclei, cells : (Y, X) int
        Labels, 0 = background; a cell has its nucleus' label.
    mask : (Y, X) bool, optional
        Where there is cell stain. Without it (cells by expansion), every nucleus has a cell, every cell a nucleus.
    nucleus_bounds_px, cell_bounds_px
        Least and greatest plausible size, px. None: a quarter and four times the median of those off the border.
    doubts
        Of this image, from `doubts_of`; None where the method knows none.
    is_of_several : (nuclei.max() + 1,) bool, optional
        By label, whether the nucleus looks like several (`describe_each`). None: by size and shape alone.

    Returns
    -------
    DataFrame
        Columns of `SEGMENTED`, by label. Empty without objects.

    Raises
    ------
    ValueError
        When shapes differ, labels are not integers of 0 or more, or bounds are not ascending.
    """
    if nuclei.shape != cells.shape:
        raise InputError(f"cells: expected the shape of the nuclei, {nuclei.shape}, got {cells.shape}.")
    check_labels(nuclei, name="nuclei", shape=nuclei.shape)
    check_labels(cells, name="cells", shape=cells.shape)
    for name, bounds in (("nucleus_bounds_px", nucleus_bounds_px), ("cell_bounds_px", cell_bounds_px)):
        if bounds is not None and not 0 <= bounds[0] <= bounds[1]:
            raise InputError(f"{name}: expected a least and a greatest size, 0 or more, got {bounds}.")
    whole = cells
    if mask is not None:
        orphans = cells_without_nucleus(mask, cells)
        whole = np.where(orphans > 0, orphans, cells)
    n_labels = max(int(nuclei.max(initial=0)), int(whole.max(initial=0))) + 1
    nucleus_px, cell_px = (np.bincount(labels.ravel(), minlength=n_labels) for labels in (nuclei, whole))
    stained_px = nucleus_px if mask is None else np.bincount(nuclei[mask].ravel(), minlength=n_labels)
    frame = pd.DataFrame(
        {
            "label_in_site": np.arange(n_labels),
            "has_nucleus": nucleus_px > 0,
            "has_cell": 2 * stained_px >= nucleus_px,
            "nucleus_px": nucleus_px,
            "cell_px": cell_px,
            "is_border_nucleus": _on_border(nuclei, n_labels=n_labels),
            "is_border_cell": _on_border(whole, n_labels=n_labels),
        }
    )
    frame = frame[(frame["label_in_site"] > 0) & (frame["nucleus_px"] + frame["cell_px"] > 0)].reset_index(drop=True)
    known = frame["has_nucleus"]
    frame["is_nucleus_size_out"] = known & _is_out(
        frame["nucleus_px"], inside=known & ~frame["is_border_nucleus"], bounds=nucleus_bounds_px
    )
    frame["is_cell_size_out"] = _is_out(
        frame["cell_px"], inside=known & ~frame["is_border_cell"], bounds=cell_bounds_px
    )
    several = _is_of_several(nuclei, frame) if is_of_several is None else _by_label(is_of_several, frame)
    frame = _with_doubts(frame, whole, nuclei, doubts=doubts).assign(is_nucleus_of_several=several)
    return check_table(frame, SEGMENTED, source="describe_objects")


def _by_label(flags: NDArray[np.bool_], frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Of each row; those of labels beyond the flags, cells without nucleus, are False."""
    labels = frame["label_in_site"].to_numpy()
    return np.asarray((labels < len(flags)) & flags[np.minimum(labels, len(flags) - 1)])


def _is_of_several(nuclei: NDArray[np.integer], frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Of each row, whether its nucleus looks like several by size and shape alone."""
    from wellspring.segmentation.nucleus_doubts import looks_like_several, solidities

    known = frame["has_nucleus"].to_numpy()
    inside = known & ~frame["is_border_nucleus"].to_numpy()
    middle = float(np.median(frame["nucleus_px"][inside])) if inside.any() else float("nan")
    solidity = np.ones(len(frame))
    solidity[known] = solidities(nuclei)[frame["label_in_site"][known]]
    n_px = frame["nucleus_px"].to_numpy()
    return np.asarray(known & looks_like_several(n_px, solidity, np.ones(len(frame), dtype=np.int64), middle=middle))


def numbered_objects(sites: Sequence[pd.DataFrame], *, are_all_labelled: bool = False) -> pd.DataFrame:
    """The objects of all sites of a well, one below the other, with their key in the well.

    Parameters
    ----------
    sites
        Table `SEGMENTED` of each site, at least one, in the order in which the well's sites are read.
    are_all_labelled
        Cells without nucleus are in the label images too, as given cells are: they count as the others.

    Returns
    -------
    DataFrame
        With the column ``object_id`` (int64): the label plus the largest label of a nucleus of each site before, as the
        stages that read the labels have it. Cells without nucleus, which are in no label image, follow after the last.
    """
    found, last = [], 0
    for objects in sites:
        labels = objects["label_in_site"].to_numpy(dtype=np.int64)
        found.append(objects.assign(object_id=labels + last))
        is_labelled = objects["has_nucleus"].to_numpy(dtype=bool) | are_all_labelled
        last += int(labels[is_labelled].max(initial=0))
    table = pd.concat(found, ignore_index=True)
    if are_all_labelled:
        return table
    is_orphan = ~table["has_nucleus"].to_numpy(dtype=bool)
    table.loc[is_orphan, "object_id"] = last + 1 + np.arange(int(is_orphan.sum()))
    return table


def _with_doubts(
    frame: pd.DataFrame, cells: NDArray[np.integer], nuclei: NDArray[np.integer], *, doubts: "CellDoubts | None"
) -> pd.DataFrame:
    """The frame with the columns that doubts fill; without doubts with those that labels alone give."""
    from wellspring.segmentation import cell_doubts
    from wellspring.segmentation.cell_bodies import has_second_body

    labels, known = frame["label_in_site"].to_numpy(), frame["has_nucleus"].to_numpy()
    n_labels = int(labels.max(initial=0)) + 1
    y_px, x_px = _centres(cells, n_labels=n_labels)
    sizes = frame["cell_px"].to_numpy()
    # A given nucleus in no cell is no neighbour.
    has_cell, is_larger = sizes > 0, np.zeros(len(frame), dtype=bool)
    places = labels[has_cell]
    is_larger[has_cell] = cell_doubts.larger_than_neighbors(y_px[places], x_px[places], sizes[has_cell])
    unseen, share, uncertain = np.zeros(n_labels, dtype=bool), np.zeros(n_labels), np.zeros(n_labels, dtype=np.int64)
    softness = np.zeros(n_labels)
    if doubts is not None:
        softness[: len(doubts.softness)] = doubts.softness
        unseen[: len(doubts.is_unseen)] = doubts.is_unseen
        share[: len(doubts.open_share)] = doubts.open_share
        uncertain = np.bincount(cells[doubts.others > 0].ravel(), minlength=n_labels)
    return frame.assign(
        is_unseen_cell=unseen[labels],
        is_open_cell=share[labels] >= cell_doubts.OPEN_BORDER_SHARE,
        is_larger_than_neighbors=is_larger,
        is_in_full_site=doubts is not None and doubts.covered_share >= cell_doubts.FULL_SHARE,
        open_border_share=share[labels],
        uncertain_px=uncertain[labels].astype(np.int64),
        stain="none" if doubts is None else doubts.stain,
        n_nuclei=known.astype(np.int64),
        nucleus_ids=np.where(known, labels.astype(str), ""),
        is_nucleus_larger=False,
        is_in_pieces=False,
        is_soft_edge=softness[labels] >= cell_doubts.SOFT_EDGE,
        edge_softness=softness[labels],
        is_of_two_bodies=_by_label(has_second_body(cells, nuclei), frame),
    ).astype({"stain": "str", "nucleus_ids": "str"})


def _centres(labels: NDArray[np.integer], *, n_labels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """y and x (px) by label; 0 for labels that do not occur."""
    row, column = np.nonzero(labels)
    owner = labels[row, column].astype(np.int64)
    n_px = np.maximum(np.bincount(owner, minlength=n_labels), 1)
    y, x = (np.bincount(owner, place, minlength=n_labels) / n_px for place in (row, column))
    return y, x


def _on_border(labels: NDArray[np.integer], *, n_labels: int) -> NDArray[np.bool_]:
    """By label, whether it touches the edge of the image."""
    found = np.zeros(n_labels, dtype=bool)
    touches = touches_border(labels)
    found[1 : len(touches) + 1] = touches
    return found


def cells_of_odd_size(objects: pd.DataFrame) -> "pd.Series[bool]":
    """Of each row, whether its cell is off the median of all cells, with and without a nucleus, by a factor of four."""
    has_cell = objects["cell_px"] > 0
    inside = has_cell & ~objects["is_border_cell"]
    return has_cell & _is_out(objects["cell_px"], inside=inside, bounds=None)


def _is_out(sizes: pd.Series, *, inside: pd.Series, bounds: _Bounds) -> pd.Series:
    """Objects cut by the border are no measure of the median, but are held to the bounds."""
    if bounds is None:
        middle = float(sizes[inside].median()) if inside.any() else float("nan")
        # No object off the border: no bounds, and a comparison with NaN is false.
        bounds = middle / _SIZE_FACTOR, middle * _SIZE_FACTOR
    return (sizes < bounds[0]) | (sizes > bounds[1])


def labelled_cells(objects: pd.DataFrame, *, are_all_labelled: bool) -> pd.DataFrame:
    """The rows of `SEGMENTED` that are cells of the label images: no nucleus in no cell.

    `are_all_labelled`: those without a nucleus too, which else are no more than a doubt.
    """
    return objects[(objects["has_nucleus"].astype(bool) | are_all_labelled) & (objects["cell_px"] > 0)]


def count_flags(objects: pd.DataFrame, *, are_all_labelled: bool = False) -> pd.DataFrame:
    """One row that counts the flags of `describe_objects`: the columns of `SEGMENTED_COUNTS`.

    `are_all_labelled`: cells without a nucleus are in the label images too, and count as the others.
    """
    nuclei = objects[objects["has_nucleus"]]
    cells = labelled_cells(objects, are_all_labelled=are_all_labelled)
    counts = {
        "n_nuclei": int(objects["n_nuclei"].sum()),
        "n_without_cell": int((~nuclei["has_cell"]).sum()),
        "n_without_nucleus": int((~objects["has_nucleus"]).sum()),
        "n_border_nuclei": int(nuclei["is_border_nucleus"].sum()),
        "n_border_cells": int(cells["is_border_cell"].sum()),
        "n_nuclei_size_out": int(nuclei["is_nucleus_size_out"].sum()),
        "n_cells_size_out": int(cells["is_cell_size_out"].sum()),
        "n_unseen_cells": int(nuclei["is_unseen_cell"].sum()),
        "n_open_cells": int(nuclei["is_open_cell"].sum()),
        "n_larger_cells": int(objects["is_larger_than_neighbors"].sum()),
        "n_in_full_sites": int(objects["is_in_full_site"].sum()),
        "n_nuclei_of_several": int(nuclei["is_nucleus_of_several"].sum()),
        "n_membrane_stained": int((nuclei["stain"] == "membrane").sum()),
        "n_of_several_nuclei": int((objects["n_nuclei"] > 1).sum()),
        "n_nuclei_larger": int(objects["is_nucleus_larger"].sum()),
        "n_in_pieces": int(objects["is_in_pieces"].sum()),
        "n_soft_edges": int(nuclei["is_soft_edge"].sum()),
        "n_of_two_bodies": int(cells["is_of_two_bodies"].sum()),
    }
    return check_table(pd.DataFrame([counts]), SEGMENTED_COUNTS, source="count_flags")
