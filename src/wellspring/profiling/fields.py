"""Fields ready to be embedded: corrected images of the kept sites, preprocessed and shrunk; and all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, is_of_well, replaced_when_whole
from wellspring.raw.images import SiteImage

__all__ = [
    "NO_FIELDS",
    "Fields",
    "each_well",
    "preprocessed_site",
    "read_fields",
    "read_keys",
    "standardized",
    "well_fields",
    "write_fields",
]

NO_FIELDS = (
    "profiling: expected at least one field, but no site is left. Look at results/report/images.csv, and raise "
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
    sites: Iterable[SiteImage],
    *,
    key: tuple[str, str],
    channels: Sequence[str],
    steps: Sequence[Mapping[str, Any]],
    size_px: int,
) -> Fields:
    """The sites of a well, preprocessed, cropped to the central square and shrunk by area to `size_px`.

    A well without sites gives no fields. Fields smaller than `size_px` are enlarged.

    Parameters
    ----------
    sites
        Corrected images of the kept sites, whose planes are `channels`.
    key
        (plate, well).
    steps
        As of `wellspring.quality.preprocessing.preprocessed`.
    size_px
        Side of a field.

    Raises
    ------
    ValueError
        When the steps leave the channels of a site with different sizes.
    """
    import cv2

    images, names = [], []
    for one in sites:
        image = preprocessed_site(one, channels=channels, steps=steps)
        side = min(image.shape[1:])
        y, x = ((length - side) // 2 for length in image.shape[1:])
        square = image[:, y : y + side, x : x + side]
        images.append([cv2.resize(plane, (size_px, size_px), interpolation=cv2.INTER_AREA) for plane in square])
        names.append(one.site)
    keys = pd.DataFrame({"plate": key[0], "well": key[1], "site": pd.Series(names, dtype="str")})
    stack = np.array(images, dtype=np.uint16).reshape(len(names), len(channels), size_px, size_px)
    return Fields(keys, stack, tuple(channels))


def preprocessed_site(
    site: SiteImage, *, channels: Sequence[str], steps: Sequence[Mapping[str, Any]]
) -> NDArray[np.uint16]:
    """The image of a site after the steps of ``quality.preprocessing``, (n_channels, Y, X).

    Raises
    ------
    ValueError
        When the steps leave the channels with different sizes.
    """
    if not steps:
        return site.image
    # Imported where it is used: it takes scikit-image along.
    from wellspring.quality.preprocessing import preprocessed

    done = [preprocessed(one, channel=name, steps=steps) for name, one in zip(channels, site.image, strict=True)]
    shapes = {image.shape for image in done}
    if len(shapes) > 1:
        raise InputError(f"quality.preprocessing: crop all channels alike; site {site.site} has {sorted(shapes)}.")
    return np.stack(done)


def write_fields(path: Path, fields: Fields) -> None:
    """Write the fields of a well to one NPZ file."""
    arrays: dict[str, Any] = {name: fields.keys[name].to_numpy(dtype=np.str_) for name in fields.keys.columns}
    with replaced_when_whole(path) as temporary:
        np.savez(temporary, images=fields.images, channels=np.array(fields.channels), **arrays)


def each_well(paths: Sequence[Path]) -> Iterator[Fields]:
    """The fields of several wells, one after the other, in the order of `paths`; some may have none.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a file, or when wells differ in channels or size.
    """
    first: Fields | None = None
    for path in paths:
        with as_readable(path, expected="fields of a well"), np.load(path) as arrays:
            own = Fields(_keys(arrays, path=path), arrays["images"], tuple(arrays["channels"].tolist()))
            first = first or own
            if own.channels != first.channels:
                raise InputError(f"its channels are {list(own.channels)}, those of other wells {list(first.channels)}")
            if own.images.shape[1:] != first.images.shape[1:]:
                shapes = (list(one.images.shape[1:]) for one in (own, first))
                raise InputError("its fields have the shape {}, those of other wells {}".format(*shapes))
        yield own


def _keys(arrays: Mapping[str, NDArray[Any]], *, path: Path) -> pd.DataFrame:
    keys = pd.DataFrame({name: arrays[name].astype(object) for name in ("plate", "well", "site")}).astype("str")
    for plate, well in keys[["plate", "well"]].drop_duplicates().itertuples(index=False, name=None):
        if not is_of_well(path, plate=plate, well=well):
            raise InputError(
                f"{path}: expected the fields of the well that the path names, but they are those of {plate}/{well}: "
                "it was put in the place of another. Remove it and run again."
            )
    return keys


def read_keys(paths: Sequence[Path]) -> pd.DataFrame:
    """Columns plate, well and site of the fields of several wells, as of `read_fields`; images are not read.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a file, or when no field is left.
    """
    keys = []
    for path in paths:
        with as_readable(path, expected="fields of a well"), np.load(path) as arrays:
            keys.append(_keys(arrays, path=path))
    if not sum(map(len, keys)):
        raise InputError(NO_FIELDS)
    return pd.concat(keys, ignore_index=True)


def read_fields(paths: Sequence[Path]) -> Fields:
    """The fields of several wells, in the order of `paths`.

    Raises
    ------
    FileNotFoundError, ValueError
        As of `each_well`, or when no field is left.
    """
    wells = list(each_well(paths))
    if not sum(len(one.keys) for one in wells):
        raise InputError(NO_FIELDS)
    keys = pd.concat([one.keys for one in wells], ignore_index=True)
    return Fields(keys, np.concatenate([one.images for one in wells]), wells[0].channels)


def standardized(images: NDArray[np.number]) -> NDArray[np.float32]:
    """Each channel of each image less its mean, over its standard deviation (Dincu 2021, section 5.2).

    (n, C, Y, X) to (n, C, Y, X) float32. A constant channel becomes 0.
    """
    light = images.astype(np.float32)
    light -= light.mean(axis=(2, 3), keepdims=True)
    std = light.std(axis=(2, 3), keepdims=True)
    return np.asarray(light / np.where(std > 0, std, np.float32(1)), dtype=np.float32)
