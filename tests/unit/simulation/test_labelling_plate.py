"""Simulated plates for labelling: files, channels, and a truth that agrees with the images."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.__main__ import main
from wellspring.segmentation.labels import read_labels
from wellspring.simulation.labelling_camera import Camera, FieldLight, draw_field, flat_field, light_channel
from wellspring.simulation.labelling_cells import STAINS, CellLine
from wellspring.simulation.labelling_plate import (
    LABELLING_PRESETS,
    LabellingSettings,
    LabellingWell,
    is_labelling_plate,
    simulate_labelling_plate,
)
from wellspring.simulation.labelling_tables import LABELLING_FIELDS, LABELLING_NUCLEI
from wellspring.tables import read_table

CAMERA = Camera(size_px=96, planes_um=(0.0, -10.0))
WELLS = (
    LabellingWell("p1", "A01", "high", 1500.0, True, "train"),
    LabellingWell("p1", "A02", "low", 0.0, True, "test", n_times=2),
    LabellingWell("p2", "A01", "high", 1500.0, False, "", FieldLight(z_um=5.0, gain=0.5)),
)


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plates") / "plate"
    settings = LabellingSettings(WELLS, n_sites=2, camera=CAMERA)
    return simulate_labelling_plate(folder, settings=settings, seed=1).parent


def test_stained_wells_have_all_channels_and_others_the_light_alone(plate) -> None:
    sheet = pd.read_csv(plate / "wells.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert list(sheet.columns) == ["plate", "well", "path", "density", "stained", "light_split"]
    assert sheet["stained"].tolist() == ["yes", "yes", "no"]
    assert {path.name.split("_")[1] for path in (plate / "p1").glob("A02_*_DIC.tif")} == {"s1", "s2", "s3", "s4"}
    names = {path.name for path in (plate / "p1").glob("A01_s2_*.tif")}
    assert names == {f"A01_s2_{channel}.tif" for channel in ("DIC", "DICm10", *STAINS)}
    assert {path.name for path in (plate / "p2").glob("A01_s1_*")} == {"A01_s1_DIC.tif", "A01_s1_DICm10.tif"}
    assert is_labelling_plate(plate)


def test_the_true_table_is_that_of_the_true_labels_and_of_the_images(plate) -> None:
    nuclei = read_table(plate / "truth/nuclei.parquet", LABELLING_NUCLEI)
    own = nuclei[(nuclei["plate"] == "p1") & (nuclei["well"] == "A01") & (nuclei["site"] == "1")]
    labels = read_labels(plate / "truth/p1/A01.nuclei.ome.tif")["1"]
    assert own["nucleus"].tolist() == list(range(1, int(labels.max()) + 1))
    assert own["area_px"].tolist() == np.bincount(labels.ravel())[1:].tolist()
    for stain in STAINS:
        image = tifffile.imread(plate / f"p1/A01_s1_{stain}.tif").astype(float) - CAMERA.offset - 60.0
        measured = np.bincount(labels.ravel(), weights=image.ravel())[1:]
        # Photon noise of the whole mask, and the read noise.
        noise = np.sqrt(own["total_" + stain] + own["area_px"] * (60 + CAMERA.read_noise**2 + 1))
        assert (np.abs(measured - own["total_" + stain]) < 5 * noise).all()
        np.testing.assert_allclose(own[f"mean_{stain}"] * own["area_px"], own[f"total_{stain}"])


def test_fields_know_their_counts_light_and_an_empty_well(plate) -> None:
    fields = read_table(plate / "truth/fields.parquet", LABELLING_FIELDS).set_index(["plate", "well"])
    assert (fields.loc[("p1", "A02"), "n_nuclei"] == 0).all()
    assert fields.loc[("p1", "A02"), "area_px"].isna().all()
    assert (fields.loc[("p1", "A01"), "n_nuclei"] > 0).all()
    assert fields.loc[("p2", "A01"), "z_um"].mean() == pytest.approx(5.0, abs=1.0)
    dark = tifffile.imread(plate / "p2/A01_s1_DIC.tif").mean() - 100
    assert dark == pytest.approx(0.5 * CAMERA.photons, rel=0.12)


def test_concentration_raises_stain_and_path_and_the_reporter_is_independent() -> None:
    camera = Camera(size_px=320)
    field = draw_field(
        per_mm2=1500.0,
        camera=camera,
        line=CellLine(lower_share=0.0, mitotic_share=0.0),
        flat=flat_field(camera, rng=np.random.default_rng(1)),
        light=FieldLight(),
        rng=np.random.default_rng(3),
    )
    whole = field.nuclei[~field.nuclei["is_border"]]
    assert len(whole) > 30
    # Levels of CV 0.7, less what blur and heights change.
    spread = whole["mean_reporter"].std() / whole["mean_reporter"].mean()
    assert 0.4 < spread < 1.1
    assert np.corrcoef(whole["mean_reporter"], whole["mean_nucleus"])[0, 1] < 0.6
    assert (whole["mean_golgi"] < 0.5 * whole["mean_nucleus"]).mean() > 0.9


def test_the_same_seed_draws_the_same_field_and_sites_differ(plate, tmp_path) -> None:
    again = simulate_labelling_plate(
        tmp_path / "again", settings=LabellingSettings(WELLS[:1], n_sites=1, camera=CAMERA), seed=1
    ).parent
    first = (again / "p1/A01_s1_DIC.tif").read_bytes()
    assert first == (plate / "p1/A01_s1_DIC.tif").read_bytes()
    assert first != (plate / "p1/A01_s2_DIC.tif").read_bytes()


def test_planes_have_names() -> None:
    assert [light_channel("phase_contrast", z) for z in (0.0, -10.0, 2.5)] == ["PH", "PHm10", "PHp2.5"]


def test_presets_have_test_wells_of_every_density_and_a_later_plate() -> None:
    study = LABELLING_PRESETS["study"]()
    assert {well.density for well in study.wells if well.split == "test"} == {"low", "medium", "high"}
    demo = LABELLING_PRESETS["demo"]()
    assert {well.density for well in demo.wells if well.split == "test"} == {"low", "medium", "high"}
    later = [well.light.z_um for well in demo.wells if well.plate == "light02"]
    assert later[:4] == [0.0] * 4
    assert later[-1] == 6.0


def test_the_command_writes_a_plate_and_refuses_a_used_folder(tmp_path, capsys, monkeypatch) -> None:
    tiny = LabellingSettings(WELLS[:1])
    monkeypatch.setitem(LABELLING_PRESETS, "demo", lambda: tiny)
    arguments = ["simulate-labelling", str(tmp_path / "plate"), "--sites", "1", "--size", "64", "--planes", "0", "4"]
    main([*arguments, "--contrast", "bright_field"])
    assert (tmp_path / "plate/p1/A01_s1_BFp4.tif").is_file()
    assert "1 wells, 1 fields" in capsys.readouterr().out
    assert main(arguments) != 0
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert main([*arguments[:1], str(tmp_path / "other"), "--seed", "-1"]) != 0
    assert "--seed: expected 0 or more" in capsys.readouterr().err


def test_a_plate_without_fields_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="expected 1 site, 1 px and 1 plane or more, got 0"):
        simulate_labelling_plate(tmp_path / "x", settings=LabellingSettings(WELLS, n_sites=0), seed=1)
