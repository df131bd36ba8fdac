"""Multiplexed protein maps: a well as a table of measured pixels per nucleus.

The layout is that of the data behind Becker (2021), appendix A.1, which CAMPA (theislab/campa) publishes and reads
in a slightly newer form; both forms are accepted.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.channels import read_channels
from wellspring.raw.index import RawFile, WellIndex
from wellspring.raw.mpm_arrays import coordinates, open_arrays, whole_numbers
from wellspring.raw.mpm_files import mpm_files, plate_table
from wellspring.raw.mpm_tables import add_cell_cycle, add_wells, read_background, read_metadata
from wellspring.raw.pixels import PixelTable

__all__ = ["describe_mpm", "read_mpm"]


def describe_mpm(path: Path, *, plate: str, well: str, tables: Mapping[str, str | None]) -> WellIndex:
    """The index of the well in folder `path`, from headers and the table of channels alone.

    Parameters
    ----------
    plate, well
        From the sheet.
    tables
        Config key to the name of a table of the plate, looked for in the two folders above the well; None: not used.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing, or its header says that it is broken or does not fit the others.
    """
    path = Path(path)
    files = tuple(RawFile.of(file) for file in mpm_files(path, tables=tables))
    channels = read_channels(path / "channels.csv")
    pixels = open_arrays(path, n_channels=len(channels)).pixels
    known = {key: str(plate_table(path, name=name, key=key)) for key, name in tables.items() if name is not None}
    return WellIndex(
        plate=plate,
        well=well,
        format="mpm",
        path=str(path),
        channels=channels,
        n_px=len(pixels),
        n_values=int(pixels.size),
        n_files=len(files),
        dtype=str(pixels.dtype),
        files=files,
        tables=known,
    )


def read_mpm(
    index: WellIndex,
    *,
    mosaic_shape_px: tuple[int, int] | None,
    background_rows: Mapping[str, str | float],
) -> PixelTable:
    """Read one well. The arrays stay on disk, memory-mapped; the tables are loaded.

    Parameters
    ----------
    index
        Of a folder with ``mpp.npy`` (n_px, n_channels) uint16, ``x.npy``, ``y.npy``, ``mapobject_ids.npy`` (or
        ``obj_ids.npy``), all (n_px,), ``metadata.csv`` and ``channels.csv``. A table of the plate that it does not name
        is not used: then a cell_cycle or perturbation in the metadata is kept, and the background is 0.
    mosaic_shape_px
        (height, width) of the well's mosaic. Coordinates from 0 to height (width) inclusive are accepted, since raw
        data count from 0 or from 1; None checks only that none is negative.
    background_rows
        Column to value: the rows of the background table that count. See `read_background` for a quirk.

    Returns
    -------
    PixelTable
        ``objects`` has object_id (the metadata's mapobject_id) and every other column of the three tables. A well
        without cells is valid: no pixels, no objects.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    ValueError
        When a file is broken or two files do not fit each other; the message names both. Repeated pixels of one
        object are found when its crop is made (`wellspring.cells.crops`).
    """
    path, channels = Path(index.path), index.channels
    arrays = open_arrays(path, n_channels=len(channels))
    height, width = mosaic_shape_px or (None, None)
    object_id = whole_numbers(arrays.object_id, path=arrays.object_id_path)
    objects = _objects(index, object_id=object_id, ids_path=arrays.object_id_path)
    background = np.zeros(len(channels), dtype=np.float64)
    if "background_table" in index.tables:
        background = read_background(Path(index.tables["background_table"]), channels=channels, rows=background_rows)
    return PixelTable(
        pixels=arrays.pixels,
        y=coordinates(arrays.y, size_px=height, path=path / "y.npy"),
        x=coordinates(arrays.x, size_px=width, path=path / "x.npy"),
        object_id=object_id,
        channels=channels,
        background=background,
        objects=objects,
        source=str(path),
    )


def _objects(index: WellIndex, *, object_id: NDArray[np.integer], ids_path: Path) -> pd.DataFrame:
    metadata = Path(index.path) / "metadata.csv"
    objects = read_metadata(metadata)
    _check_ids(object_id, objects["object_id"], ids_path=ids_path, metadata=metadata)
    if "cell_cycle_table" in index.tables:
        objects = add_cell_cycle(objects, Path(index.tables["cell_cycle_table"]), metadata=metadata)
    if "wells_table" in index.tables:
        objects = add_wells(objects, Path(index.tables["wells_table"]), metadata=metadata)
    return objects


def _check_ids(object_id: NDArray[np.integer], known: pd.Series, *, ids_path: Path, metadata: Path) -> None:
    changes = np.flatnonzero(object_id[1:] != object_id[:-1]) + 1
    in_pixels = np.unique(np.concatenate([object_id[:1], object_id[changes]]))
    for lacking, other, there, rest in (
        (metadata, ids_path, np.setdiff1d(in_pixels, known), "Add their rows"),
        (ids_path, metadata, np.setdiff1d(known, in_pixels), "Remove their rows, or copy the arrays again"),
    ):
        if len(there):
            raise InputError(
                f"{lacking}: {len(there)} objects of {other} are missing here; the first ids: {there[:5].tolist()}. "
                f"{rest}."
            )
