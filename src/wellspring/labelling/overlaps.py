"""Fields that show the same cells: they must not be on both sides of a split."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

__all__ = ["MOST_FIELDS", "Overlap", "group_of_fields", "overlapping_fields"]

# Fields are reduced so that the longer side has no more pixels: a cell still has several.
_LONGEST_PX = 320
# Coarser than this, in reduced pixels, is illumination and not cells.
_COARSE_PX = 8
_CLIP_SD = 3
# Share of a field that another must show, at least.
_LEAST_SHARE = 0.1
# A correlation counts whose Fisher's z is twice that of fields that show other cells for certain: one of the two turned
# over.
_BEYOND, _ALMOST = 2.0, 1 - 1e-6
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
    over in three ways. Fields that overlap by less, are rotated, or show the same cells on another day are not found.

    Parameters
    ----------
    planes
        (Y, X) each; sizes may differ. At most `MOST_FIELDS`; of more, none are compared.
    """
    if len(planes) > MOST_FIELDS:
        return []
    factor = max(1, -(-max(max(one.shape) for one in planes) // _LONGEST_PX)) if planes else 1
    reduced = [_reduced(one, factor=factor) for one in planes]
    found = []
    for first, second in itertools.combinations(range(len(planes)), 2):
        one, other = reduced[first], reduced[second]
        correlation, shift, share = _best(one, other)
        turned = (other[::-1], other[:, ::-1], other[::-1, ::-1])
        chance = max(_best(one, np.ascontiguousarray(image))[0] for image in turned)
        if np.arctanh(min(correlation, _ALMOST)) > _BEYOND * np.arctanh(min(max(chance, 0.1), _ALMOST)):
            y, x = (step * factor for step in shift)
            found.append(Overlap(first, second, (y, x), correlation, chance, share))
    return found


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
    rows, columns = (length // factor for length in plane.shape)
    cut = plane[: rows * factor, : columns * factor].astype(np.float64)
    image = np.log1p(cut.reshape(rows, factor, columns, factor).mean(axis=(1, 3)))
    fine = image - ndimage.gaussian_filter(image, _COARSE_PX)
    sd = fine.std()
    clipped: NDArray[np.float64] = np.clip(fine, -_CLIP_SD * sd, _CLIP_SD * sd)
    return clipped


def _best(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, tuple[int, int], float]:
    """The largest correlation over all shifts, that shift (y, x), and the share of the first that both show."""
    shape = [fft.next_fast_len(a + b, real=True) for a, b in zip(first.shape, second.shape, strict=True)]

    def spectrum(image: NDArray[np.float64]) -> Any:
        return fft.rfft2(image, shape)

    one, other = spectrum(np.ones_like(first)), spectrum(np.ones_like(second)).conj()
    a, b = spectrum(first), spectrum(second).conj()
    n = np.maximum(np.rint(fft.irfft2(one * other, shape)), 1)
    sum_a, sum_b = fft.irfft2(a * other, shape), fft.irfft2(one * b, shape)
    var_a = fft.irfft2(spectrum(first**2) * other, shape) - sum_a**2 / n
    var_b = fft.irfft2(one * spectrum(second**2).conj(), shape) - sum_b**2 / n
    least = 1e-3 * n * min(first.var(), second.var())
    is_kept = (n >= _LEAST_SHARE * first.size) & (var_a > least) & (var_b > least)
    covariance = fft.irfft2(a * b, shape) - sum_a * sum_b / n
    correlation = np.where(is_kept, covariance / np.sqrt(np.maximum(var_a * var_b, 1e-12)), -1)
    place = np.unravel_index(int(correlation.argmax()), correlation.shape)
    y, x = (
        int(i) if i < a_length else int(i) - length
        for i, a_length, length in zip(place, first.shape, shape, strict=True)
    )
    return float(correlation[place]), (y, x), float(n[place] / first.size)
