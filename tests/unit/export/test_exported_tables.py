"""Cells of a plate as AnnData and cytomining profiles, read back by what their formats say."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wellspring.errors import InputError
from wellspring.export.cells import CellColumns, columns_of_cells
from wellspring.export.h5ad import write_h5ad
from wellspring.export.tables import write_anndata, write_cytomining

COUNT = "Cells_Spots_n_spots_RNA"


def _well(plate: str, well: str, n: int, *, count: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plate": plate,
            "well": well,
            "object_id": np.arange(1, n + 1),
            "treatment": pd.Series(["drug" if well == "A01" else None] * n, dtype="str"),
            "Site": "of the sheet",
            "site": "1",
            "label_in_site": np.arange(1, n + 1),
            "has_nucleus": True,
            "is_border_nucleus": False,
            "is_border_cell": [False, True][:n],
            "is_in_no_cell": [False, False][:n],
            "missing_because": "none",
            "Cells_AreaShape_Center_Y_um": [1.5, 2.5][:n],
            "Cells_AreaShape_Center_X_um": [10.0, 20.0][:n],
            "Cells_Intensity_Mean_RNA": [100.25, np.nan][:n],
            COUNT: count,
            "Cells_Spots_n_spots_uncertain_RNA": 9.0,
        }
    )


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Two wells of plate p and one of plate q, a row group each, with a unit in the metadata."""
    path = tmp_path / "cells.parquet"
    wells = [("p", "A01", 2, [3.0, 0.0]), ("q", "A01", 1, [5.0]), ("p", "A02", 1, [np.nan])]
    tables = [pa.Table.from_pandas(_well(*one[:3], count=one[3]), preserve_index=False) for one in wells]
    schema = tables[0].schema
    place = schema.get_field_index("Cells_Intensity_Mean_RNA")
    schema = schema.set(place, schema.field(place).with_metadata({"unit": "intensity", "meaning": "mean of RNA"}))
    schema = schema.remove_metadata()
    with pq.ParquetWriter(path, schema) as writer:
        for table in tables:
            writer.write_table(table.cast(schema))
    return path


@pytest.fixture
def columns(cells: Path) -> CellColumns:
    return columns_of_cells(cells, channels=["RNA", "DAPI"])


def _read(item: h5py.Group | h5py.Dataset) -> Any:
    """An element of AnnData's format on disk, by the encoding that it says of itself."""
    kind = (item.attrs["encoding-type"], item.attrs["encoding-version"])
    if kind == ("string-array", "0.2.0"):
        return [text.decode() for text in item[()]]
    if kind == ("string", "0.2.0"):
        return item[()].decode()
    if kind == ("array", "0.2.0"):
        return item[()]
    if kind == ("categorical", "0.2.0"):
        names = _read(item["categories"])
        return [names[code] if code >= 0 else None for code in _read(item["codes"])]
    if kind == ("csr_matrix", "0.1.0"):
        matrix = np.zeros(item.attrs["shape"])
        for row in range(len(matrix)):
            own = slice(item["indptr"][row], item["indptr"][row + 1])
            matrix[row, item["indices"][own]] = item["data"][own]
        return matrix
    if kind == ("dataframe", "0.2.0"):
        names = [str(name) for name in item.attrs["column-order"]]
        return pd.DataFrame({name: _read(item[name]) for name in names}, index=_read(item[item.attrs["_index"]]))
    assert kind in (("dict", "0.1.0"), ("anndata", "0.1.0"))
    return {name: _read(item[name]) for name in item}


def test_a_plate_s_cells_are_what_the_table_has(cells: Path, columns: CellColumns, tmp_path: Path) -> None:
    path = tmp_path / "p.h5ad"
    assert write_anndata(path, cells, plate="p", columns=columns, about={"version": "1"}) == 3
    with h5py.File(path) as file:
        found = _read(file)
    assert list(found["obs"].index) == ["p/A01/1", "p/A01/2", "p/A02/1"]
    assert found["obs"]["well"].tolist() == ["A01", "A01", "A02"]
    assert found["obs"]["treatment"].fillna("missing").tolist() == ["drug", "drug", "missing"]
    assert found["obs"]["is_border_cell"].tolist() == [False, True, False]
    assert found["obs"]["label"].tolist() == [1, 2, 1]
    assert found["obsm"]["spatial"].tolist() == [[10.0, 1.5], [20.0, 2.5], [10.0, 1.5]]
    assert found["uns"]["wellspring"] == {"version": "1", "plate": "p", "spatial_unit": "µm"}
    mean = columns.features.index("Cells_Intensity_Mean_RNA")
    np.testing.assert_array_equal(found["X"][:, mean], np.float32([100.25, np.nan, 100.25]))
    about = found["var"].loc["Cells_Intensity_Mean_RNA"]
    assert about.tolist() == ["Cells", "Intensity", "RNA", "feature", "intensity", "mean of RNA"]


def test_counts_that_are_not_known_are_no_zeros(cells: Path, columns: CellColumns, tmp_path: Path) -> None:
    assert columns.counts == [COUNT]
    write_anndata(tmp_path / "p.h5ad", cells, plate="p", columns=columns, about={})
    with h5py.File(tmp_path / "p.h5ad") as file:
        counts = _read(file["layers/counts"])
    place = columns.features.index(COUNT)
    np.testing.assert_array_equal(counts[:, place], [3.0, 0.0, np.nan])
    assert np.delete(counts, place, axis=1).sum() == 0


def test_a_plate_without_cells_is_an_empty_file(cells: Path, columns: CellColumns, tmp_path: Path) -> None:
    assert write_anndata(tmp_path / "r.h5ad", cells, plate="r", columns=columns, about={}) == 0
    with h5py.File(tmp_path / "r.h5ad") as file:
        assert file["X"].shape == (0, len(columns.features))
    assert write_cytomining(tmp_path / "r.parquet", cells, plate="r", columns=columns) == 0
    assert list(pd.read_parquet(tmp_path / "r.parquet")["Metadata_Plate"]) == []


def test_names_of_cells_are_unique(tmp_path: Path) -> None:
    obs = pd.DataFrame(index=["a", "a"])
    with pytest.raises(InputError, match="'a' repeats"):
        write_h5ad(tmp_path / "x.h5ad", obs=obs, var=obs[:1], values=[], obsm={}, layers={}, uns={})
    assert list(tmp_path.iterdir()) == []


def test_a_profile_has_metadata_and_features(cells: Path, columns: CellColumns, tmp_path: Path) -> None:
    assert write_cytomining(tmp_path / "p.parquet", cells, plate="p", columns=columns) == 3
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found["Metadata_Plate"].tolist() == ["p"] * 3
    assert found["Metadata_Well"].tolist() == ["A01", "A01", "A02"]
    assert found["Metadata_ObjectNumber"].tolist() == [1, 2, 1]
    assert found["Metadata_Site"].tolist() == ["1"] * 3
    assert found["Metadata_sheet_Site"].tolist() == ["of the sheet"] * 3
    assert found["Metadata_treatment"].tolist()[:2] == ["drug", "drug"]
    starts = ("Metadata_", "Cells_")
    assert all(name.startswith(starts) for name in found)
    assert found["Cells_Intensity_Mean_RNA"].tolist()[::2] == [100.25, 100.25]
    field = pq.read_schema(tmp_path / "p.parquet").field("Cells_Intensity_Mean_RNA")
    assert field.metadata[b"unit"] == b"intensity"


def test_what_is_no_table_of_cells_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"plate": ["p"]}), tmp_path / "cells.parquet")
    with pytest.raises(InputError, match="expected the table of all cells"):
        columns_of_cells(tmp_path / "cells.parquet", channels=[])


def test_centres_need_the_family_shape(columns: CellColumns) -> None:
    bare = CellColumns(keys=[], annotations=[], features=["Cells_Intensity_Mean_RNA"], counts=[], about=columns.about)
    with pytest.raises(InputError, match="family shape"):
        bare.center()
    pixels = ["Nuclei_AreaShape_Center_X_px", "Nuclei_AreaShape_Center_Y_px"]
    assert CellColumns(keys=[], annotations=[], features=pixels, counts=[], about=columns.about).center() == (
        *pixels,
        "px",
    )
