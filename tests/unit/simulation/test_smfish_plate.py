"""A simulated smFISH plate, and the comparison of results with its truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.__main__ import main
from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.simulation.smfish_plate import (
    SmfishSettings,
    SmfishWell,
    draw_site,
    hard_settings,
    simulate_smfish_plate,
)
from wellspring.simulation.smfish_truth import compare_smfish, is_smfish_plate, smfish_text
from wellspring.simulation.tables import SMFISH_CELLS, SMFISH_SPOTS
from wellspring.spots.tables import WELL_SPOTS, WELL_SPOTS_PER_CELL
from wellspring.tables import empty_table, read_table, write_table

SETTINGS = SmfishSettings((SmfishWell("A01", 3, 10.0), SmfishWell("A02", 0, 0.0)), shape=(6, 160, 160), nucleus_px=30.0)


@pytest.fixture
def plate(tmp_path):
    return simulate_smfish_plate(tmp_path / "plate", settings=SETTINGS, seed=1).parent


@pytest.fixture
def results(tmp_path, plate):
    """Tables and labels that repeat the truth."""
    folder = tmp_path / "results"
    cells = read_table(plate / "truth/cells.parquet", SMFISH_CELLS)
    spots = read_table(plate / "truth/spots.parquet", SMFISH_SPOTS)
    for well in ("A01", "A02"):
        own, in_well = cells[cells["well"] == well], spots[spots["well"] == well]
        labels = read_labels(plate / f"truth/{well}.cells.ome.tif")["1"]
        write_labels(folder / f"segmentation/cells/smfish01/{well}.ome.tif", {"1": labels}, pixel_size_um=None)
        found = empty_table(WELL_SPOTS).drop(columns=["y_px", "x_px"]).reindex(range(len(in_well)))
        known = dict.fromkeys(("nucleus_id", "label_in_site", "object_id", "focus_id"), 0)
        found = found.assign(is_added=False, plate="smfish01", well=well, site="1", channel="RNA", **known)
        found = found.join(in_well[["z_px", "y_px", "x_px"]].reset_index(drop=True))
        write_table(found, folder / f"spots/smfish01/{well}.parquet", WELL_SPOTS)
        zeros = dict.fromkeys(("n_free", "n_in_foci", "n_foci", "n_in_nucleus"), 0)
        counts = pd.DataFrame(
            {"object_id": own["cell"], "label_in_site": own["cell"], "n_spots": own["n_spots"], **zeros}
        )
        counts = counts.assign(
            plate="smfish01",
            well=well,
            site="1",
            channel="RNA",
            n_by_light=np.nan,
            n_spots_uncertain=np.nan,
            n_spots_beyond=np.nan,
            n_detected=counts["n_spots"],
            n_added=0,
        )
        write_table(counts, folder / f"spots/cells/smfish01/{well}.parquet", WELL_SPOTS_PER_CELL)
    return folder


def test_files_sheet_and_truth(plate):
    assert pd.read_csv(plate / "wells.tsv", sep="\t")["well"].tolist() == ["A01", "A02"]
    with tifffile.TiffFile(plate / "smfish01" / "A02_s1_RNA.tif") as tif:
        assert (tif.series[0].axes, tif.series[0].shape) == ("ZYX", (6, 160, 160))
    cells = read_table(plate / "truth/cells.parquet", SMFISH_CELLS)
    spots = read_table(plate / "truth/spots.parquet", SMFISH_SPOTS)
    assert spots.groupby("cell").size().reindex([1, 2, 3], fill_value=0).tolist() == cells["n_spots"].tolist()
    assert is_smfish_plate(plate)


def test_a_drawn_site_is_bright_where_its_spots_are():
    site = draw_site(SETTINGS.wells[0], settings=SETTINGS, rng=np.random.default_rng(3))
    z, y, x = site.spots[["z_px", "y_px", "x_px"]].round().astype(int).clip(lower=0).to_numpy().T
    inside = site.stacks["RNA"][z, y.clip(max=159), x.clip(max=159)]
    assert np.median(inside) > np.percentile(site.stacks["RNA"], 99)
    again = draw_site(SETTINGS.wells[0], settings=SETTINGS, rng=np.random.default_rng(3))
    assert (again.stacks["RNA"] == site.stacks["RNA"]).all()


@pytest.mark.slow
def test_too_many_cells_and_a_folder_in_use(tmp_path, plate):
    crowded = SmfishSettings((SmfishWell("A01", 50, 1.0),), shape=(6, 160, 160))
    with pytest.raises(ValueError, match="50 cells do not fit"):
        simulate_smfish_plate(tmp_path / "new", settings=crowded, seed=1)
    assert not (tmp_path / "new").exists()
    with pytest.raises(FileExistsError, match="expected a new or empty folder"):
        simulate_smfish_plate(plate, settings=SETTINGS, seed=1)


def test_results_that_repeat_the_truth(plate, results, capsys):
    comparison = compare_smfish(plate, results)
    assert comparison.mistakes == ()
    assert comparison.wells["f1"].tolist() == [1.0, 1.0]
    assert comparison.wells["count_error"].tolist() == [0.0, 0.0]
    assert comparison.wells["spot_error"].max() < 0.02
    assert smfish_text(comparison).splitlines()[0].count("with true outlines") == 1
    assert smfish_text(comparison).splitlines()[1].split()[:3] == ["A01", "3", "3"]
    assert main(["truth", str(plate), str(results)]) == 0
    assert "came out as simulated" in capsys.readouterr().out


def test_results_that_fall_short_are_told(plate, results, capsys):
    path = results / "spots/cells/smfish01/A01.parquet"
    write_table(read_table(path, WELL_SPOTS_PER_CELL).iloc[:2], path, WELL_SPOTS_PER_CELL)
    spots = results / "spots/smfish01/A01.parquet"
    write_table(read_table(spots, WELL_SPOTS).iloc[:3], spots, WELL_SPOTS)
    n_true = int((read_table(plate / "truth/spots.parquet", SMFISH_SPOTS)["well"] == "A01").sum())
    assert compare_smfish(plate, results).wells["spot_error"][0] == pytest.approx((n_true - 3) / n_true, abs=0.02)
    assert main(["truth", str(plate), str(results)]) == 1
    said = capsys.readouterr().err
    assert "A01: 2 cells instead of 3" in said
    assert "A01: F1 of the spots is" in said
    assert "the counts per cell are off by" in said


def test_cells_whose_borders_are_wrong_are_reported(plate, results, capsys):
    path = results / "segmentation/cells/smfish01/A01.ome.tif"
    labels = read_labels(path)["1"]
    ordered = np.sort(np.unique(labels[labels > 0]))
    # The first cell loses its lower half: to the IoU 0.5, with its spots there.
    rows = np.flatnonzero((labels == ordered[0]).any(axis=1))
    cut = labels.copy()
    cut[int(np.median(rows)) :][labels[int(np.median(rows)) :] == ordered[0]] = 0
    write_labels(path, {"1": cut}, pixel_size_um=None)
    comparison = compare_smfish(plate, results)
    well = comparison.wells.iloc[0]
    assert well["iou"] == pytest.approx((1 + 1 + 0.5) / 3, abs=0.03)
    assert well["poor"] == pytest.approx(1 / 3)
    assert 0.6 < well["in_cell"] < 0.98
    assert main(["truth", str(plate), str(results)]) == 1
    said = capsys.readouterr().err
    assert "mean IoU of the cells is 0.8" in said
    assert "33% of the cells are below IoU 0.8" in said
    assert "of the spots lie in their cell, below 98%" in said


def test_the_harder_preset_differs_from_the_demo_where_it_says_so():
    settings = hard_settings()
    assert set(settings.stainings) == {well.name for well in settings.wells}
    wells = {well.name: SmfishWell(well.name, 3, 2.0) for well in settings.wells}
    small = replace(settings, shape=(6, 160, 160), nucleus_px=30.0)
    sites = {name: draw_site(well, settings=small, rng=np.random.default_rng(4)) for name, well in wells.items()}
    levels = {name: site.stacks["CELL"].mean(axis=0) for name, site in sites.items()}
    ring = {name: (site.cell_labels > 0) & (site.nucleus_labels == 0) for name, site in sites.items()}
    # A membrane stain is darkest in the nuclei, dim rims are darker than nuclei.
    assert levels["B05"][sites["B05"].nucleus_labels > 0].mean() < 0.9 * levels["B05"][ring["B05"]].mean()
    assert levels["B04"][ring["B04"]].mean() < 0.9 * levels["B04"][sites["B04"].nucleus_labels > 0].mean()
    # Without a gap, cells cover more.
    assert (sites["C02"].cell_labels > 0).mean() > 1.5 * (sites["B03"].cell_labels > 0).mean()
    outside = {name: levels[name][site.cell_labels == 0].mean() for name, site in sites.items()}
    assert outside["B03"] > outside["B04"] + 2


def test_a_negative_seed_is_told(tmp_path, capsys):
    assert main(["simulate-smfish", str(tmp_path / "new"), "--seed", "-1"]) == 1
    assert "--seed: expected 0 or more, got -1." in capsys.readouterr().err
