"""Outlines of cells as GeoJSON, as QuPath imports objects into the image of a site."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.files import replaced_when_whole
from wellspring.localization.outlines import Outline, label_outlines
from wellspring.localization.polygons import ring_area

__all__ = ["cell_features", "geometry", "measurements_of", "write_geojson"]

# From pixel centres counted from 0 to QuPath's pixels, whose first corner is 0.
_CORNER = 0.5
_DIGITS = 2
# What an object shows in QuPath: its size, light and spots. All features are in the tables.
_SHOWN = ("_AreaShape_Area_", "_Intensity_Mean_", "_Spots_n_spots_")


def geometry(outline: Outline) -> dict[str, Any]:
    """A polygon with its holes, or several, in QuPath's pixels: x and y, the corner of the first pixel at 0."""
    areas = [ring_area(ring) for ring in outline.rings]
    outer = max(areas, key=abs, default=0.0)
    polygons = [[_closed(ring)] for ring, area in zip(outline.rings, areas, strict=True) if area * outer > 0]
    for ring, area in zip(outline.rings, areas, strict=True):
        if area * outer < 0:
            _owner(polygons, ring).append(_closed(ring))
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _closed(ring: NDArray[np.float64]) -> list[list[float]]:
    points = np.round(np.concatenate([ring, ring[:1]]) + _CORNER, _DIGITS)
    return [[float(x), float(y)] for x, y in points]


def _owner(polygons: list[list[list[list[float]]]], hole: NDArray[np.float64]) -> list[list[list[float]]]:
    """The smallest polygon whose box holds the hole."""
    boxes = [np.asarray(polygon[0]) - _CORNER for polygon in polygons]
    holding = [
        n for n, box in enumerate(boxes) if (box.min(0) <= hole.min(0)).all() and (box.max(0) >= hole.max(0)).all()
    ]
    sizes = {n: float(np.ptp(boxes[n], axis=0).prod()) for n in holding or range(len(polygons))}
    return polygons[min(sizes, key=lambda n: sizes[n])]


def measurements_of(row: "pd.Series[Any]") -> dict[str, float]:
    """The features of a cell that QuPath shows; those that are missing are left out."""
    shown = {str(name): row[name] for name in row.index if any(part in str(name) for part in _SHOWN)}
    return {name: float(value) for name, value in shown.items() if math.isfinite(value)}


def cell_features(
    cells: pd.DataFrame,
    *,
    labels: NDArray[np.integer],
    nuclei: NDArray[np.integer] | None,
) -> list[dict[str, Any]]:
    """The cells of one site as GeoJSON features.

    Parameters
    ----------
    cells
        Rows of that site: plate, well, object_id, label_in_site, missing_because, features.
    labels : (Y, X) int
        Cells, or nuclei where no cells are segmented; 0 = background.
    nuclei : (Y, X) int
        Nuclei under the labels of their cells; None where `labels` are nuclei, or there are none.

    Returns
    -------
    list of dict
        A feature per row that has pixels, in the order of the rows; one without any has no outline and is left out.
    """
    outlines = {int(one.name): one for one in label_outlines(labels, kind="cell")}
    inner = {int(one.name): one for one in label_outlines(nuclei, kind="nucleus")} if nuclei is not None else {}
    found = []
    for _, row in cells.iterrows():
        label = int(row["label_in_site"])
        if label not in outlines:
            continue
        name = f"{row['plate']}/{row['well']}/{row['object_id']}"
        properties = {
            "objectType": "cell" if nuclei is not None else "detection",
            "name": name,
            "measurements": measurements_of(row),
        }
        one = {
            "type": "Feature",
            "id": str(uuid5(NAMESPACE_URL, name)),
            "geometry": geometry(outlines[label]),
            "properties": properties,
        }
        if label in inner:
            one["nucleusGeometry"] = geometry(inner[label])
        found.append(one)
    return found


def write_geojson(path: Path, features: Sequence[dict[str, Any]]) -> None:
    """Write a FeatureCollection; without features, an empty one."""
    with replaced_when_whole(path) as temporary:
        text = json.dumps(
            {"type": "FeatureCollection", "features": list(features)}, ensure_ascii=False, allow_nan=False
        )
        temporary.write_text(text, encoding="utf-8")
