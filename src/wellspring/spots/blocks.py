"""Slow changes over a field, estimated from blocks that are larger than a spot and smaller than a cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = [
    "PLACES",
    "BlockMap",
    "block_medians",
    "block_places",
    "block_values",
    "even_map",
    "in_blocks",
    "lines_of",
]

# Blocks of 8 sigma hold a spot's light in a tenth of their area, so the median does not see it; 4 x 4 places give it to
# a third of a pixel's noise.
_BLOCK_SIGMAS, PLACES = 8.0, 4
_ROW = np.dtype((np.void, 4 * PLACES))


@dataclass(frozen=True)
class BlockMap:
    """A quantity known in each block of each plane.

    Attributes
    ----------
    values : (Z, rows of blocks, columns of blocks) float32
        One plane for an image without z.
    shape : tuple of int
        Shape of the image.
    """

    values: NDArray[np.float32]
    shape: tuple[int, ...]

    def at(self, points: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n,) float64 at (n, n_axes) pixels, linear between the blocks' centres."""
        places = np.asarray(points, dtype=np.float64)
        scale = np.array(self.values.shape[1:]) / np.array(self.shape[-2:])
        plane = (places[:, -2:] + 0.5) * scale - 0.5
        z = places[:, 0] if len(self.shape) == 3 else np.zeros(len(places))
        here = np.stack([z, *plane.T])
        return np.asarray(ndimage.map_coordinates(self.values.astype(np.float64), here, order=1, mode="nearest"))

    def nearest(self, points: NDArray[np.integer]) -> NDArray[np.float32]:
        """(n,) float32 at (n, n_axes) pixels: of the block that each lies in."""
        rows, columns = (points[:, axis] * self.values.shape[axis] // self.shape[axis] for axis in (-2, -1))
        return np.asarray(self.values[points[:, 0] if len(self.shape) == 3 else 0, rows, columns])

    def least(self, box: Sequence[slice]) -> float:
        """Least value of `at` in a box of pixels, one slice with start and stop per axis."""
        blocks = [slice(box[0].start, box[0].stop)] if len(self.shape) == 3 else [slice(None)]
        for axis in (-2, -1):
            scale = self.values.shape[axis] / self.shape[axis]
            first, last = int(box[axis].start * scale - 0.5), int(np.ceil(box[axis].stop * scale + 0.5))
            blocks.append(slice(max(0, first), last))
        return float(self.values[tuple(blocks)].min())


def even_map(value: float, *, shape: tuple[int, ...]) -> BlockMap:
    """The same value everywhere."""
    return BlockMap(np.full((shape[0] if len(shape) == 3 else 1, 1, 1), value, dtype=np.float32), shape)


def block_places(shape: Sequence[int], *, sigma_px: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns to look at: 4 in each of the equal blocks along either axis of the plane."""

    def along(size: int, sigma: float) -> NDArray[np.int64]:
        n_places = PLACES * max(1, round(size / (_BLOCK_SIGMAS * sigma)))
        return np.minimum(((np.arange(n_places) + 0.5) * size / n_places).astype(np.int64), size - 1)

    return along(shape[-2], sigma_px[-2]), along(shape[-1], sigma_px[-1])


def block_values(
    image: NDArray[np.generic], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(Z, rows of blocks, columns of blocks, 16) float32: the image at the places in each block."""
    return in_blocks(lines_of(image, rows)[..., columns].astype(np.float32))


def lines_of(image: NDArray[np.generic], rows: NDArray[np.int64]) -> NDArray[np.generic]:
    """(Z, len(rows), X): rows of each plane."""
    return (image if image.ndim == 3 else image[None])[:, rows]


def in_blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(Z, rows of blocks, columns of blocks, 16) of (Z, rows, columns) values at the places of blocks."""
    n_planes, n_rows, n_columns = values.shape
    shape = (n_planes, n_rows // PLACES, PLACES, n_columns // PLACES)
    # The places of a block in a row are moved as one item.
    rows = np.ascontiguousarray(values, dtype=np.float32).view(_ROW).reshape(shape).swapaxes(2, 3)
    return np.ascontiguousarray(rows).view(np.float32).reshape(*rows.shape[:3], PLACES**2)


def block_medians(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(Z, rows of blocks, columns of blocks) float32 medians of `block_values`; faster than `np.median`."""
    middle = np.sort(values, axis=-1)[..., PLACES**2 // 2 - 1 : PLACES**2 // 2 + 1]
    return np.asarray(middle.mean(axis=-1), dtype=np.float32)
