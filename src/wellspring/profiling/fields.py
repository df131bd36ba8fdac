"""Fields ready to be embedded: corrected images of the kept sites, shrunk; and the set of all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.files import as_readable, replaced_when_whole
from wellspring.quality.images import CorrectedSite

__all__ = ["NO_FIELDS", "Fields", "read_fields", "standardized", "well_fields", "write_fields"]

NO_FIELDS = (
    "profiling: expected at least one field, but no site is left. Look at results/quality/sites.parquet, and raise "
    "quality.max_z or set quality.flagged_sites: keep."
)


@dataclass(frozen=True)
class Fields:
    """Fields of one or many wells.

    Attributes
    ----------
    keys : DataFrame
        Columns plate, well, site; a row per field.
    images : (n, n_channels, S, S) uint16
    channels : tuple of str
    """

    keys: pd.DataFrame
    images: NDArray[np.uint16]
    channels: tuple[str, ...]


def well_fields(
    sites: Iterable[CorrectedSite], *, key: tuple[str, str], kept: Sequence[str], channels: Sequence[str], size_px: int
) -> Fields:
    """The kept sites of a well, cropped to the central square and shrunk by area to `size_px`.

    A well without kept sites gives no fields. Fields smaller than `size_px` are enlarged.
    """
    images, names = [], []
    for one in sites:
        if one.site not in kept:
            continue
        side = min(one.image.shape[1:])
        y, x = ((length - side) // 2 for length in one.image.shape[1:])
        square = one.image[:, y : y + side, x : x + side]
        images.append([cv2.resize(plane, (size_px, size_px), interpolation=cv2.INTER_AREA) for plane in square])
        names.append(one.site)
    keys = pd.DataFrame({"plate": key[0], "well": key[1], "site": pd.Series(names, dtype="str")})
    stack = np.array(images, dtype=np.uint16).reshape(len(names), len(channels), size_px, size_px)
    return Fields(keys, stack, tuple(channels))


def write_fields(path: Path, fields: Fields) -> None:
    """Write the fields of a well to one NPZ file."""
    arrays: dict[str, Any] = {name: fields.keys[name].to_numpy(dtype=np.str_) for name in fields.keys.columns}
    with replaced_when_whole(path) as temporary:
        np.savez(temporary, images=fields.images, channels=np.array(fields.channels), **arrays)


def read_fields(paths: Sequence[Path]) -> Fields:
    """The fields of several wells, in the order of `paths`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a file, when wells differ in channels or size, or when no field is left.
    """
    keys, images = [], []
    channels: tuple[str, ...] | None = None
    for path in paths:
        with as_readable(path, expected="fields of a well"), np.load(path) as arrays:
            own = tuple(arrays["channels"].tolist())
            if channels not in (None, own):
                raise ValueError(f"its channels are {list(own)}, those of other wells {list(channels or ())}")
            channels = own
            names = {name: arrays[name].astype(object) for name in ("plate", "well", "site")}
            keys.append(pd.DataFrame(names).astype("str"))
            images.append(arrays["images"])
    if not images or not sum(map(len, images)):
        raise ValueError(NO_FIELDS)
    return Fields(pd.concat(keys, ignore_index=True), np.concatenate(images), channels or ())


def standardized(images: NDArray[np.number]) -> NDArray[np.float32]:
    """Each channel of each image less its mean, over its standard deviation (Dincu 2021, section 5.2).

    (n, C, Y, X) to (n, C, Y, X) float32. A constant channel becomes 0.
    """
    light = images.astype(np.float32)
    light -= light.mean(axis=(2, 3), keepdims=True)
    std = light.std(axis=(2, 3), keepdims=True)
    return np.asarray(light / np.where(std > 0, std, np.float32(1)), dtype=np.float32)
