"""Levels of the target: low, medium and high, bounded by all cells of the dataset."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["LEVELS", "LevelBounds", "level_bounds"]

LEVELS = ("low", "medium", "high")
_SAME = 1e-9


@dataclass(frozen=True)
class LevelBounds:
    """Low targets are `low` or less, high ones `high` or more, medium ones between them."""

    low: float
    high: float

    def levels(self, target: NDArray[np.float64]) -> NDArray[np.str_]:
        """(n,) ``low``, ``medium`` or ``high`` for (n,) targets. Where the bounds coincide, everything is medium."""
        target = np.asarray(target, dtype=np.float64)
        if not self.low < self.high:
            return np.full(target.shape, "medium")
        return np.where(target <= self.low, "low", np.where(target >= self.high, "high", "medium"))


def level_bounds(target: NDArray[np.float64]) -> LevelBounds:
    """Bounds of the levels: mean - sd and mean + sd of the targets of *all* cells of the dataset, whatever their split.

    Parameters
    ----------
    target : (n,) float64
        In intensity.

    Raises
    ------
    ValueError
        When there is no target or one is not finite.

    Notes
    -----
    Becker (2021), table 5.3: of 3,703 cells, low is 316.56 or less and high 438 or more, bounds included. Its ddof
    is not stated; here it is 0, so one cell, or equal targets, have sd 0 and are medium. Targets that differ by less
    than 1e-9 of the largest count as equal, since means of equal intensities differ so by rounding.
    """
    target = np.asarray(target, dtype=np.float64)
    if target.size == 0 or not np.isfinite(target).all():
        raise InputError(
            f"target: expected finite values of one cell or more, got {target.size} with "
            f"{int(np.sum(~np.isfinite(target)))} not finite. Check dataset.select and the target channel."
        )
    are_equal = np.ptp(target) <= _SAME * np.abs(target).max()
    mean, sd = float(target.mean()), 0.0 if are_equal else float(target.std())
    return LevelBounds(low=mean - sd, high=mean + sd)
