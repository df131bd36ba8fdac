"""What is no nuclei and looks like them: stripes, and a background that is as lumpy as what was found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.intensities import log_scale

__all__ = ["lumpiness", "stripe_height", "stripedness", "without_stripes"]

_GRID = Grid(2)
# In diameters: the blur that leaves the objects' own scale, and the background that lies off their edges.
_BLUR, _OFF_EDGES, _LEAST_OFF_PX = 0.125, 0.15, 2.0
# The background is judged where it is a fiftieth of the field at least.
_LEAST_OFF = 0.02
# The usual stripes differ by so many standard deviations of the noise that their medians have.
_LEAST_STRIPES = 5.0
# The darkest tenth of lines differs by half as much as the median at least where lines are stripes from end to end.
_LOW, _THROUGHOUT = 0.1, 0.5
# Lines of a quarter of the shorter side are long enough.
_LONG = 4
_MAD = 1.4826

_Values = NDArray[np.float32]


def stripedness(stain: _Values, *, diameter_px: float) -> float:
    """Share of the squared gradients that points along one line only, in neighbourhoods a few objects wide.

    1 of stripes in any direction, 0 where edges point all ways alike, as those of nuclei do: of stripes and nuclei
    together the stripes' share. It is the coherence of the structure tensor (Bigün & Granlund, ICCV 1987), weighted
    with its trace. Long objects that lie the same way have it too.

    Parameters
    ----------
    stain : (Y, X) float32
    diameter_px
        Of a typical object; above 0.

    Returns
    -------
    float
        0 of an even image.
    """
    step = max(1, int(_BLUR * diameter_px))
    products = _products(stain, diameter_px=diameter_px, step=step)
    if products is None:
        return 0.0
    rows, columns, both = (_GRID.blurred(one, diameter_px / step) for one in products)
    total = float((rows + columns).sum())
    return float(np.hypot(rows - columns, 2 * both).sum()) / total if total > 0 else 0.0


def _products(stain: _Values, *, diameter_px: float, step: int) -> tuple[_Values, _Values, _Values] | None:
    """Products of the gradients along rows and columns; None of an image that is too small."""
    smooth = _GRID.blurred(stain, max(1.0, _BLUR * diameter_px))[::step, ::step]
    if min(smooth.shape) < 2:
        return None
    rows, columns = (np.asarray(one, dtype=np.float32) for one in np.gradient(smooth))
    return np.square(rows), np.square(columns), np.multiply(rows, columns)


def stripe_height(stain: _Values, *, diameter_px: float) -> float:
    """How much the darkest tenth of lines across the field differs (10 to 90 %), in the direction that most edges have.

    Objects that cover less than nine tenths of a line leave no trace in it, whichever way they lie.

    Parameters
    ----------
    stain : (Y, X) float32
    diameter_px
        Of a typical object; above 0.
    """
    smooth = _GRID.blurred(stain, max(1.0, _BLUR * diameter_px))
    found = _line_medians(smooth, angle=_direction(stain, diameter_px=diameter_px))
    return float(np.subtract(*np.percentile(found.lows, [90, 10]))) if len(found.lows) else 0.0


def without_stripes(image: NDArray[np.number], *, diameter_px: float) -> _Values | None:
    """An image less the median of each line: of columns, of rows, or along most edges, whichever differ most.

    What covers less than half of a line does not change its median. None where the medians hardly differ, or far more
    than the darkest tenth of the lines: that would be rows of objects.

    Parameters
    ----------
    image : (Y, X), uint or float
    diameter_px
        Of a typical object; above 0.
    """
    values = image.astype(np.float32)
    if min(values.shape) < 2:
        return None
    angles = (0.0, np.pi / 2, _direction(values, diameter_px=diameter_px))
    every = [_line_medians(values, angle=angle) for angle in angles]
    best = every[int(np.argmax([_spread(one.lows) if len(one.lows) else 0.0 for one in every]))]
    if len(best.medians) == 0:
        return None
    rest = values - np.interp(best.across, best.places, best.medians).astype(np.float32)
    # A median of n values is 1.25 times as uncertain as their mean.
    error = 1.2533 * _spread(rest) / np.sqrt(min(values.shape))
    spread = _spread(best.medians)
    return rest if spread > _LEAST_STRIPES * error and _spread(best.lows) > _THROUGHOUT * spread else None


def _direction(stain: _Values, *, diameter_px: float) -> float:
    """Angle of the line, from that along x towards that along y, across which the image changes most."""
    products = _products(stain, diameter_px=diameter_px, step=1)
    if products is None:
        return 0.0
    rows, columns, both = (float(one.sum(dtype=np.float64)) for one in products)
    return float(np.arctan2(2 * both, columns - rows) / 2)


@dataclass(frozen=True)
class _Lines:
    """Where each pixel lies across the lines, px; places of long enough lines, their medians and darkest tenths."""

    across: NDArray[np.float32]
    places: NDArray[np.float64]
    medians: NDArray[np.float64]
    lows: NDArray[np.float64]


def _line_medians(values: _Values, *, angle: float) -> _Lines:
    """Of lines of one pixel's width, across this direction, that have a quarter of the shorter side at least."""
    y, x = np.indices(values.shape, dtype=np.float32)
    across = np.asarray(np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y)
    line = np.rint(across).astype(np.int64).ravel()
    line -= line.min()
    order = np.argsort(line, kind="stable")
    ends = np.cumsum(np.bincount(line))
    parts = np.split(values.ravel()[order], ends[:-1])
    is_long = np.array([_LONG * len(part) >= min(values.shape) for part in parts])
    quantiles = [np.quantile(part, (0.5, _LOW)) for part, long in zip(parts, is_long, strict=True) if long]
    medians, lows = np.array(quantiles, dtype=np.float64).reshape(-1, 2).T
    places = np.flatnonzero(is_long).astype(np.float64) + float(np.rint(across.min()))
    return _Lines(across, places, medians, lows)


def lumpiness(labels: NDArray[np.integer], stain: _Values) -> tuple[float, float]:
    """How much the background varies on the objects' own scale, over their height: of the stain, and of its logarithm.

    Of one normal population that is cut in two halves both are 0.26 to 0.35, since what is called background has lumps
    like those called objects; a background between nuclei is flat. The logarithm tells it of populations with a long
    tail. Noise that is left by the blur (an eighth of a diameter) is subtracted.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background.
    stain : (Y, X) float32
        In units of a pixel's noise.

    Returns
    -------
    tuple of float
        0 without objects, or where hardly any background lies off their edges.
    """
    n_px = np.bincount(labels.ravel())[1:]
    if not n_px.any():
        return 0.0, 0.0
    diameter = float(2 * np.sqrt(np.median(n_px[n_px > 0]) / np.pi))
    off = _GRID.distance(labels == 0) > max(_LEAST_OFF_PX, _OFF_EDGES * diameter)
    if off.mean() < _LEAST_OFF:
        return 0.0, 0.0
    blur = max(1.0, _BLUR * diameter)
    smooth = _GRID.blurred(stain, blur)
    scale = log_scale(smooth)
    noise = 1 / (2 * np.sqrt(np.pi) * blur)
    log_noise = noise / float(np.median(np.maximum(smooth[off] - scale.floor, 0)) + scale.offset)
    own = (n_px > 0).nonzero()[0] + 1
    return (
        _relative_lumps(smooth, labels, own, off=off, reach_px=diameter, noise=noise),
        _relative_lumps(scale.of(smooth), labels, own, off=off, reach_px=diameter, noise=log_noise),
    )


def _relative_lumps(
    values: _Values,
    labels: NDArray[np.integer],
    own: NDArray[np.integer],
    *,
    off: NDArray[np.bool_],
    reach_px: float,
    noise: float,
) -> float:
    """Spread of the background around its own mean nearby, without the noise, over the median object's height."""
    weight = off.astype(np.float32)
    middle = np.float32(np.median(values[off]))
    around = _GRID.blurred((values - middle) * weight, reach_px) / (_GRID.blurred(weight, reach_px) + np.float32(1e-3))
    rest = values - middle - around
    height = float(np.median(quantile_of_parts(rest, labels, quantile=0.5)[own]))
    spread = np.sqrt(max(0.0, _spread(rest[off]) ** 2 - noise**2))
    return float(spread / height) if height > 0 else 0.0


def _spread(values: NDArray[np.floating]) -> float:
    """Robust standard deviation."""
    return _MAD * float(np.median(np.abs(values - np.median(values))))
