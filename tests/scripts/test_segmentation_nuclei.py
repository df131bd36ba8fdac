"""The script of the rule segmentation_nuclei, called as a function."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tifffile

from wellspring.segmentation.labels import read_labels

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "segmentation_nuclei.py"
SETTINGS = {"method": "log_otsu", "nucleus_channel": "DAPI", "smoothing_sigma_px": 1.0, "min_diameter_px": 10.0}


@pytest.fixture
def script() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("segmentation_nuclei", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def raw(tmp_path: Path) -> dict[str, Any]:
    """The config of a well of two sites: one nucleus in the first, none in the second."""
    image = np.full((60, 80), 100, dtype=np.uint16)
    tifffile.imwrite(tmp_path / "A1_2_DAPI.tif", image)
    image[20:40, 30:50] = 2000
    tifffile.imwrite(tmp_path / "A1_1_DAPI.tif", image)
    return {
        "pattern": "{well}_{site}_{channel}.tif",
        "channels": None,
        "projection": "max",
        "pixel_size_um": 0.5,
    }


def test_labels_of_each_site(tmp_path: Path, script: ModuleType, raw: dict[str, Any]) -> None:
    output = tmp_path / "out" / "A1.ome.tif"
    script.main(path=tmp_path, well="A1", raw=raw, segmentation=SETTINGS, labels=output)
    labels = read_labels(output)
    assert list(labels) == ["1", "2"]
    assert labels["1"][30, 40] == 1
    assert (labels["1"] == 1).sum() == pytest.approx(400, rel=0.05)
    assert labels["2"].max() == 0
    with tifffile.TiffFile(output) as tif:
        assert 'PhysicalSizeX="0.5"' in (tif.ome_metadata or "")


def test_channel_that_is_not_there(tmp_path: Path, script: ModuleType, raw: dict[str, Any]) -> None:
    output = tmp_path / "out" / "A1.ome.tif"
    settings = {**SETTINGS, "nucleus_channel": "Hoechst"}
    with pytest.raises(ValueError, match=r"nucleus_channel is 'Hoechst', but the channels are \['DAPI'\]"):
        script.main(path=tmp_path, well="A1", raw=raw, segmentation=settings, labels=output)
    assert list(output.parent.iterdir()) == []
