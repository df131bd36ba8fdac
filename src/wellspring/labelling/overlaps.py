"""Fields that show the same cells: they must not be on both sides of a split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, stats

__all__ = ["MOST_FIELDS", "Overlap", "group_of_fields", "overlapping_fields"]

# Fields are reduced so that the longer side has no more pixels: a cell still has several.
_LONGEST_PX = 320
# Coarser than this, in reduced pixels, is illumination and not cells.
_COARSE_PX = 8
_CLIP_SD = 3
# Share of a field that another must show, at least.
_LEAST_SHARE = 0.1
# The logarithm of a pair's Fisher's z over that of fields that show other cells for certain, one of the two turned
# over: its mean and standard deviation over 780 pairs of simulated DIC fields of other cells. The shadows of DIC all
# fall to one side, so these are more alike than turned ones.
_CENTRE, _SPREAD = 0.11, 0.21
# Of lists of fields without an overlap, the share in which a pair is called one.
_FALSE, _ALMOST = 0.001, 1 - 1e-6
# Pairs from which centre and spread of a list are known.
_ENOUGH = 100
# More fields than these are too many pairs to look through.
MOST_FIELDS = 40


@dataclass(frozen=True)
class Overlap:
    """Two fields that show the same cells.

    Attributes
    ----------
    first, second : int
        Positions in the list of fields.
    shift_px : (int, int)
        (y, x) by which the second lies from the first.
    correlation : float
        Of what both show.
    chance : float
        The largest correlation with the second turned over, over all shifts.
    share : float
        Of the first field that both show.
    """

    first: int
    second: int
    shift_px: tuple[int, int]
    correlation: float
    chance: float
    share: float


def overlapping_fields(planes: Sequence[NDArray[np.number]]) -> list[Overlap]:
    """Pairs of fields of which one shows a part of the other, found in transmitted light.

    Fields are reduced, freed of illumination, and compared at all shifts at which they share a tenth of the first, by
    Pearson's correlation of what they share. What unrelated fields reach by chance is measured by turning the second
    over in three ways; the more pairs there are, the farther beyond that one has to be. Fields that overlap by less,
    are rotated, or show the same cells on another day are not found.

    Parameters
    ----------
    planes
        (Y, X) each; sizes may differ. At most `MOST_FIELDS`; of more, none are compared.
    """
    if len(planes) > MOST_FIELDS or len(planes) < 2:
        return []
    factor = max(1, -(-max(max(one.shape) for one in planes) // _LONGEST_PX))
    reduced = [_reduced(one, factor=factor) for one in planes]
    compared = _compared(reduced)
    beyond = {key: _beyond(best, turned) for key, (best, *turned) in compared.items()}
    limit = _limit(list(beyond.values()))
    found = []
    for (first, second), (best, *turned) in compared.items():
        if beyond[first, second] > limit:
            y, x = (step * factor for step in best.shift)
            chance = max(one.correlation for one in turned)
            found.append(Overlap(first, second, (y, x), best.correlation, chance, best.share))
    return found


def _beyond(best: "_Best", turned: Sequence["_Best"]) -> float:
    """Logarithm of a pair's Fisher's z over the largest with the second turned over, or over that of r = 0.1."""
    chance = max(one.correlation for one in turned)
    own = np.arctanh(np.clip(best.correlation, 1e-3, _ALMOST))
    return float(np.log(own / np.arctanh(np.clip(chance, 0.1, _ALMOST))))


def _limit(beyond: Sequence[float]) -> float:
    """What the largest of so many pairs of other cells hardly exceeds: a normal quantile, by Bonferroni. Centre and
    spread are those of these pairs, of which most show other cells, where they are larger.
    """
    centre, spread = _CENTRE, _SPREAD
    if len(beyond) >= _ENOUGH:
        middle = float(np.median(beyond))
        centre = max(centre, middle)
        spread = max(spread, float(stats.median_abs_deviation(beyond, scale="normal")))
    return centre + float(stats.norm.isf(_FALSE / len(beyond))) * spread


def group_of_fields(wells: Sequence[str], overlaps: Sequence[Overlap]) -> list[str]:
    """The group of each field: its well, and the same for wells whose fields overlap, directly or through others.

    Parameters
    ----------
    wells
        Of each field.

    Returns
    -------
    list of str
        Names of the wells joined by ``+``.
    """
    groups = {well: {well} for well in wells}
    for one in overlaps:
        joined = groups[wells[one.first]] | groups[wells[one.second]]
        for well in joined:
            groups[well] = joined
    return ["+".join(sorted(groups[well])) for well in wells]


def _reduced(plane: NDArray[np.number], *, factor: int) -> NDArray[np.float64]:
    """Log intensities in blocks, without their coarse part, outliers clipped: what the same cells share."""
    rows, columns = (length // factor for length in plane.shape)
    cut = plane[: rows * factor, : columns * factor].astype(np.float64)
    image = np.log1p(cut.reshape(rows, factor, columns, factor).mean(axis=(1, 3)))
    fine = image - ndimage.gaussian_filter(image, _COARSE_PX)
    sd = fine.std()
    clipped: NDArray[np.float64] = np.clip(fine, -_CLIP_SD * sd, _CLIP_SD * sd)
    return clipped


@dataclass(frozen=True)
class _Best:
    """The largest correlation over all shifts, that shift (y, x), and the share of the first that both show."""

    correlation: float
    shift: tuple[int, int]
    share: float


class _Image:
    """A reduced field, and what follows from it and the shape of another: computed once for all pairs.

    Sums are over the pixels that both show, for each shift.
    """

    def __init__(self, image: NDArray[np.float64], *, padded: Sequence[int]) -> None:
        self.shape, self.variance, self._padded = image.shape, float(image.var()), padded
        self.spectrum, self._square = fft.rfft2(image, padded), fft.rfft2(image**2, padded)
        self._ones = fft.rfft2(np.ones(image.shape), padded)
        self._sums: dict[tuple[bool, tuple[int, ...]], tuple[NDArray[np.float64], ...]] = {}

    def sums(self, other: "_Image", *, is_first: bool) -> tuple[NDArray[np.float64], ...]:
        """Number of pixels, sum, and sum of squared deviations."""
        key = (is_first, other.shape)
        if key not in self._sums:
            n = np.maximum(np.rint(self._over(self._ones, other, is_first=is_first)), 1)
            total = self._over(self.spectrum, other, is_first=is_first)
            deviations = self._over(self._square, other, is_first=is_first) - total**2 / n
            self._sums[key] = (n, total, deviations)
        return self._sums[key]

    def _over(self, spectrum: Any, other: "_Image", *, is_first: bool) -> NDArray[np.float64]:
        """Sums over the shared pixels for all shifts at once, by Fourier transforms."""
        product = spectrum * other._ones.conj() if is_first else other._ones * spectrum.conj()
        summed: NDArray[np.float64] = fft.irfft2(product, self._padded)
        return summed


def _compared(images: Sequence[NDArray[np.float64]]) -> dict[tuple[int, int], list[_Best]]:
    """Each pair's best correlation: with the second as it is, and turned over in three ways."""
    padded = [fft.next_fast_len(2 * max(one.shape[axis] for one in images), real=True) for axis in (0, 1)]
    firsts = [_Image(one, padded=padded) for one in images]
    found: dict[tuple[int, int], list[_Best]] = {}
    for second, image in enumerate(images):
        for turned in (image, image[::-1], image[:, ::-1], image[::-1, ::-1]):
            other = _Image(turned, padded=padded)
            for first in range(second):
                found.setdefault((first, second), []).append(_best(firsts[first], other, padded=padded))
    return dict(sorted(found.items()))


def _best(first: _Image, second: _Image, *, padded: Sequence[int]) -> _Best:
    """The shift at which two fields correlate most, of those at which they share enough."""
    n, sum_a, var_a = first.sums(second, is_first=True)
    _, sum_b, var_b = second.sums(first, is_first=False)
    least = 1e-3 * n * min(first.variance, second.variance)
    is_kept = (n >= _LEAST_SHARE * np.prod(first.shape)) & (var_a > least) & (var_b > least)
    covariance = fft.irfft2(first.spectrum * second.spectrum.conj(), padded) - sum_a * sum_b / n
    correlation = np.where(is_kept, covariance / np.sqrt(np.maximum(var_a * var_b, 1e-12)), -1)
    place = np.unravel_index(int(correlation.argmax()), correlation.shape)
    y, x = (int(i) if i < length else int(i) - side for i, length, side in zip(place, first.shape, padded, strict=True))
    return _Best(float(correlation[place]), (y, x), float(n[place] / np.prod(first.shape)))
