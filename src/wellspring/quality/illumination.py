"""Uneven illumination of a plate and channel: each image small, a median over images that merges, a smooth function."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.errors import InputError
from wellspring.quality.medians import local_median
from wellspring.quality.offsets import camera_offset

__all__ = ["RatioHistogram", "SmallImage", "corrected", "illumination_function", "shrunk_image", "small_image"]

# Longer side of the grid on which illumination is looked at, px. It is smooth, so that is plenty.
GRID_PX = 128
_MAX_ROUNDS = 10
# Ratios to the image's median that the histogram distinguishes: 512 bins of 0.8 % each from 1/8 to 8.
_N_BINS, _LARGEST_RATIO = 512, 8.0
# A measured place counts so many times more than one that took its neighbourhood's value.
_MEASURED, _REPLACED = 4, 1
# An offset that is not subtracted matters from this share of an image's median on: so much of the unevenness is lost.
_LEAST_OFFSET = 0.1
# Share of the variance that two classes of places explain.
_TWO_CLASSES = 0.85


@dataclass(frozen=True)
class SmallImage:
    """One image on the grid.

    Attributes
    ----------
    ratio : (y, x) float32
        Intensity above background over its median; NaN everywhere when that median is not above 0.
    is_measured : (y, x) bool
        False where something bright was replaced by its neighbourhood.
    middle : float
        The median of what the ratios are relative to, intensity above background.
    cover : float
        Share of the field that is bright, where it has two kinds of places (`_cover`).
    offset : float
        `wellspring.quality.offsets.camera_offset` of the image; NaN where it was not asked for or is not known.
    """

    ratio: NDArray[np.float32]
    is_measured: NDArray[np.bool_]
    middle: float = float("nan")
    cover: float = 0.0
    offset: float = float("nan")

    def above(self, offset: float) -> "SmallImage":
        """The same with an offset subtracted that was not known before; NaN everywhere if nothing is left."""
        rest = self.middle - offset
        ratio = (self.ratio * self.middle - offset) / rest if rest > 0 else np.full_like(self.ratio, np.nan)
        return replace(self, ratio=ratio.astype(np.float32), middle=rest)


def small_image(image: NDArray[np.uint16], *, background: float, bright_sd: float) -> SmallImage:
    """As `shrunk_image`, with a warning where the background is 0 and the image says otherwise.

    Then light would be found too even: of a vignette of 1.33 over an offset as high as the light 1.14 is seen.

    Parameters
    ----------
    image : (Y, X) uint16
    background, bright_sd
        As of `shrunk_image`.

    Warns
    -----
    UserWarning
        When the background is 0, and the noise shows an offset (`camera_offset`) of a tenth of the median or more.
    """
    if background == 0:
        offset, middle = camera_offset(image), float(np.median(image))
        if offset >= _LEAST_OFFSET * middle > 0:
            warnings.warn(
                # One digit, so that images of one camera give one warning.
                f"background: 0 was given, but by its noise the image has a camera's offset of about "
                f"{float(f'{offset:.1g}'):g}. Without it uneven light is corrected too little: set raw.background, or "
                "pass the intensity that an image has without light.",
                stacklevel=2,
            )
    return shrunk_image(image, background=background, bright_sd=bright_sd)


def shrunk_image(image: NDArray[np.uint16], *, background: float, bright_sd: float) -> SmallImage:
    """Shrink an image to the grid and replace what is bright by its neighbourhood (after Dincu 2021, section 2.5).

    A place is bright when it exceeds the median of its neighbourhood (a quarter of the field wide) by more than
    `bright_sd` standard deviations of such excesses; it then takes that median. This is repeated until nothing is
    bright, at most 10 times. An excess is relative to the median, so that a dark corner loses no fewer cells than the
    middle does; where that median is no more than the background, nothing is bright.

    Parameters
    ----------
    image : (Y, X) uint16
    background
        Intensity without light, subtracted; a camera's offset is not illuminated.
    bright_sd
        Above 0.

    Returns
    -------
    SmallImage
        At most 128 px along the longer side; smaller images keep their size.
    """
    height, width = image.shape
    scale = min(1.0, GRID_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    light = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA) - np.float32(background)
    is_measured = np.ones(light.shape, dtype=bool)
    cover = _cover(light)
    for _ in range(_MAX_ROUNDS):
        around = local_median(light, radius_px=max(1, max(light.shape) // 8))
        excess = np.divide(light, around, out=np.ones_like(light), where=around > 0) - 1
        bright = excess > bright_sd * excess.std()
        if not bright.any():
            break
        light = np.where(bright, around, light)
        is_measured &= ~bright
    middle = float(np.median(light))
    ratio = light / np.float32(middle) if middle > 0 else np.full_like(light, np.nan)
    return SmallImage(ratio, is_measured, middle, cover)


def _cover(light: NDArray[np.float32]) -> float:
    """Share of the brighter of two classes (Otsu), 0 where they are none.

    Two classes explain more than 0.85 of the variance; of light that falls evenly from one side to the other, 0.75.
    """
    values = np.sort(light, axis=None).astype(np.float64)
    n, total = np.arange(1, len(values)), np.cumsum(values)
    if len(values) < 2 or values[0] == values[-1]:
        return 0.0
    low, high = total[:-1] / n, (total[-1] - total[:-1]) / (len(values) - n)
    between = n * (len(values) - n) * (high - low) ** 2 / len(values) ** 2
    best = int(between.argmax())
    return 1 - float(n[best] / len(values)) if between[best] > _TWO_CLASSES * values.var() else 0.0


class RatioHistogram:
    """Weighted histograms of the ratios of many images, one per place of the grid.

    Its size does not depend on how many images were added, and the sum of two histograms is that of all their images:
    counts are whole numbers, so the order plays no role.

    Attributes
    ----------
    counts : (512, y, x) uint32
    n_images : int
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.counts: NDArray[np.uint32] = np.zeros((_N_BINS, *shape), dtype=np.uint32)
        self.n_images = 0

    def add(self, image: SmallImage) -> None:
        """Count one image; one without light (NaN) is left out.

        Raises
        ------
        ValueError
            When the grid is another.
        """
        if image.ratio.shape != self.counts.shape[1:]:
            raise InputError(
                f"illumination: expected images of one size on a plate, got grids of {image.ratio.shape} and "
                f"{self.counts.shape[1:]} px. Put images of another size on a plate of their own in the sheet."
            )
        if np.isnan(image.ratio).any():
            return
        position = np.log(np.maximum(image.ratio, 1 / _LARGEST_RATIO)) / np.log(_LARGEST_RATIO)
        bins = np.clip((position + 1) / 2 * _N_BINS, 0, _N_BINS - 1).astype(np.int64)
        y, x = np.indices(bins.shape)
        self.counts[bins, y, x] += np.where(image.is_measured, _MEASURED, _REPLACED).astype(np.uint32)
        self.n_images += 1

    def merge(self, others: Iterable["RatioHistogram"]) -> None:
        """Add the counts of other histograms over the same grid."""
        for other in others:
            self.counts += other.counts
            self.n_images += other.n_images

    def median(self) -> NDArray[np.float64]:
        """(y, x) weighted median of the ratios, interpolated within its bin: within 0.5 % of the exact one.

        Raises
        ------
        ValueError
            When no image was added.
        """
        if self.n_images == 0:
            raise InputError("illumination: expected at least one image with light, got none.")
        half = self.counts.sum(axis=0, dtype=np.float64) / 2
        below = np.cumsum(self.counts, axis=0, dtype=np.float64)
        at = (below >= half).argmax(axis=0)[None]
        reached = np.take_along_axis(below, at, axis=0)[0]
        inside = np.take_along_axis(self.counts, at, axis=0)[0]
        share = 1 - (reached - half) / inside
        return np.asarray(np.exp(((at[0] + share) / _N_BINS * 2 - 1) * np.log(_LARGEST_RATIO)))


def illumination_function(median: NDArray[np.float64], *, smoothing_share: float) -> NDArray[np.float32]:
    """The factor that makes a field even: mean of the smoothed median over the smoothed median.

    Smoothing is Gaussian, with one addition to Dincu 2021, section 2.5: at each place a quadratic surface is fitted to
    the median under the Gaussian's weights, and its value there is taken. A plain Gaussian average brightens dark
    corners, where half of its neighbourhood is missing, and flattens the middle.

    Parameters
    ----------
    median : (y, x) float64
        From `RatioHistogram.median`.
    smoothing_share
        Standard deviation of the Gaussian in longer sides of the field. Large values leave less of the cells
        themselves in the function; the quadratic surface follows a vignette all the same.

    Returns
    -------
    (y, x) float32
        Its product with the smoothed median is constant. Where the fit falls below a twentieth of its mean, that takes
        its place. 1 everywhere without light, or where a side has fewer than 3 pixels, through which no surface goes.
    """
    if min(median.shape) < 3 or not (median > 0).any():
        return np.ones(median.shape, dtype=np.float32)
    smooth = _locally_quadratic(median, sigma=smoothing_share * max(median.shape))
    smooth = np.maximum(smooth, 0.05 * smooth.mean())
    return np.asarray(smooth.mean() / smooth, dtype=np.float32)


def _locally_quadratic(values: NDArray[np.float64], *, sigma: float) -> NDArray[np.float64]:
    """(y, x): the value at each place of the quadratic surface that fits the places around it best, by weighted least
    squares with Gaussian weights; one set of moments for all places, one 6 x 6 system each."""
    height, width = values.shape
    y = (np.arange(height)[:, None] - (height - 1) / 2) / sigma
    x = (np.arange(width)[None] - (width - 1) / 2) / sigma
    moments = {(i, j): _weighted(y**i * x**j, sigma=sigma) for i in range(5) for j in range(5 - i)}
    powers = [(i, j) for i in range(3) for j in range(3 - i)]
    matrix = np.array([[moments[a + c, b + d] for c, d in powers] for a, b in powers])
    surfaces = np.array([y**i * x**j for i, j in powers])
    right = np.array([_weighted(values * surface, sigma=sigma) for surface in surfaces])
    fitted = np.linalg.solve(np.moveaxis(matrix, (0, 1), (2, 3)), np.moveaxis(right, 0, 2)[..., None])[..., 0]
    return np.asarray((fitted * np.moveaxis(surfaces, 0, 2)).sum(axis=2))


def _weighted(values: NDArray[np.float64], *, sigma: float) -> NDArray[np.float64]:
    """Gaussian-weighted sum around each place; there is nothing beyond the edges."""
    return np.asarray(ndimage.gaussian_filter(values, sigma, mode="constant"))


def corrected(
    image: NDArray[np.uint16], function: NDArray[np.float32], *, background: float = 0.0
) -> NDArray[np.uint16]:
    """Multiply the light of an image by the function of its plate and channel.

    Parameters
    ----------
    image : (Y, X) uint16
    function : (y, x) float32
        From `illumination_function`, enlarged to the image by cubic interpolation.
    background
        As of `small_image`; it stays as it is.

    Returns
    -------
    (Y, X) uint16
        Rounded; cut to 0..65535.
    """
    size = (image.shape[1], image.shape[0])
    factor = cv2.resize(function, size, interpolation=cv2.INTER_CUBIC)
    light = (image.astype(np.float32) - np.float32(background)) * factor + np.float32(background)
    return np.asarray(np.clip(np.rint(light), 0, 65535), dtype=np.uint16)
