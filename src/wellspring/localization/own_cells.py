"""The study's own cells, as landscapes to simulate molecules in."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wellspring.errors import InputError
from wellspring.localization.cells import CellShape, matched_cells
from wellspring.localization.job import site_outlines
from wellspring.localization.scales import pixel_sizes
from wellspring.localization.tables_job import read_shapes
from wellspring.raw.index import read_index
from wellspring.segmentation.labels import read_labels, touches_border

__all__ = ["own_cells"]

_FEWEST = 10


def own_cells(
    cells: Sequence[Path],
    nuclei: Sequence[Path],
    indexes: Sequence[Path],
    *,
    spacing_um: Sequence[float] | None,
    most: int,
) -> list[CellShape]:
    """Up to `most` cells with a nucleus that touch no edge of their image, evenly taken from all wells.

    Parameters
    ----------
    cells, nuclei, indexes
        Label files and index of each well, in one order; of wells of tables the indexes alone.

    Raises
    ------
    ValueError
        When there are fewer than 10 such cells.
    """
    found: list[CellShape] = []
    if not cells:
        for index_file in indexes:
            shapes, _ = read_shapes(read_index(index_file), area_um2=(0.0, float("inf")))
            found += [one for one in shapes if one.nuclei]
    for cell_file, nucleus_file, index_file in zip(cells, nuclei, indexes if cells else (), strict=True):
        cell_labels, nucleus_labels = read_labels(cell_file), read_labels(nucleus_file)
        index = read_index(index_file)
        sizes = pixel_sizes(index.sites, index.site_sizes_um, spacing_um=spacing_um)
        for site in cell_labels:
            labels = cell_labels[site]
            if not labels.any():
                continue
            cut = set(np.flatnonzero(touches_border(labels)) + 1)
            shapes, _ = matched_cells(site_outlines(labels, nucleus_labels[site], pixel_um=sizes[site][0]))
            found += [one for one in shapes if one.nuclei and int(one.name) not in cut]
    if len(found) < _FEWEST:
        raise InputError(
            f"localization.landscapes: own, components: expected {_FEWEST} whole cells with a nucleus or more, found "
            f"{len(found)}. Set it to drawn."
        )
    return found[:: max(len(found) // most, 1)][:most]
