"""The part of a field that shows nothing, whatever the light does over it."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["empty_blocks", "empty_share", "evened", "smooth_surface"]

_N_BLOCKS = 32
_LEAST_BLOCK_PX = 8
# ASSUME: a block of noise alone, some hundred pixels, varies by less than this factor around the noise's variance.
_STRUCTURE = 1.5
# Second differences along both axes: what is smooth over three pixels drops out, and of noise 36 times the variance is
# left (Immerkær 1996, "Fast noise variance estimation").
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_NOISE_GAIN = 36.0
# Blocks along the shorter side, and the degree of the surface that they allow.
_DEGREES = ((16, 6), (8, 2))
_ITERATIONS = 10


def empty_share(image: NDArray[np.number]) -> float:
    """Share of the field that shows nothing: square blocks that vary no more than their pixel noise would make them.

    A block is a thirty-second of the shorter side wide, at least 8 px. Its noise variance comes from second
    differences, which leave out what is smooth; a block counts as structure when its variance is 1.5 times that. What
    the light does over the whole field is taken out first, see `smooth_surface`. So the measure needs no threshold of
    intensity and no even illumination.

    Parameters
    ----------
    image : (Y, X) number

    Returns
    -------
    float
        0 to 1; 1 for a constant image.
    """
    return float(empty_blocks(image).mean())


def smooth_surface(
    means: NDArray[np.float32], *, block: int, shape: tuple[int, int], most: int = 6
) -> NDArray[np.float32]:
    """The slow change of intensity over a field: a polynomial of degree 6 of the position, up to a constant.

    It is fitted to the differences of neighbouring blocks by least absolute deviations, so that cells, whose borders
    rise as often as they fall, do not matter, however bright they are and however much of the field they cover. Degree
    2 for 8 to 15 blocks along the shorter side, and 0 everywhere below that: few blocks cannot tell cells from light.

    Parameters
    ----------
    means : (n_y, n_x) float32
        Of square blocks of the image.
    block
        Their side in px.
    shape
        Of the surface: as many blocks, or somewhat more.
    most
        Highest degree.

    Returns
    -------
    float32 of that shape
    """
    n_y, n_x = means.shape
    degree = min(most, next((degree for n_least, degree in _DEGREES if min(n_y, n_x) >= n_least), 0))
    if not degree:
        return np.zeros(shape, dtype=np.float32)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i) if i + j]
    rows, columns = (np.vander(np.linspace(-1, 1, n), degree + 1, increasing=True) for n in (n_y, n_x))
    terms = np.stack([np.outer(rows[:, i], columns[:, j]) for i, j in powers], axis=-1)
    design = np.concatenate([np.diff(terms, axis=axis).reshape(-1, len(powers)) for axis in (0, 1)])
    steps = np.concatenate([np.diff(means.astype(np.float64), axis=axis).ravel() for axis in (0, 1)])
    found = np.linalg.lstsq(design, steps, rcond=None)[0]
    least = 1e-3 * float(np.abs(steps).mean()) + float(np.finfo(np.float32).tiny)
    for _ in range(_ITERATIONS):
        size = np.abs(steps - design @ found)
        root = np.maximum(size, 0.1 * np.median(size) + least) ** -0.5
        found = np.linalg.lstsq(design * root[:, None], steps * root, rcond=None)[0]
    table = np.zeros((degree + 1, degree + 1))
    for (i, j), value in zip(powers, found, strict=True):
        table[i, j] = value
    # Block middles are at -1 and 1, so the field reaches half a block further.
    along = (
        np.vander(((np.arange(length) + 0.5) / block - n / 2) * 2 / (n - 1), degree + 1, increasing=True)
        for n, length in zip((n_y, n_x), shape, strict=True)
    )
    over_y, over_x = along
    return np.asarray(over_y @ table @ over_x.T, dtype=np.float32)


def evened(image: NDArray[np.number], *, degree: int) -> NDArray[np.float32]:
    """(Y, X) float32: the image less its mean and its `smooth_surface` of that degree, where it has 8 x 8 blocks."""
    values = image.astype(np.float32)
    values -= values.mean()
    block = max(_LEAST_BLOCK_PX, min(image.shape) // _N_BLOCKS)
    n_y, n_x = (length // block for length in image.shape)
    if min(n_y, n_x) == 0:
        return values
    means = cv2.resize(values[: n_y * block, : n_x * block], (n_x, n_y), interpolation=cv2.INTER_AREA)
    values -= smooth_surface(means, block=block, shape=(image.shape[0], image.shape[1]), most=degree)
    return values


def empty_blocks(image: NDArray[np.number]) -> NDArray[np.float32]:
    """1 for each block that shows nothing, 0 for others."""
    block = max(_LEAST_BLOCK_PX, min(image.shape) // _N_BLOCKS)
    n_y, n_x = image.shape[0] // block, image.shape[1] // block
    if n_y == 0 or n_x == 0:
        return np.full((1, 1), image.min() == image.max(), dtype=np.float32)
    used = image[: n_y * block, : n_x * block].astype(np.float32)
    used -= used.mean()
    size = (n_x, n_y)
    used -= smooth_surface(cv2.resize(used, size, interpolation=cv2.INTER_AREA), block=block, shape=used.shape)
    residual = cv2.filter2D(used, -1, _NOISE_KERNEL)
    mean = cv2.resize(used, size, interpolation=cv2.INTER_AREA)
    variance = cv2.resize(used * used, size, interpolation=cv2.INTER_AREA) - mean**2
    noise = cv2.resize(residual * residual, size, interpolation=cv2.INTER_AREA) / _NOISE_GAIN
    # Rounding leaves a little of both in a block that is constant.
    floor = 1e-6 * float(used.var())
    return np.asarray(np.atleast_2d(variance <= _STRUCTURE * noise + floor), dtype=np.float32)
