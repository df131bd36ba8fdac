"""The crop that a row of a table means: the right shard, and the right cell in it."""

from collections.abc import Sequence
from pathlib import Path

from wellspring.cells.shards import Buffer, Crop, Shard, shard_of_well
from wellspring.errors import InputError

__all__ = ["crop_of", "shard_path", "shard_with_channels"]


def shard_path(folder: Path, *, plate: str, well: str) -> Path:
    """Where the crop shard of a well lies: ``folder/plate/well.arrow``."""
    return Path(folder) / plate / f"{well}.arrow"


def shard_with_channels(path: Path, *, channels: Sequence[str]) -> Shard:
    """Open a shard that must have exactly these channels, in this order.

    Raises
    ------
    FileNotFoundError, ValueError
        When the shard is missing, unreadable, or of other channels.
    """
    shard = shard_of_well(path)
    if shard.header.channels != tuple(channels):
        raise InputError(
            f"{path}: expected the channels {list(channels)}, found {list(shard.header.channels)}. All wells of a "
            "dataset need the same channels in the same order: leave this well out, or crop it again."
        )
    return shard


def crop_of(shard: Shard, *, row: int, object_id: int, buffer: Buffer | None = None) -> Crop:
    """The crop at `row`, which must be the cell `object_id`; `buffer` is that of `Shard.read`.

    Raises
    ------
    ValueError
        When the shard has no such row, or another cell is there: table and shard are not of the same run.
    """
    crop = shard.read(row, buffer=buffer) if row < len(shard) else None
    if crop is None or crop.object_id != object_id:
        found = f"{len(shard)} cells only" if crop is None else f"cell {crop.object_id}"
        raise InputError(
            f"{shard.path}: expected cell {object_id} in row {row}, found {found}. The shard and the table are not "
            "of the same run: run the rules cells_crop and dataset_select of this well again."
        )
    return crop
