"""Outlines as GeoParquet, as GeoPandas, QGIS and SpatialData read them."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.files import replaced_when_whole
from wellspring.localization.cells import CellShape, separate
from wellspring.localization.outlines import CELL, NUCLEUS

__all__ = ["Parts", "write_geometries", "write_geoparquet"]

_POLYGON, _MULTI_POLYGON = 3, 6
_Rings = tuple[NDArray[np.float64], ...]
Parts = Sequence[_Rings]
"""Separate polygons of one object: outer ring, then holes, each (n, 2) x, y."""


def write_geoparquet(path: Path, cells: Sequence[CellShape]) -> None:
    """Write a row for each cell, and one for the nucleus of each that has one: cell, shape, geometry (WKB, µm).

    GeoParquet 1.0 without a coordinate reference system. `wellspring.localization.outlines.read_outlines` reads it. An
    outline of several parts, or several nuclei of a cell, is a multi-polygon.
    """
    rows: list[tuple[str, str, Parts]] = []
    for cell in cells:
        rows.append((cell.name, CELL, separate(cell.rings)))
        if cell.nuclei:
            rows.append((cell.name, NUCLEUS, [part for nucleus in cell.nuclei for part in separate(nucleus)]))
    names = {"cell": [name for name, _, _ in rows], "shape": [kind for _, kind, _ in rows]}
    write_geometries(path, names, types={"cell": "string", "shape": "string"}, parts=[own for _, _, own in rows])


def write_geometries(
    path: Path, columns: Mapping[str, Sequence[Any]], *, types: Mapping[str, str], parts: Sequence[Parts]
) -> None:
    """Write `columns`, of the Arrow types in `types`, and a column ``geometry`` (WKB) as GeoParquet 1.0.

    A row of several `parts` is a multi-polygon. There is no coordinate reference system. No row is fine.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(list(values), getattr(pa, types[name])()) for name, values in columns.items()}
    arrays["geometry"] = pa.array([_wkb(one) for one in parts], pa.binary())
    kinds = sorted({"Polygon" if len(one) == 1 else "MultiPolygon" for one in parts})
    about = {"encoding": "WKB", "geometry_types": kinds, "crs": None}
    metadata = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": about}}
    table = pa.table(arrays).replace_schema_metadata({"geo": json.dumps(metadata)})
    with replaced_when_whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _wkb(parts: Sequence[_Rings]) -> bytes:
    """Little-endian well-known binary."""
    polygons = [struct.pack("<BII", 1, _POLYGON, len(rings)) + b"".join(_ring(one) for one in rings) for rings in parts]
    if len(polygons) == 1:
        return polygons[0]
    return struct.pack("<BII", 1, _MULTI_POLYGON, len(polygons)) + b"".join(polygons)


def _ring(ring: NDArray[np.float64]) -> bytes:
    closed = np.vstack([ring, ring[:1]]).astype("<f8")
    return struct.pack("<I", len(closed)) + closed.tobytes()
