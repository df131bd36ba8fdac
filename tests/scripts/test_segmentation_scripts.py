"""The scripts of the rules segmentation_nuclei and segmentation_cells, called as functions."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.quality.correction import Correction, write_correction
from wellspring.raw.describe import describe_well
from wellspring.raw.index import write_index
from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.segmentation.settings import SHIPPED_WEIGHTS
from wellspring.segmentation.tables import MATCHED, NUCLEUS_SCORES, WELL_NUCLEI, WELL_SEGMENTED
from wellspring.simulation.crowded_plate import CrowdedSettings, simulate_crowded_plate
from wellspring.tables import empty_table, read_table, write_table

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
RAW = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": 0.5}
NUCLEI = {
    "method": "log_otsu",
    "nucleus_channel": "DAPI",
    "smoothing_sigma_px": 1.0,
    "min_diameter_px": 10.0,
    "cells": None,
    "z_step_um": None,
    "annotated": None,
}
EXPANSION = {"method": "expansion", "distance_px": 5.0}


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """The index of a well of two sites: one nucleus in the first, none in the second."""
    image = np.full((60, 80), 100, dtype=np.uint16)
    tifffile.imwrite(tmp_path / "A1_2_DAPI.tif", image)
    image[20:40, 30:50] = 2000
    tifffile.imwrite(tmp_path / "A1_1_DAPI.tif", image)
    write_index(describe_well(tmp_path, plate="P", well="A1", raw=RAW), tmp_path / "A1.json")
    return tmp_path / "A1.json"


def _nuclei(index: Path, output: Path, **options: Any) -> None:
    given = {"correction": None, "left_out": [], "projection": "max", "background": {}, "segmentation": NUCLEI}
    tables = {name: output.with_name(f"{name}.parquet") for name in ("about", "objects", "matches")}
    _script("segmentation_nuclei").main(
        index=index, labels=output, **tables, **{"given": {"nuclei": [], "cells": []}, **given, **options}
    )


def test_labels_of_each_site(index: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "A1.ome.tif"
    _nuclei(index, output)
    labels = read_labels(output)
    assert list(labels) == ["1", "2"]
    assert labels["1"][30, 40] == 1
    assert (labels["1"] == 1).sum() == pytest.approx(400, rel=0.05)
    assert labels["2"].max() == 0
    found = read_table(output.with_name("objects.parquet"), WELL_NUCLEI)
    assert found[["site", "label_in_site", "is_nucleus_of_several"]].to_numpy().tolist() == [["1", 1, False]]
    with tifffile.TiffFile(output) as tif:
        assert 'PhysicalSizeX="0.5"' in (tif.ome_metadata or "")


@pytest.mark.network
def test_the_network_s_labels_are_those_that_nuclei_are_described_from(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wellspring.models import devices

    # TensorFlow's threads are fixed by the first test that uses it.
    monkeypatch.setattr(devices, "prepared_device", dict)
    output = tmp_path / "out" / "network" / "A1.ome.tif"
    _script("segmentation_unet").main(
        index=index,
        correction=None,
        weights=SHIPPED_WEIGHTS,
        left_out=["2"],
        projection="max",
        background={},
        channels=["DAPI"],
        threads=1,
        labels=output,
    )
    (site,) = read_labels(output)
    assert (site, read_labels(output)[site].shape) == ("1", (60, 80))
    write_labels(output, [("1", np.eye(60, 80, dtype=np.uint32))], pixel_size_um=0.5)
    block = {**NUCLEI, "method": "unet", "weights": None, "smoothing_sigma_px": None, "min_diameter_px": None}
    given = {"nuclei": [], "cells": [], "network": [output]}
    _nuclei(index, tmp_path / "A1.ome.tif", segmentation=block, left_out=["2"], given=given)
    np.testing.assert_array_equal(read_labels(tmp_path / "A1.ome.tif")["1"], np.eye(60, 80))


def test_a_channel_that_is_not_there(index: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "A1.ome.tif"
    with pytest.raises(ValueError, match=r"P/A1, but \['Hoechst'\] are not among \['DAPI'\]"):
        _nuclei(index, output, segmentation={**NUCLEI, "nucleus_channel": "Hoechst"})
    assert not output.parent.exists() or list(output.parent.iterdir()) == []


def test_flagged_sites_are_left_out_and_the_light_is_evened(index: Path, tmp_path: Path) -> None:
    bright = np.ones((60, 80), dtype=np.float32)
    # The function lights up what looks like a second nucleus: so it was applied.
    bright[20:40, 56:76] = 20
    write_correction(tmp_path / "light.npz", Correction({"DAPI": bright}))
    _nuclei(index, tmp_path / "raw.ome.tif", left_out=["2"])
    _nuclei(index, tmp_path / "even.ome.tif", left_out=["2"], correction=tmp_path / "light.npz")
    raw, even = read_labels(tmp_path / "raw.ome.tif"), read_labels(tmp_path / "even.ome.tif")
    assert list(raw) == list(even) == ["1"]
    assert (raw["1"].max(), even["1"].max()) == (1, 2)
    assert even["1"][30, 66] == 2


@pytest.mark.parametrize("kept", [("1", "2"), ("2",), ()])
def test_cells_of_the_kept_sites(index: Path, tmp_path: Path, kept: tuple[str, ...]) -> None:
    labels = np.zeros((60, 80), dtype=np.uint32)
    labels[20:40, 10:30], labels[20:40, 50:70] = 1, 2
    nuclei = tmp_path / "A1.ome.tif"
    write_labels(nuclei, dict.fromkeys(kept, labels), pixel_size_um=None)
    rows = [("P", "A1", site, label, label, 400, 0, 1) for site in kept for label in (1, 2)]
    matches = tmp_path / "P" / "A1.matched.parquet"
    write_table(pd.DataFrame(rows, columns=MATCHED.names) if rows else empty_table(MATCHED), matches, MATCHED)
    rows = [("P", "A1", site, label, 400, 1.0, 1, False, False, label == 2) for site in kept for label in (1, 2)]
    described = tmp_path / "P" / "A1.nuclei.objects.parquet"
    table = pd.DataFrame(rows, columns=WELL_NUCLEI.names) if rows else empty_table(WELL_NUCLEI)
    write_table(table, described, WELL_NUCLEI)
    _script("segmentation_cells").main(
        index=index,
        correction=None,
        left_out=sorted({"1", "2"} - set(kept)),
        background={},
        cells=EXPANSION,
        names={"pattern": None},
        given=[],
        nuclei=nuclei,
        nucleus_objects=described,
        matches=matches,
        labels=tmp_path / "A1.cells.ome.tif",
        borders=tmp_path / "A1.borders.ome.tif",
        objects=tmp_path / "A1.parquet",
    )
    cells = read_labels(tmp_path / "A1.cells.ome.tif")
    assert tuple(cells) == kept
    assert all((cells[name] == 1).sum() > 400 for name in kept)
    borders = read_labels(tmp_path / "A1.borders.ome.tif")
    assert tuple(borders) == kept
    assert all(borders[name].shape == (60, 80) and not borders[name].any() for name in kept)
    found = read_table(tmp_path / "A1.parquet", WELL_SEGMENTED)
    assert found["object_id"].tolist() == list(range(1, 1 + 2 * len(kept)))
    assert found[["site", "label_in_site"]].to_numpy().tolist() == [[name, label] for name in kept for label in (1, 2)]
    assert found["is_nucleus_of_several"].tolist() == [False, True] * len(kept)


@pytest.mark.network
def test_annotated_sites_train_the_network_and_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wellspring.models import devices

    monkeypatch.setattr(devices, "prepared_device", dict)
    plate = simulate_crowded_plate(tmp_path / "plate", settings=CrowdedSettings(2, 2, 2, 1, size_px=96), seed=1).parent
    raw = {**RAW, "pattern": "{well}_s{site}_{channel}.tif"}
    for well in ("A01", "A02"):
        index = tmp_path / f"{well}.json"
        write_index(describe_well(plate / "crowded01", plate="P", well=well, raw=raw), index)
        _script("segmentation_annotate").main(
            index=index,
            correction=None,
            labels=[plate / "annotated" / f"{well}_s1_nuclei.tif"],
            pattern="{well}_s{site}_nuclei.tif",
            left_out=[],
            projection="max",
            background={},
            channels=["DAPI"],
            sites=tmp_path / "P" / f"{well}.npz",
        )
    output = {name: tmp_path / "trained" / name for name in ("weights", "scores", "examples")}
    output["weights"] = output["weights"].with_suffix(".npz")
    output["scores"] = output["scores"].with_suffix(".parquet")
    output["weights"].parent.mkdir()
    _script("segmentation_train").main(
        annotated=[tmp_path / "P" / "A01.npz", tmp_path / "P" / "A02.npz"],
        start=SHIPPED_WEIGHTS,
        n_epochs=1,
        steps_per_epoch=1,
        seed=1,
        threads=1,
        **output,
    )
    scores = read_table(output["scores"], NUCLEUS_SCORES)
    assert (scores["site"] == "1").all()
    assert scores["well"].nunique() == 1
    by_method = scores.set_index("method")["f1"]
    assert by_method["shipped"] > by_method["classical"]
    # Nothing of the training is left but what was asked for.
    assert sorted(path.name for path in output["weights"].parent.iterdir()) == [
        "examples",
        "scores.parquet",
        "weights.npz",
    ]
    _script("segmentation_compare").main(
        scores=output["scores"],
        examples=output["examples"],
        figure=tmp_path / "compared.svg",
        table=tmp_path / "compared.csv",
    )
    assert "fine-tuned: " in (tmp_path / "compared.svg").read_text(encoding="utf-8")
    assert len(pd.read_csv(tmp_path / "compared.csv")) == 3
