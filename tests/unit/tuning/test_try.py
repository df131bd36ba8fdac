"""`wellspring try`: settings next to each other on one drawn field."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from wellspring.__main__ import main
from wellspring.config.schema import config_schema
from wellspring.errors import InputError
from wellspring.tuning.field import Labels, Tried
from wellspring.tuning.page import Column, page_of
from wellspring.tuning.summary import summary_of
from wellspring.tuning.variants import variants_of

CONFIG: dict[str, Any] = {
    "wells": "wells.tsv",
    "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.2},
    "segmentation": {"cells": {"method": "expansion", "distance_px": 5}},
    "spots": {"channels": ["RNA"], "sigma_px": 1.2},
}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A well of two sites of 120 x 120 px with 4 nuclei and 12 spots in the second, none in the first."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:120, :120]
    for site in (1, 2):
        images = rng.poisson(100, (2, 120, 120)).astype(np.float64)
        if site == 2:
            for centre in ((30, 30), (30, 90), (90, 30), (90, 90)):
                images[0] += 1500 * (np.hypot(y - centre[0], x - centre[1]) < 12)
                for shift in (-8, 0, 8):
                    spot = np.exp(-((y - centre[0] - shift) ** 2 + (x - centre[1] - shift) ** 2) / (2 * 1.2**2))
                    images[1] += 900 * spot
        for image, channel in zip(images, ("DAPI", "RNA"), strict=True):
            name = tmp_path / f"A01_s{site}_{channel}.tif"
            tifffile.imwrite(name, image.astype(np.uint16), photometric="minisblack")
    (tmp_path / "wells.tsv").write_text("plate\twell\tpath\nP\tA01\t.\n", encoding="utf-8")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_values_of_one_key_are_shown_next_to_the_config(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = ["--set", "segmentation.cells.distance_px=3", "--set", "segmentation.cells.distance_px=9"]
    assert main(["try", "config.yaml", "--well", "A01", "--site", "2", *values]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[:2] == ["P/A01, site 2", "as in the config"]
    assert said.count("  Nuclei: 4\n") == said.count("  Cells: 4\n") == 3
    assert said.count("RNA: spots: 12, 0 of them") == 3
    assert "segmentation:\n  cells:\n    distance_px: 9" in said
    page = (study / "try.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 2 * 3
    assert "<pre>segmentation:\n  cells:\n    distance_px: 9</pre>" in page
    assert not (study / "results").exists()


def test_without_a_nucleus_stain_cells_start_from_their_own(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = CONFIG | {"segmentation": {"nucleus_channel": None, "cells": {"channel": "DAPI"}}}
    (study / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert main(["try", "config.yaml", "--well", "A01", "--site", "2"]) == 0
    assert "  Cells: 4\n" in capsys.readouterr().out


def test_a_picture_alone_and_the_first_site(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["try", "config.yaml", "--well", "P/A01", "--output", "field.png"]) == 0
    assert "  Nuclei: 0" in capsys.readouterr().out
    assert (study / "field.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--well", "B09"], "--well B09: it is not in wells.tsv, which has P/A01"),
        (["--well", "Q/A01"], "--well Q/A01: it is not in wells.tsv, which has P/A01"),
        (["--well", "A01", "--site", "7"], "--site 7: expected one of 1, 2"),
        (["--well", "A01", "--set", "spots.sigma=2"], "unknown key sigma; did you mean sigma_px"),
        (["--well", "A01", "--set", "training.epochs=2"], "expected a key of raw, segmentation, spots"),
        (["--well", "A01", "--set", "spots.sigma_px=-1"], "config.yaml with spots.sigma_px=-1: 1 mistake"),
        (["--well", "A01", "--output", "x.pdf"], "expected a name that ends in .html or .png"),
    ],
)
def test_each_mistake_in_one_line(
    arguments: list[str], words: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["try", "config.yaml", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_several_keys_are_combined() -> None:
    given = ["spots.sigma_px=1", "spots.sigma_px=2", "spots.decompose=false"]
    found = variants_of(CONFIG, given, schema=config_schema(), source=Path("c.yaml"))
    assert [one.name for one in found] == [
        "as in the config",
        "spots.sigma_px = 1, spots.decompose = false",
        "spots.sigma_px = 2, spots.decompose = false",
    ]
    assert found[1].lines == "spots:\n  sigma_px: 1\n  decompose: false"
    assert found[2].config["spots"]["sigma_px"] == 2
    many = [f"spots.sigma_px={number}" for number in range(1, 14)]
    with pytest.raises(InputError, match="at most 12 combinations of values, got 13"):
        variants_of(CONFIG, many, schema=config_schema(), source=Path("c.yaml"))


def test_the_page_marks_what_differs_and_escapes_names() -> None:
    columns = [
        Column("as in the config", "", {"DAPI": b"png"}, {"Nuclei": "4", "Time": "1.0 s"}),
        Column("a <b>", "spots: {}", {}, {"Nuclei": "5", "Cells": "5", "Time": "2.0 s"}),
    ]
    page = page_of(columns, title="P/A01", notes=["a note"])
    assert re.findall(r"<td class='changed'>(.*?)</td>", page) == ["5", "5"]
    # A row holds one thing of all settings; what one does not have is a dash.
    cells = {
        name: re.findall(r"<td.*?>(.*?)</td>", row) for name, row in re.findall(r"row'>(.*?)</th>(.*?)</tr>", page)
    }
    assert (cells["Nuclei"], cells["Cells"], cells["DAPI"][1]) == (["4", "5"], ["–", "5"], "–")
    assert "a &lt;b&gt;" in page
    assert "<p>a note</p>" in page


def test_cells_without_a_label_are_not_counted_and_spots_of_nuclei_alone_are_per_nucleus() -> None:
    labels = np.zeros((9, 9), np.uint32)
    labels[1:4, 1:4] = 3
    objects = pd.DataFrame({"cell_px": [9, 20]})
    about = pd.DataFrame({"n_nuclei": [1], "doubts": ["none"]})
    image = pd.DataFrame({"channel": ["RNA"], "threshold": [9.0], "sigma_px_median": [1.2], "doubts": ["none"]})
    spots = pd.DataFrame({"channel": ["RNA"], "is_added": [False]})
    counts = pd.DataFrame({"channel": ["RNA"], "n_spots": [1]})
    tables: Any = SimpleNamespace(spots=spots, cells=counts, thresholds=image)
    found = summary_of(Tried(Labels(labels, labels, objects, about, 0.1), tables, 0.1))
    assert (found["Cells"], found["RNA: spots per cell"]) == ("1", "1.0 (median 1) in 1")
    alone = summary_of(Tried(Labels(labels, labels, None, about, 0.1), tables, 0.1))
    assert "RNA: spots per nucleus" in alone
