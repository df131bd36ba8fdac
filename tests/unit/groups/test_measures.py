"""Means of wells from tables of cells and sites."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wellspring.errors import InputError
from wellspring.groups.job import cells_of_measure, labels_of
from wellspring.groups.measures import (
    count_measures,
    doubtful_wells,
    feature_measures,
    feature_units,
    measured_wells,
    spot_measures,
)


def _sites(*doubts: str) -> pd.DataFrame:
    """Two sites of well A1, two of B1."""
    table = pd.DataFrame({"plate": "p", "well": ["A1", "A1", "B1", "B1"], "doubts": doubts, "n_nuclei": [3, 5, 0, 1]})
    return table.assign(channel="RNA", n_spots=[4, 8, 0, 0], n_cells=np.nan)


def _cells(**counts: list[int]) -> pd.DataFrame:
    rows = [(well, value) for well, values in counts.items() for value in values]
    table = pd.DataFrame({"plate": "p", "well": [row[0] for row in rows], "n_spots": [row[1] for row in rows]})
    return table.assign(channel="RNA", n_foci=0, n_in_nucleus=1)


def test_a_well_is_doubtful_by_its_share_of_sites() -> None:
    sites = _sites("none", "unstable count", "none", "none")
    assert doubtful_wells(sites, share=0.5) == {("p", "A1")}
    assert doubtful_wells(sites, share=0.6) == frozenset()
    assert doubtful_wells(sites.iloc[:0], share=0.5) == frozenset()


def test_nuclei_are_counted_per_site() -> None:
    (found,) = count_measures(_sites(*["none"] * 4), share=0.5)
    assert found.values["value"].tolist() == [4, 0.5]
    assert count_measures(_sites(*["none"] * 4).iloc[:0], share=0.5) == []
    sites = _sites(*["none"] * 4)
    both = count_measures(sites.assign(n_cells=[4, 4, 2, 0]), share=0.5)
    assert [one.name for one in both] == ["nuclei_per_site", "cells_per_site"]
    assert both[1].values["value"].tolist() == [4, 1]
    assert [one.name for one in count_measures(sites.assign(n_cells=sites["n_nuclei"]), share=0.5)] == [found.name]
    (alone,) = count_measures(sites.assign(n_cells=sites["n_nuclei"], n_nuclei=np.nan), share=0.5)
    assert (alone.name, alone.unit) == ("cells_per_site", "cells")


def test_spots_per_cell_are_means_and_wells_with_few_cells_have_none() -> None:
    found = spot_measures(_cells(A1=[1, 2, 6], B1=[9]), _sites("a", "none", "none", "none"), share=0.5, min_cells=2)
    assert [one.name for one in found] == ["spots_per_cell_RNA", "spots_in_nucleus_RNA"]
    values = found[0].values.set_index("well")
    assert values["value"]["A1"] == 3
    assert np.isnan(values["value"]["B1"])
    assert values["n"].to_dict() == {"A1": 3, "B1": 1}
    assert found[0].doubtful == {("p", "A1")}


def test_without_cells_spots_are_counted_per_site() -> None:
    (found,) = spot_measures(_cells(), _sites(*["none"] * 4), share=0.5, min_cells=2)
    assert (found.name, found.values["value"].tolist()) == ("spots_per_site_RNA", [6, 0])


def _tables_of_cells(folder: Path) -> list[Path]:
    """Well A1 with three cells, one of them cut off, and a nucleus in no cell; B1 with one, whose area is missing."""
    found = []
    for well, areas in {"A1": [10.0, 20.0, 999.0, 888.0], "B1": [None]}.items():
        table = pa.table(
            {
                "plate": ["p"] * len(areas),
                "well": [well] * len(areas),
                "object_id": range(len(areas)),
                "is_border_cell": [value == 999 for value in areas],
                "is_in_no_cell": [value == 888 for value in areas],
                "Nuclei_AreaShape_Center_X_px": [1.0] * len(areas),
                "Nuclei_AreaShape_Area_um2": pa.array(areas, pa.float64()),
                "Nuclei_Texture_Contrast_A": pa.array([None] * len(areas), pa.float64()),
            }
        )
        place = table.schema.get_field_index("Nuclei_AreaShape_Area_um2")
        table = table.set_column(place, table.schema.field(place).with_metadata({"unit": "µm²"}), table.column(place))
        found.append(folder / f"{well}.parquet")
        pq.write_table(table, found[-1])
    return found


def test_features_are_those_of_complete_cells_without_positions(tmp_path: Path) -> None:
    paths = _tables_of_cells(tmp_path)
    units = feature_units(paths[0])
    assert units == {"Nuclei_AreaShape_Area_um2": "µm²", "Nuclei_Texture_Contrast_A": ""}
    wells = [("p", "C1"), ("p", "B1"), ("p", "A1")]
    # What no cell has is no measure.
    (found,) = feature_measures(paths, units, wells=wells, min_cells=1, doubtful=frozenset())
    assert found.values["well"].tolist() == ["C1", "B1", "A1"]
    assert found.values["n"].tolist() == [0, 0, 2]
    assert found.values["value"].isna().tolist() == [True, True, False]
    assert found.values["value"].tolist()[2] == 15
    (few,) = feature_measures(paths, units, wells=wells, min_cells=3, doubtful=frozenset())
    assert few.values["value"].isna().all()
    assert cells_of_measure(found.name, pd.DataFrame(), paths)["p", "A1"].tolist() == [10, 20]


def test_a_table_without_wells_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"area": [1.0]}).to_parquet(tmp_path / "cells.parquet")
    with pytest.raises(InputError, match="expected the columns"):
        feature_units(tmp_path / "cells.parquet")


def test_measured_wells_hold_each_well_of_a_group_once() -> None:
    wells = pd.DataFrame(
        {"plate": "p", "well": ["A1", "D1"], "group": ["t", "c"], "replicate": "", "is_control": [False, True]}
    )
    found = measured_wells(count_measures(_sites("x", "x", "none", "none"), share=0.5), wells)
    assert found[["well", "n", "is_doubtful"]].to_numpy().tolist() == [["A1", 2, True], ["D1", 0, False]]
    assert np.isnan(found["value"][1])


def test_counts_are_distinguished_from_features() -> None:
    labels, counts = labels_of(["spots_per_cell_RNA", "Cells_AreaShape_Area_um2", "nuclei_per_site"])
    assert labels["spots_per_cell_RNA"] == "Spots per cell, RNA"
    assert labels["Cells_AreaShape_Area_um2"] == "Cells AreaShape Area µm²"
    assert counts == ["spots_per_cell_RNA", "nuclei_per_site"]


def test_cells_of_a_count_are_those_of_its_channel() -> None:
    cells = _cells(A1=[1, 2], B1=[3])
    found = cells_of_measure("spots_per_cell_RNA", cells, [])
    assert {key: values.tolist() for key, values in found.items()} == {("p", "A1"): [1, 2], ("p", "B1"): [3]}
    assert cells_of_measure("nuclei_per_site", cells, []) == {}
