"""A simulated plate on disk: the raw MPM format, the tables, the sheet, the truth."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.simulation.panel import PANEL, choose_markers
from wellspring.simulation.plate import simulate_plate
from wellspring.simulation.settings import PlateSettings, WellPlan, preset_settings, well_plans
from wellspring.simulation.tables import TRUTH
from wellspring.simulation.truth import attainable_r2, read_truth
from wellspring.tables import read_table

RESOURCES = Path(__file__).parents[3] / "resources"
SETTINGS = PlateSettings(
    wells=(WellPlan("J10", "normal", 40), WellPlan("J16", "DMSO", 30), WellPlan("I13", "AZD4573", 0)),
    markers=choose_markers(9),
    diameter_px=24.0,
)
ARRAYS = ("mpp", "x", "y", "mapobject_ids")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "plate"
    simulate_plate(folder, settings=SETTINGS, seed=7)
    return folder


def arrays(well):
    return {name: np.load(well / f"{name}.npy", allow_pickle=False) for name in ARRAYS}


def test_a_well_holds_the_files_of_the_raw_format(folder):
    well = folder / "plate01" / "J10"
    assert {file.name for file in well.iterdir()} == {*(f"{n}.npy" for n in ARRAYS), "metadata.csv", "channels.csv"}
    found = arrays(well)
    n_px = len(found["x"])
    assert found["mpp"].shape == (n_px, 9)
    assert found["mpp"].dtype == np.uint16
    assert {found[name].dtype for name in ("x", "y", "mapobject_ids")} == {np.dtype(np.int32)}
    place = found["y"].astype(np.int64) * 10_000 + found["x"]
    assert (np.diff(place) > 0).all(), "raster order, no pixel twice"
    assert found["x"].min() >= 0
    assert found["y"].min() >= 0


def test_every_object_has_pixels_and_one_row_of_metadata(folder):
    metadata = pd.read_csv(folder / "plate01" / "J10" / "metadata.csv", index_col=0)
    ids = arrays(folder / "plate01" / "J10")["mapobject_ids"]
    assert sorted(set(ids)) == sorted(metadata["mapobject_id"]) == list(range(1001, 1041))
    assert metadata["well_name"].eq("J10").all()


def test_channels_are_numbered_in_the_order_of_the_columns(folder):
    with (folder / "plate01" / "J10" / "channels.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["0", "00_DAPI"],
        ["1", "01_CDK9_pT186"],
        ["2", "09_SRRM2"],
        ["3", "10_H3K27ac"],
        ["4", "15_SON"],
        ["5", "20_SP100"],
        ["6", "10_POL2RA_pS2"],
        ["7", "11_PML"],
        ["8", "00_EU"],
    ]


def test_cell_ids_are_unique_among_wells_and_mitotic_cells_have_no_phase(folder):
    tables = [pd.read_csv(folder / "plate01" / well / "metadata.csv") for well in ("J10", "J16")]
    metadata = pd.concat(tables)
    assert metadata["mapobject_id_cell"].is_unique
    phases = pd.read_csv(folder / "plate01" / "cell_cycle_classification.csv")
    assert set(phases["cell_cycle"]) == {"G1", "S", "G2"}
    without = set(metadata["mapobject_id_cell"]) - set(phases["mapobject_id"])
    assert without == set(metadata.loc[metadata["is_mitotic"] == 1, "mapobject_id_cell"])
    assert without


def test_perturbations_stand_in_the_table_of_wells_and_normal_is_missing(folder):
    wells = pd.read_csv(folder / "plate01" / "wells_metadata.csv").set_index("well_name")
    assert wells["perturbation"].isna().to_dict() == {"J10": True, "J16": False, "I13": False}
    assert wells.loc["J16", "perturbation"] == "DMSO"


def test_the_sheet_lists_the_wells_relative_to_itself(folder):
    sheet = pd.read_csv(folder / "wells.tsv", sep="\t")
    assert list(sheet.columns) == ["plate", "well", "path", "replicate"]
    assert list(sheet["path"]) == ["plate01/J10", "plate01/J16", "plate01/I13"]
    assert all((folder / path).is_dir() for path in sheet["path"])


def test_replicates_count_within_a_perturbation(tmp_path):
    settings = replace(SETTINGS, wells=well_plans(5, n_cells=1), markers=choose_markers(2))
    sheet = pd.read_csv(simulate_plate(tmp_path / "p", settings=settings, seed=1), sep="\t")
    numbers = dict(zip(sheet["well"], sheet["replicate"], strict=True))
    assert numbers == {"J10": 1, "J16": 1, "I09": 2, "I14": 2, "I11": 3}


def test_a_well_without_cells_has_empty_arrays_and_tables(folder):
    well = folder / "plate01" / "I13"
    found = arrays(well)
    assert found["mpp"].shape == (0, 9)
    assert found["mpp"].dtype == np.uint16
    assert all(found[name].shape == (0,) for name in ARRAYS[1:])
    metadata = pd.read_csv(well / "metadata.csv")
    assert metadata.empty
    assert "mapobject_id_cell" in metadata


def test_the_background_table_holds_what_was_added(folder):
    # BG channels show next to nothing else: their pixels are the background and 15 counts.
    settings = PlateSettings(wells=(WellPlan("J10", "normal", 60),), markers=(PANEL[33], PANEL[34], PANEL[35]))
    sheet = simulate_plate(folder.parent / "background", settings=replace(settings, diameter_px=24.0), seed=3)
    table = pd.read_csv(sheet.parent / "plate01" / "secondary_only_relative_normalisation.csv")
    used = table[(table["measurement_type"] == "non-cell") & (table["cell_line"] == "HeLa")]
    assert list(used["channel"]) == ["00_BG488", "00_BG568", "00_EU"]
    pixels = np.load(sheet.parent / "plate01" / "J10" / "mpp.npy")
    # 60 nuclei of some 450 px: the mean's error is 12 / sqrt(27,000) = 0.07, that of the cells' staining 0.25.
    np.testing.assert_allclose(pixels[:, :2].mean(axis=0) - used["mean_background"][:2], 15.0, atol=1.0)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(folder, tmp_path):
    simulate_plate(tmp_path / "same", settings=SETTINGS, seed=7)
    simulate_plate(tmp_path / "other", settings=SETTINGS, seed=8)
    files = sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    assert len(files) == 3 * 6 + 3 + 2 + 3 + 1
    for file in files:
        assert (tmp_path / "same" / file).read_bytes() == (folder / file).read_bytes(), file
    mpp = Path("plate01/J10/mpp.npy")
    assert (tmp_path / "other" / mpp).read_bytes() != (folder / mpp).read_bytes()


def test_a_well_does_not_depend_on_those_after_it(folder, tmp_path):
    simulate_plate(tmp_path / "one", settings=replace(SETTINGS, wells=SETTINGS.wells[:1]), seed=7)
    mpp = Path("plate01/J10/mpp.npy")
    assert (tmp_path / "one" / mpp).read_bytes() == (folder / mpp).read_bytes()


def test_the_truth_names_every_cell_and_the_causal_channels(folder):
    cells = read_table(folder / "truth" / "cells.parquet", TRUTH)
    assert len(cells) == 70
    terms = cells[[f"{name}_term" for name in ("structure", "activity", "effect", "noise")]].sum(axis=1)
    np.testing.assert_allclose(cells["eu"], 380.0 + terms)
    truth = read_truth(folder)
    assert truth.seed == 7
    assert truth.formula == SETTINGS.formula
    assert truth.causes.structure == ("09_SRRM2", "15_SON", "20_SP100", "11_PML")
    assert truth.causes.seen_in("structure") == truth.causes.structure
    assert truth.causes.seen_in("color-structure") == (*truth.causes.structure, *truth.causes.intensity)
    assert truth.causes.intensity == ("01_CDK9_pT186", "10_H3K27ac", "10_POL2RA_pS2")
    assert truth.attainable == attainable_r2(cells, formula=SETTINGS.formula)


def test_no_cells_have_no_attainable_r2(tmp_path):
    settings = replace(SETTINGS, wells=(WellPlan("J10", "normal", 0),))
    simulate_plate(tmp_path / "p", settings=settings, seed=1)
    attainable = read_truth(tmp_path / "p").attainable
    assert attainable.n_cells == 0
    assert np.isnan([attainable.total, attainable.structure, attainable.activity]).all()


def test_a_folder_in_use_is_left_alone(folder):
    before = sorted(folder.rglob("*"))
    with pytest.raises(FileExistsError, match="Remove it or name another"):
        simulate_plate(folder, settings=SETTINGS, seed=1)
    assert sorted(folder.rglob("*")) == before


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "plate").write_text("mine")
    with pytest.raises(FileExistsError, match="new or empty folder"):
        simulate_plate(tmp_path / "plate", settings=SETTINGS, seed=1)


def test_an_interrupted_plate_leaves_nothing_behind(tmp_path):
    def interrupt(line):
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt, match="J10: normal, 40 cells"):
        simulate_plate(tmp_path / "plate", settings=SETTINGS, seed=1, report=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "plate").mkdir()
    sheet = simulate_plate(tmp_path / "plate", settings=replace(SETTINGS, wells=SETTINGS.wells[2:]), seed=1)
    assert sheet.is_file()


def test_the_table_of_markers_is_the_panel():
    table = pd.read_csv(RESOURCES / "markers.csv")
    rows = [[m.name, m.identifier, m.raw_id, m.kind, m.seen_in] for m in PANEL]
    assert table.to_numpy().tolist() == rows
    assert list(table.columns) == ["marker", "channel", "raw_id", "kind", "seen_in"]


def test_the_panel_has_the_38_channels_of_the_thesis_in_its_order():
    assert [marker.raw_id for marker in PANEL] == list(range(38))
    assert len({marker.identifier for marker in PANEL}) == 38
    assert (PANEL[0].identifier, PANEL[32].identifier, PANEL[35].identifier) == ("00_DAPI", "21_COIL", "00_EU")


def test_presets_and_their_changes():
    full = preset_settings("full")
    assert len(full.markers) == 38
    assert full.diameter_px == 110.0
    small = preset_settings("full", n_wells=2, n_cells=5, n_channels=3, diameter_px=40.0)
    assert [plan.n_cells for plan in small.wells] == [5, 5]
    assert [marker.name for marker in small.markers] == ["SRRM2", "SP100", "EU"]
    assert small.diameter_px == 40.0


def test_a_whole_plate_has_384_wells_of_their_own_name():
    names = [plan.name for plan in well_plans(384, n_cells=1)]
    assert len(set(names)) == 384


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"preset": "tiny"}, "preset: expected one of"),
        ({"preset": "demo", "n_wells": 0}, "n_wells: expected 1 to 384"),
        ({"preset": "demo", "n_wells": 385}, "n_wells: expected 1 to 384"),
        ({"preset": "demo", "n_channels": 1}, "n_channels: expected 2 to 38"),
        ({"preset": "demo", "n_channels": 39}, "n_channels: expected 2 to 38"),
        ({"preset": "demo", "n_cells": -1}, "expected 0 or more cells"),
        ({"preset": "demo", "diameter_px": 5.0}, "diameter_px: expected at least 12"),
    ],
)
def test_numbers_out_of_range(arguments, words):
    with pytest.raises(ValueError, match=words):
        preset_settings(**arguments)


def test_an_unknown_perturbation_and_a_panel_without_target():
    with pytest.raises(ValueError, match="well J10: expected one of"):
        PlateSettings(wells=(WellPlan("J10", "aspirin", 1),))
    with pytest.raises(ValueError, match="markers: expected the target EU"):
        PlateSettings(markers=PANEL[:3])
