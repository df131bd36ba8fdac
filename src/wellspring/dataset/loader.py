"""Batches of normalised images, straight from the crop shards.

Only NumPy, Arrow and imagecodecs are needed. Per batch, the work is one decompression, six passes of a nucleus through
the cache, and one write of the image.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.shards import Buffer, Crop, Shard
from wellspring.dataset.crops import crop_of, shard_path, shard_with_channels
from wellspring.errors import InputError

__all__ = ["CropLoader", "shuffled_indices"]

_ROW_PX = 128
_BLANK_ROWS = 8
_OPEN_SHARDS = 256


def shuffled_indices(n: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """The numbers 0 to n - 1 in an order drawn from `seed` and `epoch`: another order each epoch, the same each run."""
    return np.random.default_rng([seed, epoch]).permutation(n)


class CropLoader:
    """Makes batches of the cells of a manifest. Safe to share between threads, to fork, and to pickle.

    A batch is (B, S, S, n_channels) float32: the channels of the shards in their order, without `exclude_channel`,
    then the mask as the last channel. Measured pixels hold (min(max(raw - background, 0), clip) - shift) / scale and
    mask 1, all others 0. Crops are centred (upper and left margin rounded down); a crop larger than the image is cut
    centrally (the part cut off above and at the left rounded down). Values are computed in float32, with an error of
    at most 2e-7 of (raw + background + shift) / scale.

    Parameters
    ----------
    manifest
        `MANIFEST`; index i of `batch` is its i-th row.
    crops_folder
        Shards lie in ``crops_folder/plate/well.arrow``. They are opened when first needed, the 256 used last are
        kept open.
    normalization
        `NORMALIZATION`, one row per channel of the shards in their order.
    image_size
        Side S of the images, px.
    exclude_channel
        Left out of the images (the target); None keeps all.

    Attributes
    ----------
    channels : tuple of str
        The images' channels in order, without the mask.
    n_channels : int
        len(channels) + 1.

    Raises
    ------
    ValueError
        When `exclude_channel` is not among the channels.
    """

    def __init__(
        self,
        manifest: pd.DataFrame,
        *,
        crops_folder: Path,
        normalization: pd.DataFrame,
        image_size: int,
        exclude_channel: str | None,
    ) -> None:
        stored = tuple(str(name) for name in normalization["channel"])
        if exclude_channel is not None and exclude_channel not in stored:
            raise InputError(
                f"exclude_channel: expected a channel of the normalization, got {exclude_channel!r}; "
                f"there are {list(stored)}. Correct the target channel in the config."
            )
        self.channels = tuple(name for name in stored if name != exclude_channel)
        self.n_channels = len(self.channels) + 1
        self.image_size = image_size
        self._folder = Path(crops_folder)
        self._stored = stored
        self._excluded = None if exclude_channel is None else stored.index(exclude_channel)
        self._clip, self._shift, self._scale = (
            normalization[name].to_numpy(dtype=np.float64) for name in ("clip", "shift", "scale")
        )
        self._wells = list(zip(manifest["plate"].astype(str), manifest["well"].astype(str), strict=True))
        self._rows = manifest["row"].to_numpy(dtype=np.int64)
        self._object_ids = manifest["object_id"].to_numpy(dtype=np.int64)
        self._targets = manifest["target"].to_numpy(dtype=np.float32)
        self._open = lru_cache(maxsize=_OPEN_SHARDS)(self._opened)

    def __len__(self) -> int:
        """Number of cells."""
        return len(self._rows)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the open shards."""
        return {name: value for name, value in self.__dict__.items() if name != "_open"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Start again without open shards."""
        self.__dict__.update(state)
        self._open = lru_cache(maxsize=_OPEN_SHARDS)(self._opened)

    def batch(
        self, indices: Sequence[int] | NDArray[np.integer], *, out: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Images and targets of the cells at `indices`, in that order; a repeated index repeats its cell.

        Parameters
        ----------
        indices
            Rows of the manifest, 0 to len - 1. None give arrays of length 0.
        out
            C-contiguous (len(indices), S, S, n_channels) float32 to write the images into, instead of a new array;
            saves the system the work of finding fresh memory. Overwritten whole.

        Returns
        -------
        images : (B, S, S, n_channels) float32
        targets : (B,) float32

        Raises
        ------
        FileNotFoundError, ValueError
            When a shard is missing, unreadable, of other channels, or does not hold the manifest's cells; when `out`
            has another shape, dtype or layout.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        images = self._images(len(chosen), out=out)
        raw, ready = Buffer(), Buffer()
        for image, index in zip(images, chosen, strict=True):
            shard, affine = self._open(*self._wells[index])
            crop = crop_of(shard, row=int(self._rows[index]), object_id=int(self._object_ids[index]), buffer=raw)
            _place(image, crop, affine.normalised(crop.pixels, buffer=ready), is_blank=out is None)
        return images, self._targets[chosen]

    def _images(self, n: int, *, out: NDArray[np.float32] | None) -> NDArray[np.float32]:
        shape = (n, self.image_size, self.image_size, self.n_channels)
        if out is None:
            return np.zeros(shape, dtype=np.float32)
        if out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise InputError(
                f"out: expected a C-contiguous float32 array of shape {shape}, got {out.dtype} of shape {out.shape}. "
                "Make it with numpy.empty(shape, dtype=numpy.float32)."
            )
        return out

    def _opened(self, plate: str, well: str) -> tuple[Shard, "_Affine"]:
        path = shard_path(self._folder, plate=plate, well=well)
        shard = shard_with_channels(path, channels=self._stored)
        return shard, _Affine(
            background=shard.header.background,
            clip=self._clip,
            shift=self._shift,
            scale=self._scale,
            excluded=self._excluded,
        )


class _Affine:
    """Raw pixels to image pixels for one background: subtract, divide, cut at both ends, put the mask last.

    The bounds are applied after the division: (0 - shift) / scale and (clip - shift) / scale. The four vectors are
    repeated for `_ROW_PX` pixels, so that NumPy runs over long rows instead of one short one per pixel.
    """

    def __init__(
        self,
        *,
        background: NDArray[np.float64],
        clip: NDArray[np.float64],
        shift: NDArray[np.float64],
        scale: NDArray[np.float64],
        excluded: int | None,
    ) -> None:
        vectors = np.stack([background + shift, 1 / scale, -shift / scale, (clip - shift) / scale])
        seen = np.arange(len(background)) != excluded
        mask = [0, 1, -np.inf, np.inf]
        self._excluded = excluded
        self._width = int(seen.sum()) + 1
        self._vectors = [
            np.tile(vector.astype(np.float32), _ROW_PX) for vector in np.column_stack([vectors[:, seen], mask])
        ]

    def normalised(self, pixels: NDArray[np.uint16], *, buffer: Buffer) -> NDArray[np.float32]:
        """(n_px, width) float32, in `buffer`."""
        n_px, stored = pixels.shape
        n_whole = -(-n_px // _ROW_PX) * _ROW_PX
        padded = buffer.of(4 * n_whole * self._width).view(np.float32).reshape(n_whole, self._width)
        padded[n_px:] = 0
        values = padded[:n_px]
        # All channels at once, then once more those after the excluded one, a place further left: that is quicker
        # than the two sides of the excluded one apart.
        np.copyto(values[:, :stored], pixels)
        if self._excluded is not None:
            np.copyto(values[:, self._excluded : -1], pixels[:, self._excluded + 1 :])
        values[:, -1] = 1
        long_rows = padded.reshape(-1, _ROW_PX * self._width)
        offset, factor, low, high = self._vectors
        np.subtract(long_rows, offset, out=long_rows)
        np.multiply(long_rows, factor, out=long_rows)
        np.maximum(long_rows, low, out=long_rows)
        np.minimum(long_rows, high, out=long_rows)
        return values


def _place(image: NDArray[np.float32], crop: Crop, values: NDArray[np.float32], *, is_blank: bool) -> None:
    """Copy the pixels of a crop, run by run, to the middle of `image` (S, S, width), which is blanked on the way.

    Rows are blanked, a few at a time, just before pixels go there: they are still in the processor's cache then.
    """
    size = len(image)
    top, left = _margin(size, crop.height), _margin(size, crop.width)
    length = crop.run_length.astype(np.int64)
    row = crop.run_y.astype(np.int64) + top
    begin = crop.run_x.astype(np.int64) + left
    source = np.cumsum(length) - length - begin
    end = np.minimum(begin + length, size)
    begin = np.maximum(begin, 0)
    inside = (row >= 0) & (row < size) & (begin < end)
    rows = image.view(np.uint8)
    n_blank = size if is_blank else 0
    for y, x0, x1, shift in np.column_stack([row, begin, end, source])[inside].tolist():
        if y >= n_blank:
            rows[n_blank : y + _BLANK_ROWS].fill(0)
            n_blank = y + _BLANK_ROWS
        image[y, x0:x1] = values[shift + x0 : shift + x1]
    rows[n_blank:].fill(0)


def _margin(size: int, extent: int) -> int:
    """Empty px before the crop; negative: px of the crop that are cut off. Rounded towards 0."""
    return (size - extent) // 2 if extent <= size else -((extent - size) // 2)
