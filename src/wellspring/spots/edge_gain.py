"""White noise of a response near the borders, where the image is mirrored."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.filters import RATIO, gaussian_kernel

__all__ = ["edge_gain", "inner_gain", "plane_factors"]


def edge_gain(size: int, sigma: float) -> NDArray[np.float64]:
    """(size, 3) float64: how much white noise two blurs let through along one axis, at each place.

    Columns: sum of squares of the narrow kernel, of the products of both, of squares of the wide one. Near the ends the
    mirrored image folds the kernel on itself, so it averages over fewer values.
    """
    kernels = [gaussian_kernel(sigma * RATIO**power)[:, 0].astype(np.float64) for power in (-0.5, 0.5)]
    # Beyond two radii from both ends all places are alike.
    reach = len(kernels[1])
    length = min(size, 2 * reach)
    narrow, wide = (ndimage.correlate1d(np.eye(length), kernel, axis=0, mode="reflect") for kernel in kernels)
    gain = np.stack([(a * b).sum(axis=1) for a, b in ((narrow, narrow), (narrow, wide), (wide, wide))], axis=1)
    middle = np.repeat(gain[length // 2 : length // 2 + 1], size - length, axis=0)
    return np.concatenate([gain[: length // 2], middle, gain[length // 2 :]])


def inner_gain(sigma: float) -> NDArray[np.float64]:
    """(3,) float64: as `edge_gain`, far from all ends."""
    narrow, wide = (gaussian_kernel(sigma * RATIO**power)[:, 0].astype(np.float64) for power in (-0.5, 0.5))
    padded = np.pad(narrow, (len(wide) - len(narrow)) // 2)
    return np.array([padded @ padded, padded @ wide, wide @ wide])


def plane_factors(
    gains: Sequence[NDArray[np.float64]], *, sigma_px: Sequence[float], inner: float
) -> NDArray[np.float64]:
    """(Z,) float64, noise of each plane over that far from the borders; (1,) ones for a plane alone."""
    if len(gains) == 2:
        return np.ones(1)
    here = gains[0] * inner_gain(sigma_px[1]) * inner_gain(sigma_px[2])
    return np.asarray(np.sqrt((here[:, 0] - 2 * here[:, 1] + here[:, 2]) / inner))
