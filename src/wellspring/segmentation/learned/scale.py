"""What the network sees of an image: zoomed to the nuclei of the training, its intensities made comparable."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["DIAMETER_PX", "N_INPUTS", "comparable", "typical_px", "zoomed"]

# Diameter of a typical nucleus as the network sees it. At 20 px a neck between two nuclei is some 5 px wide, and a
# field of 2048 x 2048 with nuclei of 30 px has 1.9 million pixels instead of 4.2.
DIAMETER_PX = 20.0
N_INPUTS = 2
# The share of the range of intensities above which they are compressed: a nucleus of a twentieth of the brightest one
# is then at a quarter of its height.
_KNEE = 0.05
_LOW, _HIGH = 1.0, 99.8
# Side of the square in which the local mean and spread are taken, in px of the zoomed image: two nuclei. Twice, so that
# no edge of the square is seen.
_LOCAL_PX = 41
# Spread below which a region counts as flat, in units of the compressed range.
_FLAT = 0.05

_Plane = NDArray[np.float32]


def typical_px(labels: NDArray[np.integer]) -> float:
    """Median diameter of the labelled objects, of discs of their areas, px; 0 where there are none."""
    areas = np.bincount(np.asarray(labels).ravel())[1:]
    areas = areas[areas > 0]
    return float(2 * np.sqrt(np.median(areas) / np.pi)) if len(areas) else 0.0


def zoomed(plane: NDArray[np.number], zoom: float) -> _Plane:
    """The plane at `zoom` times its size, at least one pixel a side; averaged when it shrinks, else linear."""
    values = np.asarray(plane, dtype=np.float32)
    if zoom == 1.0:
        return values
    shape = tuple(max(1, round(side * zoom)) for side in values.shape)
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, shape[::-1], interpolation=way), dtype=np.float32)


def comparable(plane: _Plane) -> NDArray[np.float32]:
    """(Y, X) intensities to (Y, X, 2): compressed between robust percentiles, and contrast with what is nearby.

    The inverse hyperbolic sine keeps dim nuclei visible beside some twenty times as bright ones; the second channel is
    the first less its local mean, over its local spread. A constant image gives zeros.
    """
    low, high = np.percentile(plane[:: max(1, plane.shape[0] // 1024)], [_LOW, _HIGH])
    spread = float(high - low)
    if not spread > 0:
        return np.zeros((*plane.shape, N_INPUTS), dtype=np.float32)
    share = np.clip((plane - np.float32(low)) / np.float32(spread), -1, 4)
    compressed = np.arcsinh(share / np.float32(_KNEE)) / np.float32(np.arcsinh(1 / _KNEE))
    mean = _nearby(compressed)
    deviation = compressed - mean
    contrast = deviation / (np.sqrt(np.maximum(_nearby(deviation**2), 0)) + np.float32(_FLAT))
    return np.stack([compressed, np.clip(contrast, -4, 4) / 2], axis=-1).astype(np.float32)


def _nearby(plane: _Plane) -> _Plane:
    size = (_LOCAL_PX, _LOCAL_PX)
    once = cv2.blur(plane, size, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.blur(once, size, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
