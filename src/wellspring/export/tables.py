"""Cells of a plate as AnnData and as a cytomining profile."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from wellspring.export.cells import CellColumns, parts_of_plate, rows_of_plate
from wellspring.export.h5ad import write_h5ad
from wellspring.files import replaced_when_whole
from wellspring.tables import KEY

__all__ = ["METADATA", "cell_names", "write_anndata", "write_cytomining"]

METADATA = "Metadata_"
_METADATA = {"plate": "Plate", "well": "Well", "site": "Site", "object_id": "ObjectNumber"}
# Columns of X that are in memory at a time.
_BLOCK = 64


def cell_names(keys: pd.DataFrame) -> list[str]:
    """``plate/well/object_id`` of each row, which names a cell in the whole study."""
    return [f"{plate}/{well}/{number}" for plate, well, number in keys[list(KEY)].itertuples(index=False, name=None)]


def write_anndata(path: Path, cells: Path, *, plate: str, columns: CellColumns, about: Mapping[str, str]) -> int:
    """Write the cells of a plate as AnnData, and return their number.

    X holds all features as they are in the table, float32; the layer ``counts`` the numbers of spots per cell, by
    channel, in the columns of these, and nothing elsewhere; ``obsm["spatial"]`` the centres (x, y) in their site.

    Parameters
    ----------
    path
        The .h5ad file.
    cells
        The table of all cells.
    columns
        From `columns_of_cells`.
    about
        What ``uns["wellspring"]`` is to say besides the unit of the centres.
    """
    x, y, unit = columns.center()
    obs = rows_of_plate(cells, plate=plate, columns=[*columns.keys, *columns.annotations])
    centers = rows_of_plate(cells, plate=plate, columns=[x, y]).to_numpy(dtype=np.float64)
    counts = rows_of_plate(cells, plate=plate, columns=columns.counts).to_numpy(dtype=np.float32)
    places = [columns.features.index(name) for name in columns.counts]
    write_h5ad(
        path,
        obs=obs.set_axis(cell_names(obs), axis=0).rename(columns={"label_in_site": "label"}),
        var=columns.about.set_index("name").rename_axis(None),
        values=_blocks(cells, plate=plate, columns=columns),
        obsm={"spatial": centers},
        layers={"counts": _in_columns(counts, places, n_columns=len(columns.features))} if len(places) else {},
        uns={"wellspring": {**about, "plate": plate, "spatial_unit": unit}},
    )
    return len(obs)


def _blocks(cells: Path, *, plate: str, columns: CellColumns) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    for first in range(0, len(columns.features), _BLOCK):
        names = columns.features[first : first + _BLOCK]
        block = rows_of_plate(cells, plate=plate, columns=names)
        yield slice(first, first + len(names)), block.to_numpy(dtype=np.float32)


def _in_columns(values: NDArray[np.float32], places: list[int], *, n_columns: int) -> csr_matrix:
    """(n, n_columns) with `values` in the columns `places`; a count that is not known (NaN) is stored as that."""
    rows, found = np.nonzero(values)
    columns = np.asarray(places, dtype=np.int64)[found]
    return csr_matrix((values[rows, found], (rows, columns)), shape=(len(values), n_columns))


def _metadata_names(columns: CellColumns) -> list[str]:
    """Of keys and annotations; a column of the sheet that has the name of a key is called ``Metadata_sheet_...``."""
    keys = [f"{METADATA}{_METADATA.get(name, name)}" for name in columns.keys]
    of_sheet = [f"{METADATA}{name}" for name in columns.annotations]
    return [*keys, *(f"{METADATA}sheet_{one.removeprefix(METADATA)}" if one in keys else one for one in of_sheet)]


def write_cytomining(path: Path, cells: Path, *, plate: str, columns: CellColumns) -> int:
    """Write the cells of a plate as a single-cell profile (Parquet, zstd), and return their number.

    Keys, flags and the sheet's columns are called ``Metadata_...``: Plate, Well, Site, ObjectNumber, the others by
    their own name. Features keep their names, which are those of CellProfiler: ``Nuclei_``, ``Cells_``,
    ``Cytoplasm_``.
    """
    metadata = [*columns.keys, *columns.annotations]
    names = [*_metadata_names(columns), *columns.features]
    schema = pa.schema([pq.read_schema(cells).field(name) for name in [*metadata, *columns.features]])
    schema = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
    n_cells = 0
    with replaced_when_whole(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for part in parts_of_plate(cells, plate=plate, columns=[*metadata, *columns.features]):
            writer.write_table(part.rename_columns(names).cast(schema))
            n_cells += part.num_rows
    return n_cells
