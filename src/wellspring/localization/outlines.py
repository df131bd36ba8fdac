"""Outlines of cells and nuclei, from the files that people have: CSV, GeoJSON, GeoParquet, label images."""

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.localization.bento import h5ad_rings
from wellspring.localization.polygons import mask_rings

__all__ = ["CELL", "NUCLEUS", "Outline", "label_outlines", "read_outlines"]

CELL, NUCLEUS = "cell", "nucleus"
_KINDS = (CELL, NUCLEUS)
_CSV_COLUMNS = ("shape", "vertex", "x", "y")
_ID_NAMES = ("cell", "cell_id", "id")
_KIND_NAMES = ("shape", "kind", "type")


@dataclass(frozen=True)
class Outline:
    """One cell or nucleus.

    Attributes
    ----------
    name : str
        Of a cell its id; of a nucleus that of its cell, or its own, see `wellspring.localization.cells.matched_cells`.
    kind : str
        ``cell`` or ``nucleus``.
    rings : tuple of (n, 2) float64
        x, y in µm. What an odd number of rings encloses is inside: parts, and holes in them.
    """

    name: str
    kind: str
    rings: tuple[NDArray[np.float64], ...]


def read_outlines(path: Path, *, pixel_size_um: float, kind: str = CELL) -> list[Outline]:
    """The outlines in a file, by its ending: ``.csv``, ``.json``, ``.geojson``, ``.parquet``, ``.h5ad``, ``.tif``.

    Parameters
    ----------
    path
        CSV: columns ``cell`` (or ``id``), ``shape`` (cell, nucleus), ``vertex``, ``x``, ``y``, rows of a ring in the
        order
        of ``vertex``; where that starts again from its lowest, the next ring starts. GeoJSON and GeoParquet: polygons,
        with the properties (columns) ``cell`` and ``shape``. H5AD: as Bento 1 writes it. Label image: (Y, X)
        integers, 0 = background.
    pixel_size_um
        By which coordinates are multiplied: 1 where they are in µm.
    kind
        Of outlines that do not say it, as those of a label image.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, of another ending, unreadable, or does not hold what was said above.
    """
    path = Path(path)
    readers = {
        ".csv": _from_csv,
        ".json": _from_geojson,
        ".geojson": _from_geojson,
        ".parquet": _from_geoparquet,
        ".geoparquet": _from_geoparquet,
        ".h5ad": _from_h5ad,
        ".tif": _from_labels,
        ".tiff": _from_labels,
    }
    if path.suffix.lower() not in readers:
        raise InputError(f"{path}: expected outlines in a file that ends in one of {', '.join(readers)}. Convert it.")
    with as_readable(path, expected="outlines of cells and nuclei"):
        found = readers[path.suffix.lower()](path, kind)
    for one in found:
        if not all(np.isfinite(ring).all() for ring in one.rings):
            raise InputError(f"{path}: expected numbers as coordinates of {one.kind} {one.name}, got gaps. Remove it.")
    return [Outline(one.name, one.kind, tuple(ring * pixel_size_um for ring in one.rings)) for one in found]


def _checked_kind(value: Any, *, kind: str) -> str:
    text = kind if value is None or value != value else str(value).strip().lower()
    if text not in _KINDS:
        raise InputError(f"expected the shape cell or nucleus, got {value!r}. Correct it")
    return text


def _from_csv(path: Path, kind: str) -> list[Outline]:
    table = pd.read_csv(path, dtype=dict.fromkeys((*_ID_NAMES, "shape"), "str"))
    name = next((one for one in _ID_NAMES if one in table.columns), None)
    missing = [one for one in _CSV_COLUMNS if one not in table.columns]
    if name is None or missing:
        raise InputError(f"expected the columns cell, shape, vertex, x, y, got {list(table.columns)}. Rename them")
    found = []
    for (cell, shape), rows in table.groupby([name, "shape"], sort=False):
        vertex = rows["vertex"].to_numpy()
        starts = np.flatnonzero(vertex == vertex.min())
        points = rows[["x", "y"]].to_numpy(dtype=np.float64)
        parts = zip(np.split(points, starts[1:]), np.split(vertex, starts[1:]), strict=True)
        rings = tuple(ring[np.argsort(order, kind="stable")] for ring, order in parts)
        if len(starts) != len(rings) or starts[0] != 0:
            rings = (points[np.argsort(vertex, kind="stable")],)
        found.append(Outline(str(cell), _checked_kind(shape, kind=kind), rings))
    return found


def _polygon_rings(geometry: dict[str, Any]) -> tuple[NDArray[np.float64], ...]:
    coordinates = geometry.get("coordinates", [])
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(str(geometry.get("type")))
    if polygons is None:
        raise InputError(f"expected polygons, got a {geometry.get('type')}. Leave it out")
    return tuple(np.asarray(ring, dtype=np.float64)[:, :2] for polygon in polygons for ring in polygon)


def _from_geojson(path: Path, kind: str) -> list[Outline]:
    found = json.loads(path.read_text(encoding="utf-8"))
    features = found.get("features") if isinstance(found, dict) else found
    if not isinstance(features, list):
        raise InputError("expected a FeatureCollection")
    outlines = []
    for number, feature in enumerate(features):
        properties = feature.get("properties") or {}
        name = next((properties[one] for one in _ID_NAMES if one in properties), feature.get("id", number + 1))
        shape = next((properties[one] for one in _KIND_NAMES if one in properties), None)
        outlines.append(Outline(str(name), _checked_kind(shape, kind=kind), _polygon_rings(feature["geometry"])))
    return outlines


def _from_geoparquet(path: Path, kind: str) -> list[Outline]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    metadata = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
    column = metadata.get("primary_column", "geometry")
    if column not in table.column_names:
        raise InputError(f"expected a column {column!r} of polygons (WKB), got {table.column_names}. Write GeoParquet")
    rows = table.to_pandas().reset_index()
    name = next((one for one in (*_ID_NAMES, "index") if one in rows.columns), None)
    shape = next((one for one in _KIND_NAMES if one in rows.columns), None)
    kinds = rows[shape] if shape else [None] * len(rows)
    names = rows[name] if name else range(1, len(rows) + 1)
    return [
        Outline(str(one), _checked_kind(own, kind=kind), tuple(_wkb_rings(bytes(geometry))))
        for one, own, geometry in zip(names, kinds, rows[column], strict=True)
    ]


def _wkb_rings(data: bytes) -> Iterator[NDArray[np.float64]]:
    """Rings of a well-known binary (ISO or extended) polygon or multi-polygon; z and m are left out."""
    yield from _wkb_part(data, 0)[0]


def _wkb_part(data: bytes, at: int) -> tuple[list[NDArray[np.float64]], int]:
    order = "<" if data[at] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", data, at + 1)
    at += 9 if code & 0x20000000 else 5
    extra = bool(code & 0x80000000) + bool(code & 0x40000000) + {0: 0, 1: 1, 2: 1, 3: 2}.get((code & 0xFFFF) // 1000, 0)
    kind = (code & 0xFFFF) % 1000
    (n_parts,) = struct.unpack_from(f"{order}I", data, at)
    at += 4
    rings: list[NDArray[np.float64]] = []
    if kind == 6:
        for _ in range(n_parts):
            inner, at = _wkb_part(data, at)
            rings += inner
        return rings, at
    if kind != 3:
        raise InputError(f"expected polygons, got well-known binary of type {kind}. Leave it out")
    for _ in range(n_parts):
        (n_points,) = struct.unpack_from(f"{order}I", data, at)
        width = 2 + extra
        ring = np.frombuffer(data, dtype=f"{order}f8", count=n_points * width, offset=at + 4).reshape(n_points, width)
        rings.append(ring[:, :2].astype(np.float64))
        at += 4 + 8 * width * n_points
    return rings, at


def _from_h5ad(path: Path, kind: str) -> list[Outline]:
    return [Outline(name, own, tuple(rings)) for name, own, rings in h5ad_rings(path)]


def _from_labels(path: Path, kind: str) -> list[Outline]:
    import tifffile

    labels = tifffile.imread(path)
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"expected a (Y, X) image of integers, got {labels.shape} of {labels.dtype}. Write one image")
    return label_outlines(labels, kind=kind)


def label_outlines(labels: NDArray[np.integer], *, kind: str, names: Sequence[int] | None = None) -> list[Outline]:
    """Outlines of the objects of a label image (Y, X), 0 = background, in pixels: pixel centres from 0, named by label.

    `names`: labels that are wanted; None: all.
    """
    from scipy.ndimage import find_objects

    wanted = None if names is None else set(names)
    found = []
    for number, box in enumerate(find_objects(labels), start=1):
        if box is None or (wanted is not None and number not in wanted):
            continue
        corner = np.array([box[1].start, box[0].start], dtype=np.float64)
        rings = tuple(ring + corner for ring in mask_rings(labels[box] == number))
        found.append(Outline(str(number), kind, rings))
    return found
