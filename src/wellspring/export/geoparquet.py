"""Outlines of the cells of a well as GeoParquet, for GeoPandas, QGIS and SpatialData."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.localization.cells import separate
from wellspring.localization.geoparquet import Parts, write_geometries
from wellspring.localization.outlines import CELL, NUCLEUS, label_outlines

__all__ = ["write_outlines"]

_TYPES = dict.fromkeys(("cell", "plate", "well", "site", "shape", "unit"), "string") | {"object_id": "int64"}


def write_outlines(
    path: Path,
    cells: pd.DataFrame,
    *,
    labels: Mapping[str, NDArray[np.integer]],
    nuclei: Mapping[str, NDArray[np.integer]] | None,
    pixel_size_um: float | None,
) -> None:
    """Write a row per cell, and one for its nucleus: cell, plate, well, site, shape, unit, object_id, geometry.

    A cell is named plate/well/object_id, as in the other exports; `wellspring patterns` reads the file as outlines.

    Parameters
    ----------
    path
    cells
        Rows of the well in the table `MEASURED`; one without pixels has no outline and is left out.
    labels : site to (Y, X) int
        Cells, or nuclei where no cells are segmented; 0 = background.
    nuclei : site to (Y, X) int
        Nuclei under the labels of their cells; None where `labels` are nuclei, or there are none.
    pixel_size_um : float or None
        Coordinates are x, y in µm from the centre of the first pixel of the site; in pixels where this is None.
    """
    rows = []
    parts: list[Parts] = []
    unit = "px" if pixel_size_um is None else "µm"
    for site, own in cells.groupby("site", sort=False):
        drawn = [(CELL, labels[str(site)])] + ([(NUCLEUS, nuclei[str(site)])] if nuclei is not None else [])
        for shape, image in drawn:
            outlines = {int(one.name): one.rings for one in label_outlines(image, kind=shape)}
            for row in own[own["label_in_site"].isin(list(outlines))].itertuples():
                rings = tuple(ring * (pixel_size_um or 1.0) for ring in outlines[int(row.label_in_site)])
                name = f"{row.plate}/{row.well}/{row.object_id}"
                rows.append((name, row.plate, row.well, row.site, shape, unit, int(row.object_id)))
                parts.append(separate(rings))
    columns = {name: [row[n] for row in rows] for n, name in enumerate(_TYPES)}
    write_geometries(path, columns, types=_TYPES, parts=parts)
