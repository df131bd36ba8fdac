"""Does the stain lie where the light is? Sub-pixel shifts of single fields, found before a network is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from wellspring.labelling.agreement import correlation
from wellspring.labelling.fields import Field
from wellspring.labelling.light import relative_light
from wellspring.labelling.scaling import StainScale

__all__ = ["Shift", "distance_between", "shifts_of_fields", "told_shifts"]

# A field is looked at in a square of so many pixels in its middle.
_LARGEST_PX = 768
_WINDOW_PX = 65
_FINE_PX, _COARSE_PX = (1.0, 2.0, 4.0), (2.0, 4.0, 8.0)
_RIDGE = 1e-3
_UPSAMPLING = 10
# Fewer fields cannot say which of them is shifted.
_LEAST_FIELDS = 3
# Below this correlation the light does not say where the stain should be.
_LEAST_R = 0.3
# About a cell: residuals of a block are taken as one.
_BLOCK_PX = 48
_MOST_FITTED = 40
_FAR_PX, _TIMES = 1.0, 5.0
_Image = NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """Of one field: its stain lies `y_px` lower and `x_px` farther right than the other fields let expect.

    Attributes
    ----------
    y_px, x_px : float
        To a tenth of a pixel. All are NaN where the light does not say where the stain should be.
    r : float
        Correlation of the expected stain and the measured one, once moved back.
    error_px : float
        Standard error of the distance.
    """

    y_px: float
    x_px: float
    r: float
    error_px: float

    @property
    def distance_px(self) -> float:
        """Length of the shift."""
        return float(np.hypot(self.y_px, self.x_px))

    @property
    def is_certain(self) -> bool:
        """Whether it is longer than 1 px and five standard errors, which are measured too small by about half."""
        return self.distance_px > max(_FAR_PX, _TIMES * self.error_px)


_UNKNOWN = Shift(*(float("nan"),) * 4)


def shifts_of_fields(fields: Sequence[Field], *, scale: StainScale) -> list[Shift]:
    """The shift of each field's stain against its light, compared with the other fields.

    Where the stain should be is estimated by a linear regression on blurred light, its slopes and its local contrast,
    fitted to the other fields, at most 40; what is found to be shifted takes no part in the fit. A shift that all
    fields share is learned by network and regression alike and not seen.

    Parameters
    ----------
    fields
        With stains. With fewer than three nothing is known: all numbers are NaN.
    scale
        Of the stain in the training fields.
    """
    found = [_UNKNOWN] * len(fields)
    if len(fields) < _LEAST_FIELDS:
        return found
    chosen = np.unique(np.linspace(0, len(fields) - 1, min(len(fields), _MOST_FITTED)).astype(int)).tolist()
    sums = {number: _sums(*_cut(fields[number], scale=scale)) for number in chosen}
    while len(sums) >= _LEAST_FIELDS:
        for number in chosen:
            found[number] = _shift_of(fields[number], scale=scale, weights=_weights(sums, left_out=number))
        far = [number for number in sums if found[number].is_certain]
        if not far:
            break
        del sums[max((found[number].distance_px, number) for number in far)[1]]
    for number in set(range(len(fields))) - set(chosen):
        found[number] = _shift_of(fields[number], scale=scale, weights=_weights(sums, left_out=number))
    return found


def told_shifts(names: Sequence[str], found: Sequence[Shift]) -> list[str]:
    """A sentence for each field that is certainly shifted."""
    return [
        f"{name}: the stain lies {one.distance_px:.1f} px ({one.y_px:+.1f} down, {one.x_px:+.1f} right) from where the "
        "other fields let expect it. Align its channels before training, or leave it out."
        for name, one in zip(names, found, strict=True)
        if one.is_certain
    ]


def distance_between(expected: NDArray[np.floating], measured: NDArray[np.floating]) -> tuple[float, float]:
    """(y, x) by which the second image lies from the first, px, to a tenth; NaN where one of the two is constant."""
    images = [ndimage.gaussian_filter(image.astype(np.float64), 1) for image in (measured, expected)]
    if min(image.std() for image in images) == 0:
        return float("nan"), float("nan")
    # Borders fade, which would otherwise be an edge that never moves.
    rows, columns = (np.hanning(length + 2)[1:-1] for length in measured.shape)
    window = np.sqrt(rows[:, None] * columns[None, :])
    windowed = [(image - image.mean()) * window for image in images]
    shift, _, _ = phase_cross_correlation(*windowed, upsample_factor=_UPSAMPLING, normalization=None)
    return float(shift[0]), float(shift[1])


def _cut(field: Field, *, scale: StainScale) -> tuple[_Image, _Image]:
    """(k, Y, X) features of the light and (Y, X) stain, of the middle of a field."""
    y, x = (slice(max(length - _LARGEST_PX, 0) // 2, None) for length in field.planes.shape[1:])
    planes = relative_light(field.planes, window_px=_WINDOW_PX)[:, y, x][:, :_LARGEST_PX, :_LARGEST_PX]
    stain = np.asarray(field.stain)[y, x][:_LARGEST_PX, :_LARGEST_PX]
    target = stain.astype(np.float64) if scale.kind == "mask" else scale.value(stain).astype(np.float64)
    return np.stack([one for plane in planes for one in _features(plane.astype(np.float64))]), target


def _features(plane: _Image) -> list[_Image]:
    """A plane blurred, its slopes and curvatures, and its contrast on coarser scales."""
    found = []
    for sigma in _FINE_PX:
        blurred = ndimage.gaussian_filter(plane, sigma)
        found += [blurred, *(np.gradient(blurred, axis=axis) for axis in (0, 1)), ndimage.laplace(blurred)]
    square = plane**2
    for sigma in _COARSE_PX:
        mean = ndimage.gaussian_filter(plane, sigma)
        found.append(np.sqrt(np.maximum(ndimage.gaussian_filter(square, sigma) - mean**2, 0)))
    return found


def _sums(features: _Image, target: _Image) -> tuple[_Image, _Image]:
    """Products of the features, with a 1, among them and with the target: sums of fields are those of a regression."""
    rows = np.vstack([features.reshape(len(features), -1), np.ones((1, target.size))])
    return rows @ rows.T, rows @ target.ravel()


def _weights(sums: Mapping[int, tuple[_Image, _Image]], *, left_out: int) -> _Image:
    """Ridge regression over the fields other than the one left out."""
    used = [one for number, one in sums.items() if number != left_out]
    products, targets = (np.sum([one[place] for one in used], axis=0) for place in (0, 1))
    lengths = np.sqrt(np.maximum(np.diag(products), 1e-12))
    scaled = products / np.outer(lengths, lengths) + _RIDGE * np.eye(len(lengths))
    weights: _Image = np.linalg.solve(scaled, targets / lengths) / lengths
    return weights


def _shift_of(field: Field, *, scale: StainScale, weights: _Image) -> Shift:
    """Where a stain lies relative to what the other fields let expect; unknown where that is too unlike."""
    features, target = _cut(field, scale=scale)
    expected = np.tensordot(weights[:-1], features, axes=1) + weights[-1]
    y, x = distance_between(expected, target)
    if np.isnan(y):
        return _UNKNOWN
    moved = ndimage.gaussian_filter(ndimage.shift(expected, (y, x), order=1, mode="nearest"), 1)
    smooth = ndimage.gaussian_filter(target, 1)
    r = correlation(moved, smooth)
    return Shift(y, x, r, _error(moved, smooth)) if r >= _LEAST_R else _UNKNOWN


def _error(moved: _Image, target: _Image) -> float:
    """Standard error of a shift: that of least squares along the slopes of the image, residuals summed block by block,
    since those of one nucleus are alike.
    """
    slope, offset = np.polyfit(moved.ravel(), target.ravel(), 1)
    residual = target - slope * moved - offset
    rows, columns = (np.arange(length) // _BLOCK_PX for length in target.shape)
    block = (rows[:, None] * (int(columns[-1]) + 1) + columns[None, :]).ravel()
    variance = 0.0
    for axis in (0, 1):
        edge = slope * np.gradient(moved, axis=axis)
        found = np.bincount(block, weights=(edge * residual).ravel())
        variance += float((found**2).sum() / max((edge**2).sum(), 1e-12) ** 2)
    return float(np.sqrt(variance))
