"""A well to its table of measured cells: keys over sites, flags, empty wells, corrections."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.cells.features import job
from wellspring.cells.settings import FeatureSettings
from wellspring.cells.tables import complete_cells
from wellspring.quality.correction import Correction
from wellspring.raw.describe import describe_well
from wellspring.raw.index import WellIndex
from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.tables import read_table, write_table

SETTINGS = FeatureSettings(families=("shape", "intensity"), background="ring", ring_gap_px=0, ring_width_px=2)
RAW = {"projection": "max", "background": {}}


@pytest.fixture
def index(tmp_path: Path) -> WellIndex:
    """A well of two sites of 20 px: 50 everywhere in A, 7 in B."""
    for site in (1, 2):
        for channel, level in (("A", 50), ("B", 7)):
            image = np.full((20, 20), level, dtype=np.uint16)
            tifffile.imwrite(tmp_path / f"w_s{site}_{channel}.tif", image, photometric="minisblack")
    raw = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "channels": None, "pixel_size_um": 0.5}
    return describe_well(tmp_path, plate="P", well="w", raw=raw)


def _labels(folder: Path, name: str, *, touching: bool, empty: bool = False) -> Path:
    """Two objects at the site 1 (labels 1 and 3), one at the site 2 (label 2)."""
    sites = {site: np.zeros((20, 20), dtype=np.uint32) for site in ("1", "2")}
    if not empty:
        sites["1"][2:6, 2:6] = 1
        sites["1"][12:16, 16 : 20 if touching else 18] = 3
        sites["2"][8:12, 8:12] = 2
    write_labels(folder / f"{name}.ome.tif", sites, pixel_size_um=0.5)
    return folder / f"{name}.ome.tif"


def _run(
    index: WellIndex, seeds: Path, cells: Path | None, *, has_nuclei: bool = True, **changes: object
) -> pd.DataFrame:
    correction = changes.pop("correction", Correction())
    settings = FeatureSettings(**{**vars(SETTINGS), **changes})  # type: ignore[arg-type]
    return job.run(index, seeds, cells, correction, settings, has_nuclei=has_nuclei, raw=RAW)  # type: ignore[arg-type]


def test_ids_go_through_the_well_and_labels_are_those_of_the_site(index: WellIndex, tmp_path: Path) -> None:
    found = _run(index, _labels(tmp_path, "nuclei", touching=False), None)
    assert found["object_id"].tolist() == [1, 3, 5]
    assert found["label_in_site"].tolist() == [1, 3, 2]
    assert found["site"].tolist() == ["1", "1", "2"]
    assert found["Nuclei_AreaShape_Area_um2"].tolist() == [4, 2, 4]
    assert found["Nuclei_Intensity_MeanLessBackground_B"].tolist() == [0, 0, 0]
    assert set(found["missing_because"]) == {"none"}
    assert not any(name.startswith("Cells_") for name in found)


def test_a_cell_at_the_border_whose_nucleus_is_not(index: WellIndex, tmp_path: Path) -> None:
    nuclei, cells = _labels(tmp_path, "nuclei", touching=False), _labels(tmp_path, "cells", touching=True)
    found = _run(index, nuclei, cells)
    assert found["is_border_nucleus"].tolist() == [False, False, False]
    assert found["is_border_cell"].tolist() == [False, True, False]
    assert found["missing_because"].tolist() == ["no cytoplasm", "none", "no cytoplasm"]
    alone = _run(index, _labels(tmp_path, "alone", touching=True), None)
    assert alone["is_border_nucleus"].tolist() == alone["is_border_cell"].tolist() == [False, True, False]


def test_a_nucleus_in_no_cell_is_said_to_be_one(index: WellIndex, tmp_path: Path) -> None:
    nuclei, cells = _labels(tmp_path, "nuclei", touching=True), _labels(tmp_path, "cells", touching=False)
    with_third = read_labels(cells)
    others = {site: np.where(labels == 3, 0, labels) for site, labels in with_third.items()}
    write_labels(tmp_path / "others.ome.tif", others, pixel_size_um=None)
    found = _run(index, nuclei, tmp_path / "others.ome.tif")
    assert found["is_in_no_cell"].tolist() == [False, True, False]
    # The edge is that of the nucleus where there is no cell.
    assert found["is_border_cell"].tolist() == [False, True, False]
    assert complete_cells(found)["object_id"].tolist() == [1, 5]


def test_seeds_that_are_no_nuclei_are_not_measured(index: WellIndex, tmp_path: Path) -> None:
    seeds, cells = _labels(tmp_path, "seeds", touching=False), _labels(tmp_path, "cells", touching=True)
    found = _run(index, seeds, cells, has_nuclei=False)
    assert not found["has_nucleus"].any()
    assert {name.split("_")[0] for name in found if name[0].isupper()} == {"Cells"}
    assert found["object_id"].tolist() == [1, 3, 5]


@pytest.mark.parametrize("left_out", [frozenset(), frozenset({"1", "2"})], ids=["no cells", "no sites"])
def test_an_empty_well_has_the_columns_of_others(index: WellIndex, tmp_path: Path, left_out: frozenset[str]) -> None:
    full = _run(index, _labels(tmp_path, "nuclei", touching=False), None)
    nuclei = _labels(tmp_path, "nuclei", touching=False, empty=not left_out)
    empty = _run(index, nuclei, None, correction=Correction(left_out=left_out))
    table = job.measured_table(SETTINGS, channels=("A", "B"), has_nuclei=True, has_cells=False)
    for name, frame in (("full", full), ("empty", empty)):
        write_table(frame, tmp_path / f"{name}.parquet", table)
    read = {name: read_table(tmp_path / f"{name}.parquet", table) for name in ("full", "empty")}
    assert len(read["empty"]) == 0
    assert read["empty"].dtypes.to_dict() == read["full"].dtypes.to_dict()


def test_the_dark_level_is_that_of_the_config_else_the_estimated_offset(index: WellIndex, tmp_path: Path) -> None:
    nuclei = _labels(tmp_path, "nuclei", touching=False)
    correction = Correction(offsets={"A": 40.0, "B": 3.0})
    raw = {**RAW, "background": {"A": 45.0}}
    settings = FeatureSettings(families=("intensity",), background="dark", ring_gap_px=0, ring_width_px=2)
    found = job.run(index, nuclei, None, correction, settings, has_nuclei=True, raw=raw)
    assert found["Nuclei_Intensity_MeanLessBackground_A"].tolist() == [5, 5, 5]
    assert found["Nuclei_Intensity_MeanLessBackground_B"].tolist() == [4, 4, 4]
