"""Objects that are the peaks of a texture: as smooth, the brighter the larger they are, with lower ones left out."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.segmentation.grids import Grid, quantile_of_parts

__all__ = ["Peaks", "are_of_texture", "peaks_of"]

_GRID = Grid(2)
# So many objects say how height follows size.
_LEAST_OBJECTS = 10
# In diameters: the blur that leaves edges, and that of bumps as wide as the objects.
_EDGE_BLUR, _BUMP_BLUR, _AROUND = 0.05, 0.2, 1.0
# A bump stands out by this share of the objects' height, and by so many standard deviations of the noise.
_LEAST_BUMP, _SIGNIFICANT = 0.15, 6.0
# Peaks of drawn normal textures that were clipped at 0, 0.5 or 1 standard deviation, or squared, rise by their height
# within a third of their diameter (2.3 to 3.1 times in one), where a disc of 20 px at a blur of 2 px rises 4 times in
# one. Their height follows their area, since both are what exceeds a level: a correlation of the logarithms of 0.55 and
# more in two thirds of the textures. They have all heights from the level on, with a standard deviation of the
# logarithm of 0.4 to 0.7; more is of two populations, less of objects alike, as nuclei are.
_GENTLE, _FOLLOWS, _SPREAD = 3.1, 0.55, (0.4, 0.75)
# Bumps as wide as the objects that are none of them: a quarter as many, and so many at least.
_LEFT_OUT, _LEAST_LEFT_OUT = 0.25, 10
_LEAST_OFF, _MAD = 0.02, 1.4826

_Labels = NDArray[np.integer]
_Values = NDArray[np.float32]


@dataclass(frozen=True)
class Peaks:
    """How objects rise from their background.

    Attributes
    ----------
    rise : float
        Steepest slope near the edge times the diameter, over the height: median of the objects.
    follows : float
        Correlation of the logarithms of height and area.
    spread : float
        Robust standard deviation of the logarithm of height.
    n_bumps, n_left_out : int
        Tops of the stain as wide as the objects, in objects and outside of them.
    n_objects : int
    """

    rise: float
    follows: float
    spread: float
    n_bumps: int
    n_left_out: int
    n_objects: int


def are_of_texture(peaks: Peaks) -> bool:
    """Whether objects have gentle edges and heights that follow their sizes, or a quarter as many bumps were left out.

    A field of smooth bright blobs on an even background, of widely different brightness, looks the same.
    """
    is_gentle = peaks.rise < _GENTLE and peaks.follows > _FOLLOWS and _SPREAD[0] < peaks.spread < _SPREAD[1]
    is_left_out = peaks.n_left_out >= max(_LEAST_LEFT_OUT, _LEFT_OUT * peaks.n_bumps)
    return peaks.n_objects >= _LEAST_OBJECTS and (is_gentle or is_left_out)


def peaks_of(labels: _Labels, stain: _Values) -> Peaks:
    """Measure them.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background.
    stain : (Y, X) float32
        In units of a pixel's noise.

    Returns
    -------
    Peaks
        Nothing but the number of objects where these are fewer than 10 or hardly any background lies between them.
    """
    n_px = np.bincount(labels.ravel())[1:]
    n_objects, off = int(np.count_nonzero(n_px)), labels == 0
    if n_objects < _LEAST_OBJECTS or off.mean() < _LEAST_OFF:
        return Peaks(np.inf, 0.0, 0.0, 0, 0, n_objects)
    diameter = float(2 * np.sqrt(np.median(n_px[n_px > 0]) / np.pi))
    smooth = _GRID.blurred(stain, max(1.0, _EDGE_BLUR * diameter))
    weight = (_GRID.distance(off) > 2).astype(np.float32)
    middle = np.float32(np.median(smooth[off]))
    around = _GRID.blurred((smooth - middle) * weight, _AROUND * diameter)
    around /= _GRID.blurred(weight, _AROUND * diameter) + np.float32(1e-3)
    height = quantile_of_parts(smooth - middle - around, labels, quantile=0.95)[1:]
    slope = _slope_at_edge(smooth, labels, n=len(n_px))
    known = (n_px > 0) & (height > 0) & (slope > 0)
    if known.sum() < _LEAST_OBJECTS:
        return Peaks(np.inf, 0.0, 0.0, 0, 0, n_objects)
    logs, sizes = np.log(height[known]), np.log(n_px[known])
    is_constant = np.ptp(logs) == 0 or np.ptp(sizes) == 0
    n_inside, n_outside = _bumps(labels, stain, diameter_px=diameter)
    return Peaks(
        rise=float(np.median(slope[known] * 2 * np.sqrt(n_px[known] / np.pi) / height[known])),
        follows=0.0 if is_constant else float(np.corrcoef(logs, sizes)[0, 1]),
        spread=_MAD * float(np.median(np.abs(logs - np.median(logs)))),
        n_bumps=n_inside,
        n_left_out=n_outside,
        n_objects=n_objects,
    )


def _slope_at_edge(smooth: _Values, labels: _Labels, *, n: int) -> NDArray[np.float64]:
    """(n,) of each object the median of the steepest slope within 2 px, over the 2 px inside of its edge."""
    rows, columns = np.gradient(smooth)
    steepest = cv2.dilate(np.hypot(rows, columns).astype(np.float32), np.ones((5, 5), np.uint8))
    edge = np.where(_GRID.distance(labels > 0) <= 2.0, labels, 0)
    found = quantile_of_parts(steepest, edge, quantile=0.5)[1:]
    return np.pad(found, (0, n - len(found)))


def _bumps(labels: _Labels, stain: _Values, *, diameter_px: float) -> tuple[int, int]:
    """Tops of the stain, blurred by a fifth of a diameter, in objects and outside of them."""
    from skimage.morphology import reconstruction

    blur = max(1.0, _BUMP_BLUR * diameter_px)
    step = max(1, int(blur / 2))
    smooth, own = _GRID.blurred(stain, blur)[::step, ::step], labels[::step, ::step]
    is_object = own > 0
    if not is_object.any() or is_object.all():
        return 0, 0
    excess = smooth - np.float32(np.median(smooth[~is_object]))
    heights = quantile_of_parts(np.ascontiguousarray(excess), np.ascontiguousarray(own), quantile=0.9)[1:]
    usual = float(np.median(heights[heights > 0])) if (heights > 0).any() else 0.0
    least = np.float32(max(_LEAST_BUMP * usual, _SIGNIFICANT / (2 * np.sqrt(np.pi) * blur)))
    above = excess - reconstruction(excess - least, excess)
    tops, n_tops = ndimage.label(above >= 0.999 * least, structure=np.ones((3, 3)))
    inside = np.asarray(ndimage.maximum(is_object, tops, np.arange(1, n_tops + 1)), dtype=bool)
    return int(inside.sum()), int((~inside).sum())
