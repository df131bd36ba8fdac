"""Where the MTOC of a cell is: the brightest compact blob near the nucleus, with how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.errors import InputError

__all__ = ["Mtoc", "find_mtoc"]

# A second blob within so many sigmas belongs to the same centrosome: two centrioles side by side.
_SAME = 4.0
# Least response of a blob in robust standard deviations of the cell's pixels.
_LEAST_SNR = 5.0
_TO_SD = 1.4826


@dataclass(frozen=True)
class Mtoc:
    """An MTOC, or none.

    Attributes
    ----------
    position : (2,) float64, or None
        y, x in px; None where nothing is found, or look-alikes are too like it.
    confidence : float
        1 less the response of the strongest other blob of the cell over that of this one: 0 where another is as
        strong, 1 where there is no other.
    """

    position: NDArray[np.float64] | None
    confidence: float


def find_mtoc(
    image: NDArray[np.floating | np.integer],
    cell: NDArray[np.bool_],
    nucleus: NDArray[np.bool_],
    *,
    sigma_px: float,
    within_px: float,
    min_confidence: float,
) -> Mtoc:
    """The brightest compact blob of a cell at its nucleus.

    Blobs are maxima of the scale-normalised Laplacian of Gaussian at `sigma_px` that respond less at twice that scale,
    as blobs with a standard deviation of up to √2 `sigma_px` do: larger ones, such as a Golgi, do not count.

    Parameters
    ----------
    image : (Y, X) float or int
        Channel that shows the MTOC; of a stack its projection.
    cell, nucleus : (Y, X) bool
        Of one cell. An MTOC may lie above the nucleus.
    sigma_px
        Standard deviation of the blob, px.
    within_px
        How far from the edge of the nucleus it may be, px.
    min_confidence
        Below it no position is given, 0 to 1.

    Returns
    -------
    Mtoc
        Without a position in a cell without a nucleus, in an even or noisy one, and where a blob of similar strength
        lies anywhere in the cell; two that are nearer to each other than 4 `sigma_px` are one.

    Raises
    ------
    ValueError
        When shapes differ.
    """
    if not image.shape == cell.shape == nucleus.shape:
        raise InputError(f"MTOC: expected an image and masks of one shape, got {image.shape}, {cell.shape}.")
    inside = cell & nucleus
    if not inside.any():
        return Mtoc(None, 0.0)
    values = np.asarray(image, dtype=np.float64)
    # Outside of the cell there may be others, whose blobs must not reach into it.
    values = np.where(cell, values, np.median(values[cell]))
    response, wide = (-(s**2) * ndimage.gaussian_laplace(values, s) for s in (sigma_px, 2 * sigma_px))
    core = ndimage.binary_erosion(cell, iterations=max(1, round(sigma_px)))
    peaks = core & (response == ndimage.maximum_filter(response, size=3)) & (response > 0) & (response >= wide)
    rows, columns = np.nonzero(peaks)
    if not len(rows):
        return Mtoc(None, 0.0)
    strength = response[rows, columns]
    far = ndimage.distance_transform_edt(~inside)[rows, columns]
    near = np.flatnonzero(far <= within_px)
    own = response[core]
    spread = _TO_SD * float(np.median(np.abs(own - np.median(own))))
    if not len(near) or strength[near].max() < _LEAST_SNR * spread:
        return Mtoc(None, 0.0)
    best = int(near[np.argmax(strength[near])])
    apart = np.hypot(rows - rows[best], columns - columns[best])
    others = strength[apart > _SAME * sigma_px]
    confidence = float(np.clip(1 - others.max(initial=0.0) / strength[best], 0, 1))
    if confidence < min_confidence:
        return Mtoc(None, confidence)
    same = apart <= _SAME * sigma_px
    weights = np.where(strength[same] > 0.5 * strength[best], strength[same], 0.0)
    position = np.array([(weights * rows[same]).sum(), (weights * columns[same]).sum()]) / weights.sum()
    return Mtoc(position, confidence)
