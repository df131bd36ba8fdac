"""Maps of large images, tile by tile, that equal those of the whole image."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["map_of_image", "maps_of_image", "receptive_margin_px"]

_Planes = NDArray[np.float32]


def receptive_margin_px(*, n_levels: int, n_convolutions: int = 2) -> int:
    """How far from a pixel of a U-Net's map lie the pixels that it depends on, rounded up to the network's grid.

    Counted from the last convolution back to the image: on each level, on the way down and up, `n_convolutions` of
    3 x 3; poolings and transposed convolutions of 2 x 2, whose blocks lie on a grid. The largest of all positions on
    that grid counts.

    Returns
    -------
    int
        A multiple of 2 to the power of `n_levels`; 96 px with 4 levels, 2 convolutions (92 without the grid).
    """
    step = 2**n_levels
    reach = 0
    for position in range(step):
        first = last = position
        for _ in range(n_levels):
            first, last = (first - n_convolutions) // 2, (last + n_convolutions) // 2
        first, last = first - n_convolutions, last + n_convolutions
        for _ in range(n_levels):
            first, last = 2 * first - n_convolutions, 2 * last + 1 + n_convolutions
        reach = max(reach, position - first, last - position)
    return int(-(-reach // step) * step)


def map_of_image(
    predict: Callable[[_Planes], NDArray[np.floating]],
    planes: NDArray[np.number],
    *,
    margin_px: int,
    step_px: int,
    tile_px: int = 512,
    batch_size: int = 1,
    origin_px: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """The one map of an image, (Y, X) float32, as of `maps_of_image`."""
    maps = maps_of_image(
        predict,
        planes,
        margin_px=margin_px,
        step_px=step_px,
        tile_px=tile_px,
        batch_size=batch_size,
        origin_px=origin_px,
    )
    return maps[..., 0]


def maps_of_image(
    predict: Callable[[_Planes], NDArray[np.floating]],
    planes: NDArray[np.number],
    *,
    margin_px: int,
    step_px: int,
    tile_px: int = 512,
    batch_size: int = 1,
    origin_px: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """The maps of an image, computed in tiles of which only the middle is kept.

    The image is continued by reflection, so that a pixel at the border sees tissue and no black frame. Every kept pixel
    has all pixels around it that it depends on: the result does not depend on tile, batch and grid beyond the rounding
    of float32, and memory does not depend on the size of the image.

    Parameters
    ----------
    predict
        A batch (B, S, T, P) float32 to (B, S, T) or (B, S, T, M): a network without batch statistics whose maps depend
        on `margin_px` around a pixel, at most.
    planes : (P, Y, X)
    margin_px, step_px
        Multiples of `step_px`, on whose grid the network pools.
    tile_px
        Longest side of the kept middle, rounded up to a multiple of `step_px`. Tiles are as even as can be, so that
        the last ones are not mostly beyond the image.
    origin_px
        By how much the grid of tiles begins before the image, (y, x); rounded down to `step_px`.

    Returns
    -------
    (Y, X, M) float32

    Raises
    ------
    ValueError
        When there are not three axes or no pixels, or a size is below 1.
    """
    if planes.ndim != 3 or min(planes.shape) < 1 or tile_px < 1 or batch_size < 1 or margin_px % step_px:
        raise InputError(
            f"tiles: expected planes (P, Y, X) with pixels, tile and batch of 1 or more and a margin on a grid of "
            f"{step_px} px, got {planes.shape}, {tile_px}, {batch_size}, {margin_px}."
        )
    shape = planes.shape[1:]
    before = [value // step_px * step_px for value in origin_px]
    most = -(-tile_px // step_px)
    sides = [
        _even(-(-(length + start) // step_px), most) * step_px for length, start in zip(shape, before, strict=True)
    ]
    result: NDArray[np.float32] | None = None
    for starts in _batches(shape, before=before, sides=sides, size=batch_size):
        batch = np.stack([_tile(planes, start, sides=sides, margin=margin_px) for start in starts])
        maps = np.asarray(predict(batch)).reshape(*batch.shape[:3], -1)
        if result is None:
            result = np.empty((*shape, maps.shape[-1]), dtype=np.float32)
        for (y, x), own in zip(starts, maps, strict=True):
            kept = own[margin_px : margin_px + sides[0], margin_px : margin_px + sides[1]]
            top, left = max(-y, 0), max(-x, 0)
            target = result[max(y, 0) : y + sides[0], max(x, 0) : x + sides[1]]
            target[...] = kept[top : top + target.shape[0], left : left + target.shape[1]]
    return np.empty((*shape, 0), dtype=np.float32) if result is None else result


def _even(needed: int, most: int) -> int:
    """The side of the fewest tiles of `most` or less that cover `needed`, all in steps of the grid."""
    return -(-needed // -(-needed // most))


def _batches(
    shape: tuple[int, ...], *, before: list[int], sides: list[int], size: int
) -> Iterator[list[tuple[int, int]]]:
    """Corners of the kept middles, in batches."""
    rows, columns = (range(-start, length, side) for start, length, side in zip(before, shape, sides, strict=True))
    corners = [(y, x) for y in rows for x in columns if y + sides[0] > 0 and x + sides[1] > 0]
    for first in range(0, len(corners), size):
        yield corners[first : first + size]


def _tile(planes: NDArray[np.number], start: tuple[int, int], *, sides: list[int], margin: int) -> _Planes:
    """(S, T, P) float32: the tile with its margin, what lies outside of the image reflected."""
    indices = [
        _reflected(np.arange(first - margin, first + side + margin), length)
        for first, side, length in zip(start, sides, planes.shape[1:], strict=True)
    ]
    return np.moveaxis(planes[:, indices[0][:, None], indices[1][None, :]], 0, -1).astype(np.float32)


def _reflected(index: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Indices continued by reflection at the centre of the border pixels, as often as needed."""
    if length == 1:
        return np.zeros_like(index)
    period = 2 * (length - 1)
    inside = np.mod(index, period)
    return np.where(inside < length, inside, period - inside)
