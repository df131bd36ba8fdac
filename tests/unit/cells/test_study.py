"""Tables of all cells and wells: the sheet's columns, counts of spots, doubts, wells without cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from wellspring.cells.study import WellFiles, well_summary, with_spots, write_study
from wellspring.cells.tables import MEASURED, WELL_MEASURED
from wellspring.errors import InputError
from wellspring.raw.bad_wells import ExpectedWell, left_out_index
from wellspring.raw.index import write_index
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.spots.tables import WELL_SPOT_THRESHOLDS, WELL_SPOTS_PER_CELL
from wellspring.tables import empty_table, read_table, write_table

AREA = "Cells_AreaShape_Area_px"
PLACE = "Cells_AreaShape_Center_Y_px"


def _cells(well: str, areas: list[float], *, border: list[bool] | None = None) -> pd.DataFrame:
    n_cells = len(areas)
    number = np.arange(1, n_cells + 1)
    return pd.DataFrame(
        {
            "plate": pd.Series(["P"] * n_cells, dtype="str"),
            "well": pd.Series([well] * n_cells, dtype="str"),
            "object_id": number,
            "site": pd.Series(["1"] * n_cells, dtype="str"),
            "label_in_site": number,
            "has_nucleus": np.ones(n_cells, dtype=bool),
            "is_border_nucleus": np.zeros(n_cells, dtype=bool),
            "is_border_cell": np.array(border or [False] * n_cells, dtype=bool),
            "is_in_no_cell": np.isnan(np.array(areas, dtype=np.float64)),
            "missing_because": pd.Series(["none"] * n_cells, dtype="str"),
            PLACE: np.full(n_cells, 5.0),
            AREA: np.array(areas, dtype=np.float64),
        }
    )


def _spots(well: str, counts: dict[int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {column.name: pd.Series([0] * len(counts), dtype=column.dtype) for column in WELL_SPOTS_PER_CELL.columns}
    )
    return frame.assign(
        plate="P", well=well, site="1", channel="RNA", object_id=list(counts), n_spots=list(counts.values())
    )


def _filled(table: object, **values: object) -> pd.DataFrame:
    columns = table.columns  # type: ignore[attr-defined]
    empty = {one.name: pd.Series(["x" if one.dtype == "str" else 0], dtype=one.dtype) for one in columns}
    return pd.DataFrame(empty).assign(plate="P", **values)


@pytest.fixture
def wells(tmp_path: Path) -> list[WellFiles]:
    """Three wells: one left out, one with doubts and a cell at the border, one with a nucleus in no cell."""
    given = {
        "A1": (_cells("A1", []), {}, "none", "none"),
        "A2": (_cells("A2", [10, 20, 90], border=[False, False, True]), {1: 4, 2: 0, 3: 7}, "dim, few", "crowded"),
        "A3": (_cells("A3", [30, np.nan]), {1: 2}, "none", "none"),
    }
    found = []
    for well, (cells, counts, nuclei, spots) in given.items():
        paths = [tmp_path / kind / "P" / f"{well}.parquet" for kind in ("cells", "nuclei", "spots", "thresholds")]
        write_table(cells, paths[0], MEASURED)
        write_table(_filled(SITE_NUCLEI, well=well, doubts=nuclei, n_nuclei=len(cells)), paths[1], SITE_NUCLEI)
        own = _spots(well, counts) if counts else empty_table(WELL_SPOTS_PER_CELL)
        write_table(own, paths[2], WELL_SPOTS_PER_CELL)
        write_table(
            _filled(WELL_SPOT_THRESHOLDS, well=well, channel="RNA", doubts=spots), paths[3], WELL_SPOT_THRESHOLDS
        )
        index = tmp_path / f"{well}.json"
        expected = ExpectedWell(channels=("RNA",), size_px=None)
        about = {"plate": "P", "well": well, "raw": {"format": "tiff"}, "expected": expected}
        reason = "A1_cells.tif: truncated." if well == "A1" else ""
        write_index(left_out_index(tmp_path, reason=reason, **about), index)
        found.append(WellFiles(index, *paths))
    return found


SHEET = {
    ("P", "A1"): {"condition": "x", "site": "clinic"},
    ("P", "A2"): {"condition": None, "site": "clinic"},
    ("P", "A3"): {"condition": "=y", "site": "clinic"},
}


def _written(wells: list[WellFiles], folder: Path, *, has_cells: bool = True) -> pd.DataFrame:
    names = {"cells_parquet": "cells.parquet", "cells_csv": "cells.csv", "wells_csv": "wells.csv"}
    paths = {name: folder / file for name, file in names.items()}
    about = {"annotations": SHEET, "spot_channels": ["RNA"], "has_nuclei": True, "has_cells": has_cells}
    return write_study(wells, **about, **paths)


def test_all_cells_are_in_one_table_after_key_and_sheet(wells: list[WellFiles], tmp_path: Path) -> None:
    _written(wells, tmp_path)
    cells = pd.read_parquet(tmp_path / "cells.parquet")
    assert list(cells)[:6] == ["plate", "well", "object_id", "condition", "sheet_site", "site"]
    assert cells["well"].tolist() == ["A2", "A2", "A2", "A3", "A3"]
    assert cells["condition"].isna().tolist() == [True, True, True, False, False]
    assert cells[AREA].fillna(-1).tolist() == [10, 20, 90, 30, -1]
    assert cells["Cells_Spots_n_spots_RNA"].fillna(-1).tolist() == [4, 0, 7, 2, -1]


def test_text_and_parquet_hold_the_same_and_formulas_of_spreadsheets_are_inert(
    wells: list[WellFiles], tmp_path: Path
) -> None:
    _written(wells, tmp_path)
    text = read_table(tmp_path / "cells.csv", MEASURED)
    cells = read_table(tmp_path / "cells.parquet", MEASURED)
    assert list(text) == list(cells)
    measured = [AREA, "Cells_Spots_n_spots_RNA"]
    np.testing.assert_array_equal(text[measured].to_numpy(), cells[measured].to_numpy())
    assert "'=y" in (tmp_path / "cells.csv").read_text(encoding="utf-8")


def test_columns_keep_their_units(wells: list[WellFiles], tmp_path: Path) -> None:
    _written(wells, tmp_path)
    about = pq.read_schema(tmp_path / "cells.parquet").field("label_in_site").metadata
    assert about[b"meaning"].startswith(b"number of nucleus and cell")
    counts = pq.read_schema(tmp_path / "cells.parquet").field("Cells_Spots_n_spots_RNA").metadata
    (declared,) = [one for one in WELL_SPOTS_PER_CELL.columns if one.name == "n_spots"]
    assert (counts[b"unit"].decode(), counts[b"meaning"].decode()) == (declared.unit, declared.meaning)


def test_a_well_has_means_and_medians_of_complete_cells_and_its_doubts(wells: list[WellFiles], tmp_path: Path) -> None:
    found = _written(wells, tmp_path)
    first = ["plate", "well", "n_cells", "n_nuclei", "n_complete", "doubts", "condition", "sheet_site"]
    assert list(found)[:8] == first
    assert found["n_cells"].tolist() == [0, 3, 1]
    assert found["n_nuclei"].tolist() == [0, 3, 2]
    assert found["n_complete"].tolist() == [0, 2, 1]
    assert found[f"mean_{AREA}"].fillna(-1).tolist() == [-1, 15, 30]
    assert found["median_Cells_Spots_n_spots_RNA"].fillna(-1).tolist() == [-1, 2, 2]
    doubts = ["left out: A1_cells.tif: truncated.", "nuclei: dim, few; spots of RNA: crowded", "none"]
    assert found["doubts"].tolist() == doubts
    assert not any(PLACE in name for name in found)
    read = read_table(tmp_path / "wells.csv", WELL_MEASURED)
    read = read[list(found)]
    pd.testing.assert_frame_equal(read.drop(columns="condition"), found.drop(columns="condition"), check_dtype=False)


def test_nuclei_alone_are_not_counted_as_cells(wells: list[WellFiles], tmp_path: Path) -> None:
    found = _written(wells, tmp_path, has_cells=False)
    assert list(found)[:5] == ["plate", "well", "n_nuclei", "n_complete", "doubts"]
    assert "n_cells" not in found
    assert list(pd.read_csv(tmp_path / "wells.csv"))[:5] == list(found)[:5]


def test_spots_in_a_cell_that_was_not_measured_are_an_error() -> None:
    with pytest.raises(InputError, match="1 cells have spots but no features, the first of object_id 9"):
        with_spots(_cells("A1", [1.0]), _spots("A1", {9: 1}), channels=["RNA"])


def test_cells_that_were_not_searched_have_no_counts() -> None:
    found = with_spots(_cells("A1", [1.0, 2.0]), _spots("A1", {2: 5}), channels=["RNA", "other"])
    assert found["Cells_Spots_n_spots_RNA"].isna().tolist() == [True, False]
    assert found["Cells_Spots_n_spots_other"].isna().all()


def test_a_well_whose_cells_all_touch_the_edge_is_counted_and_not_summarised() -> None:
    row = well_summary(_cells("A1", [4.0], border=[True])).iloc[0]
    assert (row["n_cells"], row["n_complete"]) == (1, 0)
    assert np.isnan(row[f"mean_{AREA}"])
