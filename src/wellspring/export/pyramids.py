"""One image of an OME-Zarr plate: its pyramid, labels and table, in the group of one well that nobody else writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

__all__ = ["Version", "halved", "level_count", "write_attributes", "write_field"]

Version = Literal["0.4", "0.5"]
_CHUNK_PX = 1024
# Side, px, that an image of the lowest level of a plate may have in all: what graphics cards hold as one texture.
_TEXTURE_PX = 16_384
_SMALL_PX = 256


def level_count(shape: tuple[int, int], *, n_columns: int) -> int:
    """Levels of a pyramid, each half as large as the one before.

    The lowest level of all columns of a plate next to each other is at most 16,384 px wide, and the lowest level of an
    image at most 256 px, so that a plate and a single well are both drawn quickly.
    """
    side, count = max(shape), 1
    while side > _SMALL_PX or side * n_columns > _TEXTURE_PX:
        side, count = (side + 1) // 2, count + 1
    return count


def halved(image: NDArray[np.generic], *, is_labels: bool) -> NDArray[np.generic]:
    """(..., Y, X) at half the size: means of 2 x 2 pixels; of labels every second pixel, which no mean mixes."""
    if is_labels:
        return image[..., ::2, ::2]
    height, width = ((side + 1) // 2 for side in image.shape[-2:])
    planes = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in image]
    return np.stack(planes)


def write_attributes(group: zarr.Group, attributes: Mapping[str, Any], *, version: Version) -> None:
    """Write what OME-Zarr says of a group: below ``ome`` with the version, or as they are in 0.4."""
    group.attrs.update({"ome": {"version": version, **attributes}} if version == "0.5" else dict(attributes))


def _chunk(side: int) -> int:
    """Side of a chunk, px: at most 1,024, and as few pixels beyond the image's border as can be."""
    return -(-side // max(1, -(-side // _CHUNK_PX))) or 1


def _write_levels(group: zarr.Group, image: NDArray[np.generic], *, count: int, axes: str, version: Version) -> None:
    is_labels = axes == "yx"
    for number in range(count):
        chunks = tuple([1] * (image.ndim - 2) + [_chunk(side) for side in image.shape[-2:]])
        own: dict[str, Any] = {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
        if version == "0.5":
            # One file per level.
            shards = tuple(-(-side // chunk) * chunk for side, chunk in zip(image.shape, chunks, strict=True))
            codec = BloscCodec(cname="zstd" if is_labels else "lz4", clevel=3, shuffle="bitshuffle")
            own = {"shards": shards, "compressors": codec, "dimension_names": list(axes)}
        # Looking for empty chunks takes longer than compressing them.
        own["config"] = {"write_empty_chunks": True}
        array = group.create_array(str(number), shape=image.shape, chunks=chunks, dtype=image.dtype, **own)
        array[...] = image
        image = halved(image, is_labels=is_labels)


def _multiscales(
    name: str, *, axes: str, count: int, pixel_size_um: float | None, version: Version
) -> dict[str, list[dict[str, Any]]]:
    of_space = {"type": "space", **({"unit": "micrometer"} if pixel_size_um is not None else {})}
    named = [{"name": axis, **({"type": "channel"} if axis == "c" else of_space)} for axis in axes]
    datasets = [
        {
            "path": str(number),
            "coordinateTransformations": [
                {
                    "type": "scale",
                    "scale": [1.0 if axis == "c" else (pixel_size_um or 1.0) * 2**number for axis in axes],
                }
            ],
        }
        for number in range(count)
    ]
    found: dict[str, Any] = {"axes": named, "datasets": datasets, "name": name}
    return {"multiscales": [{**found, **({"version": "0.4"} if version == "0.4" else {})}]}


def write_field(
    group: zarr.Group,
    image: NDArray[np.uint16],
    *,
    name: str,
    channels: Sequence[Mapping[str, Any]],
    labels: Mapping[str, NDArray[np.uint32]],
    cells: pd.DataFrame | None,
    pixel_size_um: float | None,
    n_columns: int,
    version: Version,
) -> None:
    """Write one field of view.

    Parameters
    ----------
    group
        Empty, of the image.
    image : (C, Y, X) uint16
    name
        Of the site.
    channels
        ``omero`` channels: label, color, active, window.
    labels
        (Y, X) by name, ``nuclei`` and ``cells``; the last is that of the table.
    cells
        A row per label with its number in ``label``; None: no table.
    pixel_size_um
        Side of a pixel; None: not known, and lengths are in pixels.
    n_columns
        Of the plate.
    version
        Of OME-Zarr.
    """
    count = level_count(image.shape[1:], n_columns=n_columns)
    common: dict[str, Any] = {"count": count, "pixel_size_um": pixel_size_um, "version": version}
    about = _multiscales(name, axes="cyx", **common)
    write_attributes(group, {**about, "omero": {"channels": list(channels)}}, version=version)
    _write_levels(group, image, count=count, axes="cyx", version=version)
    if not labels:
        return
    of_labels = group.create_group("labels")
    write_attributes(of_labels, {"labels": list(labels)}, version=version)
    for kind, array in labels.items():
        own = of_labels.create_group(kind)
        source = {"version": version, "source": {"image": "../../"}}
        about = _multiscales(kind, axes="yx", **common)
        write_attributes(own, {**about, "image-label": source}, version=version)
        _write_levels(own, array, count=count, axes="yx", version=version)
    if cells is not None:
        _write_table(group, cells, of=list(labels)[-1])


def _write_table(group: zarr.Group, cells: pd.DataFrame, *, of: str) -> None:
    """A feature table as Fractal and ngio read it: attributes, and a Parquet file in the group."""
    tables = group.create_group("tables")
    tables.attrs.update({"tables": ["features"]})
    own = tables.create_group("features")
    own.attrs.update(
        {
            "type": "feature_table",
            "table_version": "1",
            "region": {"path": f"../labels/{of}"},
            "backend": "parquet",
            "index_key": "label",
            "index_type": "int",
            "instance_key": "label",
        }
    )
    folder = Path(str(own.store_path.store.root)) / own.path
    cells.to_parquet(folder / "table.parquet", index=False, compression="zstd")
