"""Crop shards: all cells of one well in one Arrow IPC file, one record batch per cell.

A shard stores the *measured* pixels only, pixel by pixel in raster order (so no byte is spent on the corners of the
bounding box), and the mask as horizontal runs. The file is memory-mapped, and cells are read by row, in any order.
A cell's pixels are one Blosc frame (bit shuffle, LZ4), which more than pays for the mask; everything else is plain.
Arrow could compress whole batches itself, but then every read sets up one decompressor for each of the small columns.
Blosc decodes a damaged frame without an error, so each frame is stored with its CRC-32, which costs almost nothing.
Intensities are raw uint16; the background to subtract is in the schema's metadata, with the channel names.
"""

import json
import zlib
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from imagecodecs import BLOSC, BloscError, blosc_decode, blosc_encode
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, is_of_well, replaced_when_whole

__all__ = ["Buffer", "Crop", "Shard", "ShardHeader", "runs_of", "shard_of_well", "write_shard"]

_SCHEMA = pa.schema(
    [
        pa.field("object_id", pa.int64()),
        pa.field("y_min", pa.int32()),
        pa.field("x_min", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("width", pa.int32()),
        pa.field("run_y", pa.list_(pa.uint16())),
        pa.field("run_x", pa.list_(pa.uint16())),
        pa.field("run_length", pa.list_(pa.uint16())),
        pa.field("pixels_crc32", pa.uint32()),
        pa.field("pixels", pa.binary()),
    ]
)
_SCALARS = ("object_id", "y_min", "x_min", "height", "width")
_RUNS = ("run_y", "run_x", "run_length")
_LARGEST = int(np.iinfo(np.uint16).max)
# Crops that may wait to be compressed. With one, the other thread would fall asleep and be woken for every crop.
_AHEAD = 4
_FORMAT = "wellspring-crops-1"


@dataclass(frozen=True)
class ShardHeader:
    """Whose crops these are: plate, well, channel names, and (n_channels,) float64 background per channel."""

    plate: str
    well: str
    channels: tuple[str, ...]
    background: NDArray[np.float64]


@dataclass(frozen=True)
class Crop:
    """One cell: its measured pixels and where they lie.

    Attributes
    ----------
    object_id : int
    y_min, x_min : int
        Upper left corner of the bounding box in the well's coordinates.
    height, width : int
        Size of the bounding box in px.
    run_y, run_x, run_length : (n_runs,) uint16
        The mask: horizontal runs in raster order, relative to the bounding box.
    pixels : (n_px, n_channels) uint16
        Raw intensities in the order of the runs. Read-only when it comes from a shard.
    """

    object_id: int
    y_min: int
    x_min: int
    height: int
    width: int
    run_y: NDArray[np.uint16]
    run_x: NDArray[np.uint16]
    run_length: NDArray[np.uint16]
    pixels: NDArray[np.uint16]

    @cached_property
    def flat_index(self) -> NDArray[np.int64]:
        """(n_px,) int64: position of each measured pixel in the raveled bounding box."""
        length = self.run_length.astype(np.int64)
        start = self.run_y.astype(np.int64) * self.width + self.run_x
        first = np.cumsum(length) - length
        return np.repeat(start - first, length) + np.arange(int(length.sum()))

    def mask(self) -> NDArray[np.bool_]:
        """(height, width) bool: the measured pixels."""
        mask = np.zeros(self.height * self.width, dtype=bool)
        mask[self.flat_index] = True
        return mask.reshape(self.height, self.width)

    def image(self) -> NDArray[np.uint16]:
        """(n_channels, height, width) uint16: the crop with zeros where nothing was measured."""
        image = np.zeros((self.height * self.width, self.pixels.shape[1]), dtype=np.uint16)
        image[self.flat_index] = self.pixels
        return np.moveaxis(image.reshape(self.height, self.width, -1), -1, 0)


def runs_of(y: NDArray[np.integer], x: NDArray[np.integer]) -> tuple[NDArray[np.uint16], ...]:
    """Horizontal runs (run_y, run_x, run_length), each (n_runs,) uint16, of pixels given in raster order.

    `y` and `x` are (n_px,) relative to the bounding box, sorted by (y, x) without repeats. No pixels, no runs.

    Raises
    ------
    ValueError
        When a coordinate does not fit 16 bits.
    """
    if len(y) == 0:
        none = np.empty(0, dtype=np.uint16)
        return none, none, none
    if max(y[-1], x.max()) > _LARGEST:
        raise InputError(
            f"expected an object of at most {_LARGEST + 1} px a side, but one spans {y[-1] + 1} x {x.max() + 1} px. "
            "Look whether its id is used by several objects."
        )
    new = np.flatnonzero((np.diff(y) != 0) | (np.diff(x) != 1)) + 1
    start = np.concatenate([[0], new])
    length = np.diff(np.concatenate([start, [len(y)]]))
    return y[start].astype(np.uint16), x[start].astype(np.uint16), length.astype(np.uint16)


def write_shard(path: Path, crops: Iterable[Crop], *, header: ShardHeader) -> None:
    """Write the crops of one well, in the order given, to `path`. No crops make a valid, empty shard.

    Raises
    ------
    ValueError
        When a crop's pixels do not have one column per channel.
    OSError
        When the disk is full; nothing is left behind.
    """
    metadata = {
        "format": _FORMAT,
        "plate": header.plate,
        "well": header.well,
        "channels": json.dumps(list(header.channels)),
        "background": json.dumps([float(b) for b in header.background]),
    }
    schema = _SCHEMA.with_metadata(metadata)
    with (
        replaced_when_whole(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        _write_all(writer, crops, schema=schema, n_channels=len(header.channels))


def _write_all(writer: pa.RecordBatchFileWriter, crops: Iterable[Crop], *, schema: pa.Schema, n_channels: int) -> None:
    """Write the crops in order, each compressed by a second thread while the next ones are made."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        pending: deque[Future[pa.RecordBatch]] = deque()
        for crop in crops:
            pending.append(worker.submit(_batch, crop, schema=schema, n_channels=n_channels))
            if len(pending) > _AHEAD:
                writer.write_batch(pending.popleft().result())
        for future in pending:
            writer.write_batch(future.result())


def _batch(crop: Crop, *, schema: pa.Schema, n_channels: int) -> pa.RecordBatch:
    if crop.pixels.ndim != 2 or crop.pixels.shape[1] != n_channels:
        raise InputError(f"crop {crop.object_id}: expected (n_px, {n_channels}) pixels, got {crop.pixels.shape}.")
    frame = _compressed(crop.pixels)
    pixels = [pa.array([zlib.crc32(frame)], type=pa.uint32()), pa.array([frame], type=pa.binary())]
    columns = [pa.array([getattr(crop, name)], type=schema.field(name).type) for name in (*_SCALARS, *_RUNS)]
    return pa.record_batch([*columns, *pixels], schema=schema)


def _compressed(pixels: NDArray[np.uint16]) -> bytes | bytearray:
    """A Blosc frame. Without the bit shuffle, LZ4 finds nothing in the noisy lower bits of microscope images."""
    raw = np.ascontiguousarray(pixels, dtype="<u2")
    shuffle = BLOSC.SHUFFLE.BITSHUFFLE
    # The annotations of imagecodecs leave out the arrays that it takes, here and below.
    return blosc_encode(raw, level=5, compressor="lz4", shuffle=shuffle, typesize=2, numthreads=1)  # type: ignore[arg-type]


class Buffer:
    """Memory used over and over, since finding fresh memory for each crop takes as long as filling it."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, dtype=np.uint8)

    def of(self, n_bytes: int) -> NDArray[np.uint8]:
        """(n_bytes,) uint8 without defined values, valid until the next call."""
        if self._bytes.size < n_bytes:
            self._bytes = np.empty(n_bytes, dtype=np.uint8)
        return self._bytes[:n_bytes]


def _decompressed(frame: pa.Buffer, *, crc32: int, into: NDArray[np.uint8]) -> NDArray[np.uint16]:
    if zlib.crc32(frame) != crc32:
        raise InputError("its pixels are not those that were written")
    raw = blosc_decode(np.frombuffer(frame, dtype=np.uint8), numthreads=1, out=into)  # type: ignore[arg-type]
    return np.frombuffer(raw, dtype="<u2")


class Shard:
    """A crop shard opened for reading (memory-mapped). `len(shard)` is the number of cells.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, truncated, or not a crop shard.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        with as_readable(self.path, expected="an Arrow crop shard"):
            # One thread: a cell is one compressed buffer, and handing it to a pool costs more than it saves.
            options = pa.ipc.IpcReadOptions(use_threads=False)
            self._reader = pa.ipc.open_file(pa.memory_map(str(self.path), "r"), options=options)
        metadata = {k.decode(): v.decode() for k, v in (self._reader.schema.metadata or {}).items()}
        if metadata.get("format") != _FORMAT:
            raise InputError(
                f"{self.path}: expected a crop shard of format {_FORMAT!r}, found {metadata.get('format')!r}. "
                "Run the rule cells_crop of this well again."
            )
        self.header = ShardHeader(
            plate=metadata["plate"],
            well=metadata["well"],
            channels=tuple(json.loads(metadata["channels"])),
            background=np.asarray(json.loads(metadata["background"]), dtype=np.float64),
        )

    def __len__(self) -> int:
        """Number of cells."""
        return int(self._reader.num_record_batches)

    def read(self, row: int, *, buffer: Buffer | None = None) -> Crop:
        """The crop at `row` (0-based, the order of the well's cell table).

        With a `buffer`, the crop's pixels lie in it and are valid until it is used again.

        Raises
        ------
        IndexError
            When there is no such row.
        ValueError
            When the file is damaged there.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"{self.path}: expected a row from 0 to {len(self) - 1}, got {row}.")
        try:
            batch = self._reader.get_batch(row)
            run_y, run_x, run_length = (batch.column(name).values.to_numpy() for name in _RUNS)
            shape = int(run_length.sum(dtype=np.int64)), len(self.header.channels)
            into = (buffer or Buffer()).of(2 * shape[0] * shape[1])
            crc32 = batch.column("pixels_crc32")[0].as_py()
            pixels = _decompressed(batch.column("pixels")[0].as_buffer(), crc32=crc32, into=into).reshape(shape)
        except (ValueError, OSError, BloscError) as error:
            raise InputError(
                f"{self.path}: crop {row} cannot be read ({error}). Run the rule cells_crop of this well again."
            ) from error
        object_id, y_min, x_min, height, width = (int(batch.column(name)[0].as_py()) for name in _SCALARS)
        return Crop(object_id, y_min, x_min, height, width, run_y, run_x, run_length, pixels)


def shard_of_well(path: Path) -> Shard:
    """Open the shard of the well that its path names, ``plate/well.arrow``.

    Raises
    ------
    FileNotFoundError, ValueError
        When the shard is missing, unreadable, or of another well.
    """
    shard = Shard(path)
    if not is_of_well(shard.path, plate=shard.header.plate, well=shard.header.well):
        raise InputError(
            f"{path}: expected the crops of the well that the path names, but they are those of "
            f"{shard.header.plate}/{shard.header.well}: it was put in the place of another. Remove it and run again."
        )
    return shard
