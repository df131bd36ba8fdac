"""Pixels of a well to one crop and one row per cell, in one pass.

Masking the pixel table once per object reads it as often as there are objects. Here the table's runs (neighbouring
rows of one object) are sorted instead: a well in raster order has some hundred runs per nucleus, whatever the number
of pixels, and each intensity is then read once. Cells come in the order of their first pixels, so a file in raster
order is read from start to end, and only the band that the current cells span is in memory.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard
from wellspring.cells.tables import CELLS, MEAN_PREFIX
from wellspring.errors import InputError
from wellspring.raw.pixels import PixelTable
from wellspring.tables import check_table

__all__ = ["cell_size_ratio", "crops_of", "extract_cells", "mean_above_background"]

# Memory-mapped bytes after which the pages are handed back, so that a large well never fills the memory.
_RELEASE_BYTES = 1 << 25
# Pixels side by side in one row of a sum, so that numpy's inner loops are long; and rows of a sum, which are counted in
# 8 bits.
_GROUP = 32
_BLOCK = 128
_LARGEST = int(np.iinfo(np.uint16).max)
_GEOMETRY = ["object_id", "n_px", "y_min", "x_min", "height_px", "width_px"]


@dataclass(frozen=True)
class _Runs:
    """Neighbouring rows of the pixel table that belong to one object, sorted by object, then by position.

    `start` and `length` are (n_runs,); `object_id` is (n_objects,); `first_of` is (n_objects + 1,): each object's
    first run, and the end.
    """

    start: NDArray[np.integer]
    length: NDArray[np.integer]
    object_id: NDArray[np.integer]
    first_of: NDArray[np.integer]


def extract_cells(table: PixelTable, shard: Path, *, plate: str, well: str, image_size: int) -> pd.DataFrame:
    """Write the crops of all cells of a well to `shard` and return their table, in the same order.

    Parameters
    ----------
    table
        The well's pixels, in any order.
    shard
        File to write.
    plate, well
        The cells' key, together with their object_id.
    image_size
        Side in px of the square image that a model will see.

    Returns
    -------
    DataFrame
        `CELLS` in the order of the cells' first pixels, then ``mean_<channel>`` (float64, mean of the measured
        pixels above background) and the annotations of ``table.objects``. A well without cells makes no rows and an
        empty shard.

    Raises
    ------
    ValueError
        When an object has a pixel twice, when pixels and objects do not have the same ids, or when an annotation
        has the name of a computed column.
    OSError
        When the disk is full; no shard is left behind.
    """
    mean_names = [f"{MEAN_PREFIX}{name}" for name in table.channels]
    runs = _runs_by_object(table.object_id)
    _check_objects(table, runs, computed=[*CELLS.names, *mean_names])
    header = ShardHeader(plate=plate, well=well, channels=table.channels, background=table.background)
    geometry: list[tuple[int, ...]] = []
    means: list[NDArray[np.float64]] = []

    def measured() -> Iterator[Crop]:
        for crop in _crops(table, runs):
            geometry.append((crop.object_id, len(crop.pixels), crop.y_min, crop.x_min, crop.height, crop.width))
            means.append(mean_above_background(crop.pixels, table.background))
            yield crop

    write_shard(shard, measured(), header=header)
    cells = pd.DataFrame(np.array(geometry, dtype=np.int64).reshape(-1, len(_GEOMETRY)), columns=_GEOMETRY)
    sides = cells[["height_px", "width_px"]].to_numpy().max(axis=1, initial=0)
    ratios = np.array([cell_size_ratio(int(side), image_size=image_size) for side in sides], dtype=np.float64)
    cells = cells.assign(plate=plate, well=well, cell_size_ratio=ratios, is_cropped=sides > image_size)
    values = pd.DataFrame(np.array(means, dtype=np.float64).reshape(-1, len(mean_names)), columns=mean_names)
    cells = pd.concat([cells, values], axis=1)
    cells = cells.merge(table.objects, on="object_id", how="left", validate="one_to_one")
    return check_table(cells, CELLS, source=table.source)


def crops_of(table: PixelTable) -> Iterator[Crop]:
    """The crops of a well, one by one, in the order of their first pixels; each crop's pixels are in raster order.

    Raises
    ------
    ValueError
        When an object has a pixel more than once, or spans more than 65,535 px.
    """
    return _crops(table, _runs_by_object(table.object_id))


def _crops(table: PixelTable, runs: _Runs) -> Iterator[Crop]:
    pixels = np.asarray(table.pixels)
    since_release = 0
    for place in np.argsort(runs.start[runs.first_of[:-1]]):
        own = slice(*runs.first_of[place : place + 2])
        rows = _expanded(runs.start[own], runs.length[own])
        crop = _crop(table, pixels, rows, object_id=int(runs.object_id[place]))
        yield crop
        since_release += crop.pixels.nbytes
        if since_release >= _RELEASE_BYTES:
            _release(table.pixels)
            since_release = 0


def mean_above_background(pixels: NDArray[np.uint16], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over pixels of ``max(pixels - background, 0)``, in float64.

    The integer part of the background is subtracted and summed in integers, its fraction once per pixel above it, so
    the sums are exact. That is also faster than float64 arithmetic pixel by pixel.

    Parameters
    ----------
    pixels : (n_px, n_channels) uint16
        At least one row.
    background : (n_channels,) float64
        0 or more.

    Returns
    -------
    (n_channels,) float64
    """
    n_px, n_channels = pixels.shape
    whole = np.minimum(background, _LARGEST).astype(np.uint16)
    total, n_above = np.zeros(n_channels, dtype=np.uint64), np.zeros(n_channels, dtype=np.uint64)
    n_grouped = n_px - n_px % _GROUP
    for part, size in ((pixels[:n_grouped], _GROUP), (pixels[n_grouped:], 1)):
        rows, floor = part.reshape(-1, size * n_channels), np.tile(whole, size)
        for first in range(0, len(rows), _BLOCK):
            above = np.maximum(rows[first : first + _BLOCK], floor) - floor
            total += above.sum(axis=0, dtype=np.uint32).reshape(size, n_channels).sum(axis=0)
            some = (above > 0).view(np.uint8).sum(axis=0, dtype=np.uint8)
            n_above += some.reshape(size, n_channels).sum(axis=0)
    mean: NDArray[np.float64] = (total - (background - whole) * n_above) / n_px
    return mean


def cell_size_ratio(side_px: int, *, image_size: int) -> float:
    """Share of the image's side that the cell takes: 1 - 2 * smallest margin / image_size.

    The cell lies in the middle, so its smallest margin is half of what its longer side `side_px` leaves, rounded
    down. A cell that fills or exceeds the image has 1. (Becker 2021 writes 2 * margin / image_size; its code, and
    every figure in it, uses the complement, as here.)
    """
    margin = max((image_size - side_px) // 2, 0)
    return 1 - 2 * margin / image_size


def _runs_by_object(object_id: NDArray[np.integer]) -> _Runs:
    if len(object_id) == 0:
        none = np.zeros(0, dtype=np.int64)
        return _Runs(start=none, length=none, object_id=none, first_of=np.zeros(1, dtype=np.int64))
    start = np.concatenate([[0], np.flatnonzero(object_id[1:] != object_id[:-1]) + 1])
    length = np.diff(start, append=len(object_id))
    order = np.argsort(object_id[start], kind="stable")
    ids = object_id[start[order]]
    first_of = np.concatenate([[0], np.flatnonzero(ids[1:] != ids[:-1]) + 1, [len(ids)]])
    return _Runs(start=start[order], length=length[order], object_id=ids[first_of[:-1]], first_of=first_of)


def _expanded(start: NDArray[np.integer], length: NDArray[np.integer]) -> NDArray[np.int64]:
    """The rows of several runs, one run after the other."""
    before = np.cumsum(length) - length
    return np.repeat(start - before, length) + np.arange(length.sum())


def _crop(table: PixelTable, pixels: NDArray[np.uint16], rows: NDArray[np.int64], *, object_id: int) -> Crop:
    y, x = table.y[rows], table.x[rows]
    y_min, x_min = int(y.min()), int(x.min())
    y, x = y - y_min, x - x_min
    height, width = int(y.max()) + 1, int(x.max()) + 1
    if max(height, width) > _LARGEST:
        raise InputError(
            f"{table.source}: expected objects of at most {_LARGEST} px a side, but object {object_id} spans "
            f"{height} x {width} px. Look whether its id is used by several objects."
        )
    place = y.astype(np.int64) * width + x
    if (np.diff(place) <= 0).any():
        order = np.argsort(place, kind="stable")
        rows, place, y, x = rows[order], place[order], y[order], x[order]
        again = np.flatnonzero(np.diff(place) == 0)
        if len(again):
            first = again[0]
            raise InputError(
                f"{table.source}: expected every pixel of an object once, but object {object_id} has {len(again)} more "
                f"than once; the first: y = {y[first] + y_min}, x = {x[first] + x_min}. Remove the repeated rows."
            )
    run_y, run_x, run_length = runs_of(y, x)
    return Crop(
        object_id=object_id,
        y_min=y_min,
        x_min=x_min,
        height=height,
        width=width,
        run_y=run_y,
        run_x=run_x,
        run_length=run_length,
        pixels=pixels.take(rows, axis=0),
    )


def _release(pixels: NDArray[np.uint16]) -> None:
    """Hand the pages of a memory-mapped array back; they are read again from the file where needed."""
    mapped: object = pixels.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _check_objects(table: PixelTable, runs: _Runs, *, computed: list[str]) -> None:
    clashing = sorted(set(table.objects.columns) & set(computed) - {"object_id"})
    if clashing:
        raise InputError(
            f"{table.source}: the annotations {clashing} have names of columns that the cell table computes. "
            "Rename them in the sheet or in the well's metadata."
        )
    odd = np.setxor1d(table.objects["object_id"].to_numpy(), runs.object_id)
    if len(odd):
        raise InputError(
            f"{table.source}: expected the same ids in pixels and objects, but {len(odd)} are on one side only; the "
            f"first: {odd[:5].tolist()}. Correct the file that lists the objects."
        )
