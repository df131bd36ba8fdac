"""Which nuclei look like several: too large, too concave, or with a dip of the stain across them."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.labels import touches_border
from wellspring.segmentation.tables import NUCLEI
from wellspring.segmentation.watershed import split_by_tops
from wellspring.tables import check_table

if TYPE_CHECKING:
    from wellspring.segmentation.nuclei import Nuclei

__all__ = ["describe_each", "looks_like_several", "solidities", "tops_within"]

_GRID = Grid(2)
# No nucleus in G2 has more than twice the area of the median one.
_LARGE = 2.0
# Two discs whose centres are 1.5 radii apart have a solidity of 0.95 and 1.9 times the area of one; pairs of small
# nuclei have less. Smaller ones are bent, or have a neighbour that dents them.
_CONCAVE, _LARGER = 0.95, 1.25
# A dip counts from a tenth of the height on, as in splitting, between tops that hold a quarter of the nucleus each, in
# the stain blurred by an eighth of a diameter: texture is finer.
_DIP, _LEAST_PART, _BLUR = 0.1, 0.25, 0.125
# So many nuclei with one top say how large a single nucleus is. Nucleoli make dips too: of drawn nuclei with dark ones
# 45 % have two tops, of pairs of them 30 %. So the two are of two nuclei only where the whole is concave, or larger
# than a single one by as much as a concave one must be.
_FEW_SINGLE = 5
# Sizes are out of bounds when they are off the median by more than this factor.
_SIZE_FACTOR = 4.0


def describe_each(found: "Nuclei") -> pd.DataFrame:
    """One row per nucleus: table `NUCLEI`, by label.

    Parameters
    ----------
    found
        From `wellspring.segmentation.nuclei.nuclei_of_image`, in 2D.
    """
    labels = found.labels
    n_px = np.bincount(labels.ravel(), minlength=1)[1:]
    is_border = touches_border(labels) if len(n_px) else np.zeros(0, dtype=bool)
    solidity = solidities(labels)[1:]
    n_tops = tops_within(labels, found.view.image)[1:]
    inside = n_px[~is_border]
    middle = float(np.median(inside)) if len(inside) else float("nan")
    single = n_px[~is_border & (n_tops == 1)]
    least_px = _LARGER * float(np.median(single)) if len(single) >= _FEW_SINGLE else 0.0
    frame = pd.DataFrame(
        {
            "label_in_site": np.arange(1, len(n_px) + 1),
            "nucleus_px": n_px,
            "solidity": solidity,
            "n_tops": n_tops,
            "is_border_nucleus": is_border,
            "is_nucleus_size_out": (n_px < middle / _SIZE_FACTOR) | (n_px > middle * _SIZE_FACTOR),
            "is_nucleus_of_several": looks_like_several(n_px, solidity, n_tops, middle=middle, least_px=least_px),
        }
    )
    return check_table(frame, NUCLEI, source="describe_each")


def looks_like_several(
    n_px: NDArray[np.integer],
    solidity: NDArray[np.floating],
    n_tops: NDArray[np.integer],
    *,
    middle: float,
    least_px: float = 0.0,
) -> NDArray[np.bool_]:
    """(n,) whether each nucleus may be two or more.

    It has more than twice the area of the `middle` one; or more than 1.25 times and a solidity below 0.95; or two tops
    with a dip of a tenth between them, and a solidity below 0.95 or more than `least_px`.
    """
    is_concave = solidity < _CONCAVE
    has_dip = (n_tops > 1) & (is_concave | (n_px > least_px))
    return np.asarray((n_px > _LARGE * middle) | (is_concave & (n_px > _LARGER * middle)) | has_dip)


def solidities(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """(labels.max() + 1,) float64: by label, pixels over those of the convex hull; 1 without pixels.

    The hull is that of the pixels' centres. By Pick's theorem it has as many pixels as its area, half of the pixels'
    centres on its outline, and one; a digital disc has a solidity of 1.
    """
    from scipy import ndimage

    found = np.ones(int(labels.max(initial=0)) + 1)
    for label, window in enumerate(ndimage.find_objects(labels.astype(np.int32)), 1):
        if window is None:
            continue
        own = labels[window] == label
        row, column = np.nonzero(own)
        hull = cv2.convexHull(np.stack([column, row], axis=1).astype(np.int32))[:, 0]
        steps = np.abs(hull - np.roll(hull, 1, axis=0))
        n_on_outline = int(np.gcd(steps[:, 0], steps[:, 1]).sum())
        found[label] = min(1.0, len(row) / (cv2.contourArea(hull) + n_on_outline / 2 + 1))
    return found


def tops_within(labels: NDArray[np.integer], stain: NDArray[np.floating]) -> NDArray[np.int64]:
    """(labels.max() + 1,) int64: by label, tops of the stain with a dip of a tenth of its height between them.

    Tops that hold less than a quarter of the nucleus do not count. 0 for the background and labels without pixels, at
    least 1 for all others.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background.
    stain : (Y, X) float
        In any unit; the median outside of all nuclei is the background.
    """
    n_px = np.bincount(labels.ravel(), minlength=1)
    found = (n_px > 0).astype(np.int64)
    found[0] = 0
    if not found.any():
        return found
    diameter = float(2 * np.sqrt(np.median(n_px[1:][n_px[1:] > 0]) / np.pi))
    is_background = labels == 0
    smooth = _GRID.blurred(stain.astype(np.float32), max(1.0, _BLUR * diameter))
    smooth = smooth - np.float32(np.median(smooth[is_background]) if is_background.any() else smooth.min())
    height = np.maximum(quantile_of_parts(smooth, labels, quantile=0.9), 1e-6).astype(np.float32)
    # Pixels of one side of each border are left out, so that no top reaches from one nucleus into the next.
    inner = _GRID.depth(labels) > 0
    tops = split_by_tops(smooth / height[labels], mask=inner, depth=_DIP)
    owner = np.zeros(int(tops.max(initial=0)) + 1, dtype=np.int64)
    owner[tops[inner]] = labels[inner]
    sizes, total = np.bincount(tops.ravel(), minlength=len(owner)), np.bincount(labels[inner], minlength=len(found))
    is_large = (sizes > 0) & (sizes >= _LEAST_PART * total[owner])
    is_large[0] = False
    return np.maximum(found, np.bincount(owner[is_large], minlength=len(found)))
