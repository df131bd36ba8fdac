"""A study without nuclei and cells: spots per image, in no cell, and no doubt for that."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.spots.test_job import SETTINGS
from wellspring.config import config_schema, validated_config
from wellspring.errors import InputError
from wellspring.raw.images import SiteStacks
from wellspring.segmentation.stage import STAGE as SEGMENTATION
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots.job import run
from wellspring.spots.report.chapter import image_findings
from wellspring.spots.report.counts import counts_figure, counts_of_images
from wellspring.stage import wanted_stages

ROOT = Path(__file__).resolve().parents[3]
CONFIG = {
    "wells": "wells.tsv",
    "raw": {"format": "tiff", "pattern": "{well}_{channel}.tif", "pixel_size_um": 0.1},
    "segmentation": {"nucleus_channel": None},
    "spots": {"channels": ["RNA"]},
}


def _checked(**changes: object) -> dict[str, object]:
    return validated_config({**CONFIG, **changes}, schema=config_schema(ROOT / "workflow/schemas"), source="config")


def test_nothing_is_segmented_and_no_cell_is_measured() -> None:
    names = [one.name for one in wanted_stages(_checked())]
    assert "spots" in names
    assert not {"segmentation", "cells"} & set(names)
    assert SEGMENTATION.named_channels(_checked()) == {}


def test_a_target_needs_nuclei() -> None:
    with pytest.raises(InputError, match=r"null leaves no nuclei to crop for dataset\.target_channel"):
        _checked(dataset={"target_channel": "RNA"})


def test_spots_are_in_no_cell_and_that_is_no_doubt() -> None:
    field = simulate_smfish(FieldSettings((100, 120), (1.5, 1.5), 15), rng=np.random.default_rng(4))
    sites = [SiteStacks("1", {"RNA": field.image}, 0.1)]
    found = run(sites, None, None, SETTINGS, key=("p", "A1"))
    assert len(found.spots) > 0
    assert set(found.spots["object_id"]) == set(found.spots["label_in_site"]) == {0}
    assert len(found.cells) == 0
    assert "no cells" not in found.thresholds["doubts"][0]
    labels = {"1": np.zeros((100, 120), np.uint32)}
    assert "no cells" in run(sites, labels, labels, SETTINGS, key=("p", "A1")).thresholds["doubts"][0]


def test_the_report_counts_images() -> None:
    rows = {"plate": "p", "well": ["A1", "A1", "A2"], "channel": "RNA", "n_spots": [4, 8, 2], "doubts": "none"}
    thresholds = pd.DataFrame(rows)
    table = pd.DataFrame({"channel": "RNA", "well": ["A1", "A2"], "n_spots": [12, 2], "n_images": [2, 1]})
    (line,) = image_findings(table)
    assert line.startswith("RNA: 14 spots in 3 images; the 2 wells have 2.00 to 6.00 per image. ")
    figure = counts_figure(counts_of_images(thresholds), thresholds, per="image")
    assert figure.axes[0].get_xlabel() == "Spots per image"
    assert sorted(figure.axes[0].lines[0].get_xdata()) == [4, 8]
