"""Spots of a cell by its light: integrated intensity over that of a single spot."""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.filters import blurred
from wellspring.spots.measures import median_of_pixels

__all__ = ["spots_by_light"]

# Without enough background between the cells, the darkest of what is left after a blur.
_LEAST_SHARE, _DARKEST, _APART_SIGMAS = 0.05, 0.01, 5.0


def spots_by_light(
    image: NDArray[np.generic],
    cells: NDArray[np.integer],
    *,
    cell_ids: Sequence[int],
    light: float,
    sigma_px: Sequence[float],
) -> pd.Series:
    """Integrated intensity of each cell above the background, over the light of one spot.

    As for highly expressed genes, whose molecules cannot be told apart (Raj et al., PLoS Biol. 4, 2006). All light
    counts, autofluorescence too: compare with the same number of cells without the probe.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    cells : (Y, X) or (Z, Y, X) int
        Labels, 0 = background. Labels of a plane hold for all planes of a stack.
    cell_ids
        Of which cells.
    light : float
        Of one spot, summed intensity (`Decomposition.light`).
    sigma_px
        Size of a spot per axis, px.

    Returns
    -------
    (n cells,) float64
        Named n_by_light. NaN where the light of one spot is not known (0). The background of each plane is its median 5
        sigma and more from all cells, or, where that is less than a 20th of it, its darkest 100th after a blur.
    """
    ids = np.asarray(cell_ids, dtype=np.int64)
    if light <= 0 or len(ids) == 0:
        return pd.Series(np.full(len(ids), np.nan), name="n_by_light")
    stack = image if image.ndim == 3 else image[None]
    planes = cells if cells.ndim == 3 else cells[None]
    far = [_is_far(own, sigma_px=sigma_px[-2:]) for own in planes]
    total = np.zeros(int(max(ids.max(), cells.max())) + 1)
    for number, own in enumerate(planes):
        # Labels of a plane hold for all: these are summed first.
        group = stack if len(planes) == 1 else stack[number : number + 1]
        background = sum(_background(plane, own, far[number], sigma_px=sigma_px[-2:]) for plane in group)
        light_here = group.sum(axis=0, dtype=np.float64).reshape(-1) - background
        total += np.bincount(own.reshape(-1), weights=light_here, minlength=len(total))
    return pd.Series(total[ids] / light, name="n_by_light")


def _is_far(cells: NDArray[np.integer], *, sigma_px: Sequence[float]) -> NDArray[np.bool_]:
    """Whether each pixel of a plane lies far from all cells."""
    if not cells.any():
        return np.ones(cells.shape, dtype=bool)
    if sigma_px[0] == sigma_px[1]:
        # Exact, too, in a fifth of the time.
        distance = cv2.distanceTransform((cells == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.asarray(distance > _APART_SIGMAS * sigma_px[0])
    return np.asarray(ndimage.distance_transform_edt(cells == 0, sampling=[1 / s for s in sigma_px]) > _APART_SIGMAS)


def _background(
    plane: NDArray[np.generic], cells: NDArray[np.integer], far: NDArray[np.bool_], *, sigma_px: Sequence[float]
) -> float:
    """Background of a plane: median far from the cells, or its darkest hundredth."""
    if not cells.any() or far.mean() > _LEAST_SHARE:
        return median_of_pixels(plane[far])
    return float(np.quantile(blurred(plane, sigma_px=sigma_px), _DARKEST))
