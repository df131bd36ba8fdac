"""The cells of one field of view with their flags, by the keys that the config has."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.cells import Expansion, cell_mask, segment_cells
from wellspring.segmentation.flags import describe_objects
from wellspring.segmentation.grids import Grid
from wellspring.segmentation.intensities import in_noise_units
from wellspring.segmentation.methods import cell_method
from wellspring.segmentation.thresholds import has_stain

__all__ = ["cells_of_site", "channel_of"]

# As in `has_stain`: averages about 50 pixels.
_BLUR_PX = 2.0


def channel_of(settings: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The channel that ``segmentation.cells`` names, if any, as a list; and its other keys."""
    others = dict(settings)
    return ([others.pop("channel")] if "channel" in settings else []), others


def cells_of_site(
    image: NDArray[np.number] | None,
    nuclei: NDArray[np.integer],
    *,
    method: str,
    smoothing_sigma_px: float = 1.0,
    n_components: int = 2,
    **settings: float,
) -> tuple[NDArray[np.uint32], pd.DataFrame]:
    """Label the cells of one site and describe every nucleus and cell.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Cell stain; None for ``expansion``, which uses none.
    nuclei : (Y, X) int
        Labels, 0 = background.
    method, settings
        ``segmentation.cells.method`` and the keys that belong to it alone.
    smoothing_sigma_px, n_components
        As in `segment_cells`.

    Returns
    -------
    (Y, X) uint32, DataFrame
        Labels as of `segment_cells`; table as of `describe_objects`. Where the stain shows nothing (`has_stain` says
        so, and nuclei differ from the rest by less than its own spread), every nucleus is its own cell and all are
        flagged as nuclei without a cell.

    Raises
    ------
    ValueError
        As `segment_cells`, and when a method that needs an image has none.
    """
    chosen = cell_method(method, **settings)
    if isinstance(chosen, Expansion):
        cells = segment_cells(np.zeros(nuclei.shape, dtype=np.uint16), nuclei, method=chosen)
        return cells, describe_objects(nuclei, cells)
    if image is None:
        raise InputError(f"segmentation.cells.channel: expected the cell stain, which {method} needs, got none.")
    cells = segment_cells(
        image, nuclei, method=chosen, smoothing_sigma_px=smoothing_sigma_px, n_components=n_components
    )
    if not _is_stained(image, nuclei):
        # The mixture parts noise in two: what it finds in an empty image is no cell.
        own = nuclei.astype(np.uint32)
        return own, describe_objects(nuclei, own, np.zeros(nuclei.shape, dtype=np.bool_))
    mask = cell_mask(image, smoothing_sigma_px=smoothing_sigma_px, n_components=n_components)
    return cells, describe_objects(nuclei, cells, mask)


def _is_stained(image: NDArray[np.number], nuclei: NDArray[np.integer]) -> bool:
    """Whether the image shows stain, or, where that is doubtful, is at least not the same at nuclei and elsewhere."""
    plane = in_noise_units(image.max(axis=0, initial=0) if image.ndim == 3 else image)
    if has_stain(plane, grid=Grid(2)):
        return True
    is_nucleus = nuclei > 0
    if is_nucleus.all() or not is_nucleus.any():
        return False
    smooth = Grid(2).blurred(plane, _BLUR_PX)
    ground = smooth[~is_nucleus]
    level = float(np.median(ground))
    spread = 1.4826 * float(np.median(np.abs(ground - level)))
    return abs(float(np.median(smooth[is_nucleus])) - level) > spread
