"""Layers for napari, without napari; with a stand-in for it, what is shown; without it, one message."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.export.view import ViewLayer, show, view_layers
from wellspring.raw.describe import describe_well
from wellspring.raw.index import write_index
from wellspring.segmentation.labels import write_labels
from wellspring.spots.tables import WELL_SPOTS
from wellspring.tables import empty_table, write_table

SHAPES = {"1": (20, 30), "2": (16, 24)}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A well of two sites of different sizes, of which the second has no labels, and two spots in it."""
    for number, (site, shape) in enumerate(SHAPES.items()):
        for channel in ("DAPI", "RNA"):
            image = np.full(shape, 100 + number, np.uint16)
            tifffile.imwrite(tmp_path / f"A01_s{site}_{channel}.tif", image, photometric="minisblack")
    raw = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.5, "channels": None}
    index = describe_well(tmp_path, plate="p", well="A01", raw=raw)
    write_index(index, tmp_path / "results/raw/p/A01.json")
    labels = np.zeros(SHAPES["1"], np.uint32)
    labels[2:5, 3:7] = 8
    write_labels(tmp_path / "results/segmentation/p/A01.ome.tif", {"1": labels}, pixel_size_um=0.5)
    spots = pd.DataFrame({"site": ["2", "1"], "y_px": [3.0, 1.0], "x_px": [4.5, 2.0]})
    filled = {name: one for name, one in empty_table(WELL_SPOTS).dtypes.items() if name not in spots}
    for name, kind in filled.items():
        spots[name] = pd.Series(["x"] * 2 if kind == "str" else [1] * 2, dtype=kind)
    write_table(
        spots.assign(plate="p", well="A01", channel="RNA"), tmp_path / "results/spots/p/A01.parquet", WELL_SPOTS
    )
    return tmp_path / "results"


def test_all_sites_are_layers_with_names_colours_and_scale(results: Path) -> None:
    layers = view_layers(results, plate="p", well="A01")
    assert [(one.kind, one.options["name"], one.data.shape) for one in layers] == [
        ("image", "DAPI", (2, 20, 30)),
        ("image", "RNA", (2, 20, 30)),
        ("labels", "nuclei", (2, 20, 30)),
        ("points", "spots of RNA", (2, 3)),
    ]
    assert {one.options["scale"] for one in layers} == {(1.0, 0.5, 0.5)}
    assert layers[0].options["colormap"] == "#4f7dff"
    image, labels, points = layers[1].data, layers[2].data, layers[3].data
    assert (image[0] == 100).all()
    assert (image[1, :16, :24] == 101).all()
    assert image[1].sum() == 101 * 16 * 24
    assert labels.dtype == np.uint32
    assert (labels[0] == 8).sum() == 12
    assert not labels[1].any()
    assert points.tolist() == [[1.0, 3.0, 4.5], [0.0, 1.0, 2.0]]


def test_a_well_that_was_not_described_is_reported(results: Path) -> None:
    with pytest.raises(FileNotFoundError, match="B07"):
        view_layers(results, plate="p", well="B07")


def test_layers_are_given_to_napari(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    class Viewer:
        def __init__(self, title: str) -> None:
            self.dims, self.scale_bar = SimpleNamespace(axis_labels=()), SimpleNamespace(visible=False)
            given.append(title)

        def add_image(self, data: Any, **options: Any) -> None:
            given.append((data.shape, options))

    monkeypatch.setitem(sys.modules, "napari", SimpleNamespace(Viewer=Viewer, run=lambda: given.append("shown")))
    show([ViewLayer("image", np.zeros((1, 2, 3)), {"name": "A"})], title="p / A01")
    assert given == ["p / A01", ((1, 2, 3), {"name": "A"}), "shown"]


def test_without_napari_there_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "napari", None)
    with pytest.raises(InputError, match=r"pip install 'napari\[all\]'"):
        show([], title="")
