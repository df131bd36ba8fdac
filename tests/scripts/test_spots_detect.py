"""The script of the rule spots_detect, called as a function on a well of two sites."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tifffile

from wellspring.raw.describe import describe_well
from wellspring.raw.index import write_index
from wellspring.segmentation.labels import write_labels
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots.images import TABLES
from wellspring.spots.settings import SHIPPED_WEIGHTS
from wellspring.spots.tables import WELL_SPOT_MARKS
from wellspring.tables import read_table

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "spots_detect.py"
RAW = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": 0.1}
SPOTS = {
    "channels": ["RNA"],
    "sigma_px": 1.5,
    "spacing_um": None,
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
    "method": "classical",
    "weights": None,
}


@pytest.fixture
def script() -> ModuleType:
    """The script as a module."""
    return _module(SCRIPT)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def well(tmp_path: Path) -> dict[str, Path | None]:
    """Index, labels and kept sites of two sites with two nuclei each: RNA images of 15 and of no spots."""
    labels = np.zeros((100, 120), dtype=np.uint32)
    labels[30:60, 10:50], labels[30:60, 70:110] = 1, 2
    for site, n_spots in (("1", 15), ("2", 0)):
        field = simulate_smfish(FieldSettings((100, 120), (1.5, 1.5), n_spots), rng=np.random.default_rng(4))
        tifffile.imwrite(tmp_path / f"A1_{site}_RNA.tif", field.image)
    write_index(describe_well(tmp_path, plate="P", well="A1", raw=RAW), tmp_path / "A1.json")
    nuclei = tmp_path / "A1.ome.tif"
    write_labels(nuclei, {"1": labels, "2": labels}, pixel_size_um=None)
    given = {"index": tmp_path / "A1.json", "nuclei": nuclei, "cells": nuclei}
    return {**given, "borders": None, "correction": None, "marks": None}


def test_a_file_for_each_table(tmp_path: Path, script: ModuleType, well: dict[str, Path | None]) -> None:
    output = {name: tmp_path / f"{name}.parquet" for name in TABLES}
    script.main(**well, left_out=[], background={}, spots=SPOTS, output=output)
    tables = {name: read_table(output[name], table) for name, table in TABLES.items()}
    assert tables["cells"]["object_id"].tolist() == [1, 2, 3, 4]
    assert set(tables["spots"]["site"]) == {"1"}
    assert tables["thresholds"]["n_spots"].tolist() == [len(tables["spots"]), 0]
    assert tables["cells"]["n_spots_uncertain"].isna().all()


def test_spots_at_doubtful_borders_give_counts_a_range(
    tmp_path: Path, script: ModuleType, well: dict[str, Path | None]
) -> None:
    # By the second method the upper half of cell 1 belongs to cell 2.
    others = np.zeros((100, 120), dtype=np.uint32)
    others[30:45, 10:50] = 2
    write_labels(tmp_path / "borders.ome.tif", {"1": others, "2": others}, pixel_size_um=None)
    output = {name: tmp_path / f"{name}.parquet" for name in TABLES}
    given = {**well, "borders": tmp_path / "borders.ome.tif", "left_out": []}
    script.main(**given, background={}, spots=SPOTS, output=output)
    cells, spots = (read_table(output[name], TABLES[name]) for name in ("cells", "spots"))
    n_upper = int(((spots["label_in_site"] == 1) & (spots["y_px"] < 44.5)).sum())
    assert n_upper > 0
    assert cells["n_spots_uncertain"].tolist() == [n_upper, 0, 0, 0]
    assert cells["n_spots_beyond"].tolist() == [0, n_upper, 0, 0]


def test_a_flagged_site_has_no_rows(tmp_path: Path, script: ModuleType, well: dict[str, Path | None]) -> None:
    output = {name: tmp_path / f"{name}.parquet" for name in TABLES}
    script.main(**well, left_out=["1"], background={}, spots=SPOTS, output=output)
    assert set(read_table(output["thresholds"], TABLES["thresholds"])["site"]) == {"2"}


def test_a_channel_that_is_not_there(tmp_path: Path, script: ModuleType, well: dict[str, Path | None]) -> None:
    output = {name: tmp_path / "out" / f"{name}.parquet" for name in TABLES}
    with pytest.raises(ValueError, match=r"\['mRNA'\] are not among \['RNA'\]"):
        script.main(**well, left_out=[], background={}, spots={**SPOTS, "channels": ["mRNA"]}, output=output)
    assert not (tmp_path / "out").exists()


@pytest.mark.network
def test_marks_of_the_network_are_the_spots_that_are_counted(
    tmp_path: Path, script: ModuleType, well: dict[str, Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from wellspring.models import devices

    # TensorFlow's threads are fixed by the first test that uses it.
    monkeypatch.setattr(devices, "prepared_device", dict)
    marks = tmp_path / "marks.parquet"
    _module(SCRIPT.with_name("spots_enhance.py")).main(
        index=well["index"],
        correction=None,
        weights=SHIPPED_WEIGHTS,
        left_out=[],
        background={},
        sizes={"sigma_px": 1.5, "spacing_um": None},
        channels=["RNA"],
        threads=1,
        marks=marks,
    )
    marked = read_table(marks, WELL_SPOT_MARKS)
    assert (marked["mark"] >= 0.75 * 0.7).all()
    output = {name: tmp_path / f"{name}.parquet" for name in TABLES}
    block = {**SPOTS, "method": "enhanced", "decompose": False}
    script.main(**{**well, "marks": marks}, left_out=[], background={}, spots=block, output=output)
    tables = {name: read_table(output[name], table) for name, table in TABLES.items()}
    assert set(tables["thresholds"]["method"]) == {"enhanced"}
    assert tables["thresholds"]["n_detected"].tolist() == [(marked["mark"] >= 0.7).sum(), 0]
    assert len(tables["spots"]) == pytest.approx(15, abs=2)
    assert tables["cells"]["object_id"].tolist() == [1, 2, 3, 4]
