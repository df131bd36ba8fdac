"""The detection that the marks of an image make."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.spots.crowding import Crowding, crowding
from wellspring.spots.detection import Detection, response_and_noise
from wellspring.spots.enhanced.task import least_mark_of
from wellspring.spots.filters import axis_sigmas
from wellspring.spots.tables import SPOT_CURVE
from wellspring.spots.threshold import Threshold, no_threshold

__all__ = ["KEPT", "METHOD", "detection_of_marks"]

METHOD = "enhanced"
KEPT = 0.75
"""Marks are kept down to this share of the least height, for the curve of counts and how stable the count is."""
_CURVE_POINTS, _STEP = 50, 0.1
# Marks with less than so many times the noise have no evidence of their own; a share is taken of so many marks.
_CLEAR, _FEW = 3.0, 20


def detection_of_marks(
    image: NDArray[np.generic], marks: pd.DataFrame, *, sigma_px: float | Sequence[float]
) -> Detection:
    """What the marks of an image say, in the form of `detect_with_threshold`.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    marks
        Rows of `WELL_SPOT_MARKS` of this image.
    sigma_px
        As in `detect_spots`.

    Returns
    -------
    Detection
        The threshold is the least height of a mark; how many marks noise alone would have is not known. The noise, and
        so the crowding, is that of the image.
    """
    n_axes, least = image.ndim, least_mark_of(image.shape)
    heights = marks["mark"].to_numpy(dtype=np.float64)
    axes = [name for name in ("z_px", "y_px", "x_px")[-n_axes:] if name in marks]
    spots = marks[heights >= least].drop(columns=["plate", "well", "site", "channel", "mark"]).reset_index(drop=True)
    if n_axes == 2:
        spots = spots.drop(columns="z_px", errors="ignore")
    if image.size == 0 or image.min() == image.max():
        return Detection(spots.iloc[:0], no_threshold(METHOD), Crowding(n_axes=n_axes))
    grid = np.linspace(KEPT * least, 1.0, _CURVE_POINTS)
    curve = pd.DataFrame({"threshold": grid, "n_spots": _counts(heights, grid)})[SPOT_CURVE.names]
    below, here, above = _counts(heights, least * np.array([1 - _STEP, 1.0, 1 + _STEP])).tolist()
    threshold = Threshold(METHOD, least, 0.0, curve, here, below, above, float("nan"))
    sigmas = axis_sigmas(sigma_px, n_axes=n_axes)
    is_plane = n_axes == 3 and len(image) == 1
    *_, noise = response_and_noise(image[0] if is_plane else image, sigma_px=sigmas[1:] if is_plane else sigmas)
    points = np.rint(spots[axes[1:] if is_plane else axes].to_numpy()).astype(np.int64)
    is_faint = spots["response"].to_numpy() < _CLEAR * noise.at(points)
    return Detection(
        spots,
        threshold,
        crowding(points, noise, sigma_px=sigmas[-points.shape[1] :]),
        in_noise=float(is_faint.mean()) if len(spots) >= _FEW else 0.0,
    )


def _counts(heights: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.int64]:
    """Marks of each level or higher."""
    return np.asarray(len(heights) - np.searchsorted(np.sort(heights), levels, side="left"), dtype=np.int64)
