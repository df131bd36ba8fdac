"""Which pixels are stained: a threshold of the log intensity, by Otsu's rule in two or more classes, or locally."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.checks import check_count, check_number
from wellspring.segmentation.grids import Grid
from wellspring.segmentation.intensities import log_scale

__all__ = [
    "LocalMidpoint",
    "MultiOtsu",
    "Otsu",
    "Threshold",
    "has_stain",
    "histogram",
    "stain_threshold",
]

# Least distance of the threshold from the background, in robust standard deviations of the background class.
_LEAST_SEPARATION = 2.0
# Least difference of two classes in standard deviations of blurred noise, and steepness of their border.
_LEAST_NOISES, _LEAST_SLOPE_PER_PX = 8.0, 0.05
# Standard deviation of the noise that a mean over about 50 pixels leaves, in noise units.
_BLURRED_NOISE = 50**-0.5
_N_BINS = 1024
_Values = NDArray[np.float32]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Otsu:
    """Two classes, background and stain (Otsu, IEEE Trans. Syst. Man Cybern. 9, 1979)."""

    method: Literal["otsu"] = "otsu"


@dataclass(frozen=True)
class MultiOtsu:
    """Several classes, the lowest is background: for plates with very bright and very dim nuclei.

    Attributes
    ----------
    n_classes : int
        3: background, dim nuclei, bright nuclei. 2 to 5: the time grows by a factor of 50 with each.

    Raises
    ------
    ValueError
        When `n_classes` is out of range.
    """

    n_classes: int = 3
    method: Literal["multi_otsu"] = "multi_otsu"

    def __post_init__(self) -> None:
        check_count(self.n_classes, name="n_classes", least=2, most=5)


@dataclass(frozen=True)
class LocalMidpoint:
    """Otsu's threshold, then at each place the midpoint between the stain and the background nearby: for uneven light.

    Attributes
    ----------
    radius_diameters : float
        "Nearby" is a Gaussian with this standard deviation, in typical nuclear diameters. 2 reaches over a nucleus to
        its neighbours and their background.

    Raises
    ------
    ValueError
        When `radius_diameters` is not finite and more than 0.
    """

    radius_diameters: float = 2.0
    method: Literal["local_midpoint"] = "local_midpoint"

    def __post_init__(self) -> None:
        check_number(self.radius_diameters, name="radius_diameters", above_zero=True)


Threshold = Otsu | MultiOtsu | LocalMidpoint


def has_stain(image: _Values, *, grid: Grid, seen: _Mask | None = None) -> bool:
    """Whether an image holds stain at all, or but one population of pixels.

    `image` is in noise units; only pixels of `seen` are judged (None: all).

    Otsu's rule halves whatever it is given. So its threshold of the log intensity, after a blur of 2 px (1 in 3D: both
    average about 50 pixels), must lie at least 2 standard deviations above the median of the class below it
    (1.4826 times that class's median absolute deviation, at least that of the noise that is left).
    Where the rule merely halves one population, this ratio is 1.1 (normal) to 1.3 (uniform: the flattest that noise and
    uneven light make); 2 is half again above that. With two populations the class below is the whole background, and 2
    means that few of its pixels, 1 in 40, are above the threshold; 3 would take crowded, hazy fields for empty. A
    population with a long bright tail passes: such a tail is what haze round many nuclei makes. A field whose nuclei
    are too few and too dim to outweigh the background's own spread is taken as empty. Without the blur, noise of a few
    grey values can look like two populations.

    Where nuclei fill the field, most background is blur between them and that ratio is small. So a field also counts as
    stained when its two classes differ by more than 8 standard deviations of the blurred noise (the halves of noise
    alone: 1.6) and half of their border is crossed steeply, the difference of the classes within 20 px; light that is
    uneven over a field is not so steep.
    """
    from skimage.filters import threshold_otsu

    if image.size == 0:
        return False
    smooth = grid.blurred(image, 2.0 if grid.n_axes == 2 else 1.0)
    log = log_scale(smooth, seen=seen).of(smooth)
    known = log if seen is None else log[seen]
    if known.size == 0 or known.min() == known.max():
        return False
    counts, centres = histogram(known)
    value = float(threshold_otsu(hist=(counts, centres)))
    weights, values = counts[centres <= value].astype(np.float64), centres[centres <= value]
    middle = _weighted_median(values, weights)
    spread = 1.4826 * _weighted_median(np.abs(values - middle), weights)
    noise = _BLURRED_NOISE * float(np.exp(-middle))
    if value - middle >= _LEAST_SEPARATION * max(spread, noise):
        return True
    return seen is None and _has_edges(smooth, log, mask=log > value)


def _has_edges(smooth: _Values, log: _Values, *, mask: _Mask) -> bool:
    """Whether two classes of a smoothed image are far apart for its noise, and their border in a plane is steep."""
    if mask.all() or not mask.any() or min(smooth.shape[-2:]) < 2:
        return False
    if smooth[mask].mean() - smooth[~mask].mean() < _LEAST_NOISES * _BLURRED_NOISE:
        return False
    slope, is_border = np.zeros(log.shape, dtype=np.float32), np.zeros(log.shape, dtype=bool)
    for axis in (-2, -1):
        slope += np.gradient(log, axis=axis) ** 2
        crossing, border = np.moveaxis(mask, axis, 0), np.moveaxis(is_border, axis, 0)
        border[1:] |= crossing[1:] != crossing[:-1]
    if not is_border.any():
        return False
    difference = log[mask].mean() - log[~mask].mean()
    return bool(np.sqrt(np.median(slope[is_border])) >= _LEAST_SLOPE_PER_PX * difference)


def stain_threshold(
    log: _Values, *, threshold: Threshold, grid: Grid, diameter_px: float, seen: _Mask | None = None
) -> _Values:
    """The threshold of a smoothed log image between background and stain.

    Parameters
    ----------
    log : (Y, X) or (Z, Y, X) float32
        Not constant.
    diameter_px
        Of a typical nucleus; only a local threshold uses it.
    seen : bool, the shape of `log`, optional
        The pixels whose histogram is cut, not all alike. None: all.

    Returns
    -------
    () or the shape of `log`, float32
    """
    from skimage.filters import threshold_multiotsu, threshold_otsu

    known = log if seen is None else log[seen]
    if isinstance(threshold, MultiOtsu):
        return np.asarray(threshold_multiotsu(hist=histogram(known, n_bins=256), classes=threshold.n_classes)[0])
    value = float(threshold_otsu(hist=histogram(known)))
    if isinstance(threshold, LocalMidpoint):
        if seen is not None:
            # Objects that hide the seen ones are no measure of these.
            log = np.minimum(log, known.max())
        return _local_midpoint(log, value=value, grid=grid, sigma_px=threshold.radius_diameters * diameter_px)
    return np.asarray(value)


def histogram(log: _Values, *, n_bins: int = _N_BINS) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Counts and centres of equal bins from the least to the greatest value."""
    low, high = float(log.min()), float(log.max())
    width = (high - low) / n_bins
    rows = np.ascontiguousarray(log).reshape(log.shape[0], -1)
    counts = cv2.calcHist([rows], [0], None, [n_bins], [low, high + width / 1000]).ravel()
    return counts, low + width * (np.arange(n_bins) + 0.5)


def _weighted_median(values: NDArray[np.floating], weights: NDArray[np.floating]) -> float:
    """The least value that half of the weight does not exceed."""
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(running, running[-1] / 2)])


def _local_midpoint(log: _Values, *, value: float, grid: Grid, sigma_px: float) -> _Values:
    """Where one of the two is far away, the image's own mean of it takes its place."""
    midpoint = np.zeros(log.shape, dtype=np.float32)
    for mask in (log <= value, log > value):
        weight = mask.astype(np.float32)
        mean = np.float32(log[mask].mean())
        nearby = grid.blurred(log * weight, sigma_px) + np.float32(1e-3) * mean
        midpoint += nearby / (grid.blurred(weight, sigma_px) + np.float32(1e-3)) / 2
    return midpoint
