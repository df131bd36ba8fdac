"""An image compared with the others of its plate and channel: out of focus, or exposed otherwise."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.spots.doubts import UNLIKE, joined_doubts
from wellspring.statistics import MAD_TO_SD

__all__ = ["compared_images"]

# Images of a plate and channel that say what is usual.
_LEAST_IMAGES = 6
# An image is unusual beyond so many robust standard deviations, and by this factor at least. Thresholds and levels of
# even plates scatter by some 10 to 20 %, sizes by some 5 %; a lamp at half its power, or a spot blurred to 1.4 times
# its width, is a fault.
_MOST_SDS = 5.0
_LEAST_FACTORS = {"threshold": 2.0, "level": 2.0, "sigma_px_median": 1.4}


def compared_images(thresholds: pd.DataFrame) -> pd.DataFrame:
    """The table with the doubt that a comparison with the other images of the plate and channel adds.

    Compared are the logarithms of the threshold, of the image's level (median intensity) and of the median size of its
    spots. An image out of focus has a low threshold, since its maxima are flat, or wide spots; one exposed otherwise
    has another level and threshold. Counts are not compared: they differ between wells for good reasons.

    Parameters
    ----------
    thresholds
        Table `WELL_SPOT_THRESHOLDS` of all wells. Values that are missing or not above 0 are not compared, nor are
        plates with fewer than 6 images of a channel that have a value.
    """
    table = thresholds.reset_index(drop=True).copy()
    unlike = np.zeros(len(table), dtype=bool)
    for rows in table.groupby(["plate", "channel"], sort=False).groups.values():
        index = np.asarray(rows)
        for name, factor in _LEAST_FACTORS.items():
            unlike[index] |= _is_unusual(table.loc[index, name].to_numpy(dtype=np.float64), factor=factor)
    # A constant image says why it has no threshold.
    table["doubts"] = [
        joined_doubts([*own.split(", "), UNLIKE]) if is_unlike else own
        for own, is_unlike in zip(table["doubts"], unlike, strict=True)
    ]
    return table


def _is_unusual(values: NDArray[np.float64], *, factor: float) -> NDArray[np.bool_]:
    """Which positive values differ from the median by the factor and by five robust standard deviations."""
    logs = np.log(np.where(values > 0, values, np.nan))
    known = np.isfinite(logs)
    if known.sum() < _LEAST_IMAGES:
        return np.zeros(len(values), dtype=bool)
    off = np.abs(logs - np.median(logs[known]))
    spread = MAD_TO_SD * float(np.median(off[known]))
    return np.asarray(known & (off > max(_MOST_SDS * spread, np.log(factor))))
