"""The scripts of the rules segmentation_cells and spots_detect, called as functions on a well of two sites."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots.images import TABLES

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
RAW = {"pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": 0.1}
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
}


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def nuclei(tmp_path: Path) -> Path:
    """Labels of two sites with two nuclei each; beside them RNA images of 15 and of no spots."""
    labels = np.zeros((100, 120), dtype=np.uint32)
    labels[30:60, 10:50], labels[30:60, 70:110] = 1, 2
    for site, n_spots in (("1", 15), ("2", 0)):
        field = simulate_smfish(FieldSettings((100, 120), (1.5, 1.5), n_spots), rng=np.random.default_rng(4))
        tifffile.imwrite(tmp_path / f"A1_{site}_RNA.tif", field.image)
    write_labels(tmp_path / "A1.ome.tif", {"1": labels, "2": labels}, pixel_size_um=None)
    return tmp_path / "A1.ome.tif"


def test_cells_by_expansion(tmp_path: Path, nuclei: Path) -> None:
    output = tmp_path / "A1.cells.ome.tif", tmp_path / "A1.parquet"
    cells = {"method": "expansion", "distance_px": 5.0}
    _script("segmentation_cells").main(
        path=tmp_path, key=("P", "A1"), raw=RAW, cells=cells, nuclei=nuclei, output=output
    )
    assert (read_labels(output[0])["2"] == 1).sum() > (read_labels(nuclei)["2"] == 1).sum()
    assert pd.read_parquet(output[1])[["site", "label"]].to_numpy().tolist() == [["1", 1], ["1", 2], ["2", 1], ["2", 2]]
    with tifffile.TiffFile(output[0]) as tif:
        assert 'PhysicalSizeX="0.1"' in (tif.ome_metadata or "")


def test_object_ids_go_on_from_site_to_site(tmp_path: Path, nuclei: Path) -> None:
    output = {name: tmp_path / f"{name}.parquet" for name in TABLES}
    _script("spots_detect").main(
        path=tmp_path, key=("P", "A1"), raw=RAW, spots=SPOTS, labels=(nuclei, nuclei), output=output
    )
    tables = {name: pd.read_parquet(path) for name, path in output.items()}
    assert tables["cells"]["object_id"].tolist() == [1, 2, 3, 4]
    assert tables["cells"]["site"].tolist() == ["1", "1", "2", "2"]
    assert tables["cells"]["n_spots"].tolist()[2:] == [0, 0]
    assert set(tables["spots"]["site"]) == {"1"}
    assert tables["thresholds"]["n_spots"].tolist() == [len(tables["spots"]), 0]


def test_a_channel_that_is_not_there(tmp_path: Path, nuclei: Path) -> None:
    settings = {**SPOTS, "channels": ["mRNA"]}
    output = {name: tmp_path / "out" / f"{name}.parquet" for name in TABLES}
    with pytest.raises(ValueError, match=r"\['mRNA'\] are not among \['RNA'\]"):
        _script("spots_detect").main(
            path=tmp_path, key=("P", "A1"), raw=RAW, spots=settings, labels=(nuclei, nuclei), output=output
        )
    assert not (tmp_path / "out").exists()
