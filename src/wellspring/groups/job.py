"""Tables of all wells and columns of the sheet → what is compared, and the cells that figures draw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wellspring.cells.tables import complete_cells
from wellspring.groups.comparing import grouped_wells
from wellspring.groups.measures import (
    Measure,
    count_measures,
    doubtful_wells,
    feature_measures,
    feature_units,
    spot_measures,
)
from wellspring.groups.settings import GroupSettings
from wellspring.segmentation.doubts import compared_sites
from wellspring.segmentation.site_counts import with_cells
from wellspring.segmentation.tables import SITE_NUCLEI, WELL_SEGMENTED
from wellspring.spots.images import TABLES
from wellspring.spots.plate import compared_images
from wellspring.tables import read_tables

__all__ = ["cells_of_measure", "groups_of_sheet", "labels_of", "read_measures"]

_FEATURES = "features"
_COUNTS = {
    "nuclei_per_site": "Nuclei per site",
    "cells_per_site": "Cells per site",
    "spots_per_site_": "Spots per site, ",
    "spots_per_cell_": "Spots per cell, ",
    "foci_per_cell_": "Foci per cell, ",
    "spots_in_nucleus_": "Spots in the nucleus, ",
}
_IN_UNITS = {"um": "µm", "um2": "µm²"}
_CELL_COLUMNS = {"spots_per_cell_": "n_spots", "foci_per_cell_": "n_foci", "spots_in_nucleus_": "n_in_nucleus"}


def groups_of_sheet(
    sheet: Mapping[str, Sequence[str | None]], report: Mapping[str, Any]
) -> tuple[pd.DataFrame, tuple[str, ...], pd.DataFrame]:
    """As `grouped_wells`, and plate and well of the wells without a group.

    Parameters
    ----------
    sheet
        Columns of the sheet.
    report
        With group_by, replicate and controls.
    """
    table = pd.DataFrame(dict(sheet))
    wells, controls = grouped_wells(
        table, by=report["group_by"], replicate=report["replicate"], controls=report["controls"]
    )
    return wells, controls, table.loc[table[report["group_by"]].isna(), ["plate", "well"]]


def read_measures(
    given: Mapping[str, Sequence[Path]],
    *,
    wells: pd.DataFrame,
    settings: GroupSettings,
    counting: Mapping[str, bool],
) -> list[Measure]:
    """All measures of the wells.

    Parameters
    ----------
    given
        Files of ``nuclei``, ``objects``, ``spots``, ``thresholds`` and ``cells`` (features), one per well; each may be
        empty.
    wells
        plate and well of those that have a group.
    counting
        Keywords of `with_cells`.
    """
    share, min_cells = settings.doubtful_share, settings.min_cells
    nuclei = compared_sites(read_tables(given.get("nuclei", []), SITE_NUCLEI, of_wells=True))
    doubtful = doubtful_wells(nuclei, share=share)
    found: list[Measure] = []
    if given.get("thresholds"):
        thresholds = compared_images(read_tables(given["thresholds"], TABLES["thresholds"], of_wells=True))
        cells = read_tables(given["spots"], TABLES["cells"], of_wells=True)
        found += spot_measures(cells, thresholds, share=share, min_cells=min_cells, also_doubtful=doubtful)
    objects = read_tables(given["objects"], WELL_SEGMENTED, of_wells=True) if given.get("objects") else None
    found += count_measures(with_cells(nuclei, objects, **counting), share=share)
    keys = list(zip(wells["plate"], wells["well"], strict=True))
    if given.get("cells"):
        units = feature_units(given["cells"][0])
        found += feature_measures(given["cells"], units, wells=keys, min_cells=min_cells, doubtful=doubtful)
    return found


def labels_of(measures: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Words for each measure, and the names of those that are counts."""
    labels, counts = {}, []
    for name in measures:
        start = next((one for one in _COUNTS if name.startswith(one)), None)
        words = " ".join(_IN_UNITS.get(word, word) for word in name.split("_"))
        labels[name] = f"{_COUNTS[start]}{name.removeprefix(start)}" if start else words
        if start:
            counts.append(name)
    return labels, counts


def cells_of_measure(name: str, spots: pd.DataFrame, features: Sequence[Path]) -> dict[tuple[str, str], np.ndarray]:
    """Values (n,) of the cells of each well, of a measure; none of a measure that is not one of cells.

    Parameters
    ----------
    spots
        Table `WELL_SPOTS_PER_CELL` of all wells.
    features
        Tables of the cells, one per well; none without features.
    """
    start = next((one for one in _CELL_COLUMNS if name.startswith(one)), None)
    if start is not None:
        own = spots[spots["channel"] == name.removeprefix(start)]
        return _by_well(own, _CELL_COLUMNS[start])
    if not features or name.startswith(tuple(_COUNTS)):
        return {}
    columns = ["plate", "well", "is_border_cell", "is_in_no_cell", name]
    cells = pd.concat([pd.read_parquet(path, columns=columns) for path in features], ignore_index=True)
    return _by_well(complete_cells(cells), name)


def _by_well(cells: pd.DataFrame, column: str) -> dict[tuple[str, str], np.ndarray]:
    groups = cells.groupby(["plate", "well"], sort=False)[column]
    return {(str(plate), str(well)): own.to_numpy(dtype=np.float64) for (plate, well), own in groups}
