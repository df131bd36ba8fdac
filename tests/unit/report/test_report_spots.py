"""Chapters on segmentation and spots: tables, figures, warnings, and a page with nothing else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from wellspring.config import validated_config
from wellspring.report.contents import report_page
from wellspring.report.imaging import Imaging, imaging_findings, imaging_warnings, read_imaging
from wellspring.report.page import render_page
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.report.counts import segmentation_table
from wellspring.segmentation.report.overlays import overlay_figure, read_overlay
from wellspring.segmentation.tables import WELL_SEGMENTED, WELL_SEGMENTED_COUNTS
from wellspring.spots.report.figures import MAX_WELLS, counts_figure, curves_figure, spots_table
from wellspring.spots.tables import SPOT_QUALITY, WELL_SPOTS
from wellspring.tables import check_table, empty_table, write_table

ROOT = Path(__file__).resolve().parents[3]
FIGURES = ("segmentation_overlays", "spot_thresholds", "spot_counts", "spot_overlays")


def _thresholds(wells):
    """One site per well; the last well is unstable and without cells."""
    rows = [{"well": well, "threshold": 10.0, "instability": 0.1 + n, "doubts": "none"} for n, well in enumerate(wells)]
    rows[-1]["doubts"] = "no cells, unstable count"
    return pd.DataFrame(rows).assign(plate="p1", site="1", channel="RNA")


def _cells(counts):
    rows = [{"well": well, "cell_id": n, "n_spots": value} for well, all in counts.items() for n, value in all]
    return pd.DataFrame(rows).assign(plate="p1", site="1", channel="RNA")


@pytest.fixture
def spots():
    """Well A: three spots in cells, one of them in a focus, and one outside. Well B: none."""
    rows = {"cell_id": [1, 1, 2, 0], "focus_id": [0, 1, 0, 1], "snr": [4.0, 6.0, 8.0, 10.0], "y_px": [1.0, 5, 9, 2]}
    return pd.DataFrame(rows).assign(
        plate="p1", well="A", site="1", channel="RNA", contrast=1.0, sigma_px=1.5, x_px=3.0, z_px=0.0
    )


@pytest.fixture
def quality(spots):
    return spots_table(_thresholds(["A", "B"]), _cells({"A": [(1, 2), (2, 1)], "B": []}), spots)


@pytest.fixture
def segmented():
    rows = {"label": [1, 2], "has_nucleus": [True, False], "has_cell": [False, True], "nucleus_px": [9, 0]}
    table = pd.DataFrame(rows).assign(plate="p1", well="A", site="1", cell_px=20)
    flags = [name for name in WELL_SEGMENTED.names if name.startswith("is_")]
    return segmentation_table(table.assign(**dict.fromkeys(flags, True)), wells=[("p1", "A"), ("p1", "B")])


def test_spots_are_summed_by_well(quality):
    check_table(quality, SPOT_QUALITY, source="quality")
    first, second = quality.to_dict("records")
    assert (first["n_cells"], first["n_spots"], first["n_in_cells"], first["n_in_foci"]) == (2, 4, 3, 1)
    assert (first["mean_per_cell"], first["snr_median"], first["doubts"]) == (1.5, 7.0, "none")
    assert (second["n_cells"], second["n_spots"], second["n_doubtful"]) == (0, 0, 1)
    assert second["doubts"] == "no cells, unstable count"
    assert np.isnan([second["mean_per_cell"], second["snr_median"]]).all()


def test_flags_are_counted_by_well_and_a_well_without_objects_has_its_row(segmented):
    check_table(segmented, WELL_SEGMENTED_COUNTS, source="segmented")
    assert segmented["n_nuclei"].tolist() == [1, 0]
    assert segmented["n_without_cell"].tolist() == [1, 0]
    assert segmented["n_without_nucleus"].tolist() == [1, 0]


def test_doubtful_wells_are_marked_in_the_curves(texts):
    curve = pd.DataFrame({"threshold": [5.0, 10.0, 20.0], "n_spots": [30, 10, 2]})
    curves = pd.concat([curve.assign(plate="p1", well=well, site="1", channel="RNA") for well in ("A", "B")])
    words = texts(curves_figure(curves, _thresholds(["A", "B"])))
    assert {"p1 / A / RNA", "p1 / B / RNA"} <= set(words)
    assert words.count("no cells\nunstable count") == 1


def test_the_most_doubtful_of_many_wells_are_drawn(texts):
    wells = [f"W{number:02}" for number in range(MAX_WELLS + 2)]
    thresholds = _thresholds(wells)
    # A doubt weighs more than an instability, however large.
    thresholds.loc[thresholds.index[-1], "instability"] = 0.0
    words = texts(counts_figure(_cells({wells[0]: [(1, 3)], wells[-1]: [(1, 3), (2, 5)]}), thresholds))
    assert f"p1 / {wells[-1]} / RNA" in words
    assert f"p1 / {wells[0]} / RNA" not in words
    assert words.count(" no cells") == MAX_WELLS - 1


def test_what_is_to_be_distrusted_is_told(quality, segmented):
    said = imaging_warnings(Imaging(segmentation=segmented, spots=quality))
    assert said[0].startswith("No nuclei were found in 1 well: p1 / B.")
    assert said[1].startswith("Spots, no cells, in 1 well: p1 / B: no spot can be given to a cell.")
    assert said[2].startswith("Spots, unstable count, in 1 well: p1 / B: it hangs on where")
    assert imaging_findings(Imaging(segmentation=segmented, spots=quality)) == [
        "1 nuclei were found in 2 wells.",
        "RNA: 4 spots, 3 of them in 2 cells, 1.50 per cell on average.",
    ]
    assert imaging_warnings(Imaging()) == imaging_findings(Imaging()) == []


def test_a_page_of_spots_alone(tmp_path, quality, segmented, empty_svg):
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    given = yaml.safe_load((ROOT / "config/smfish/config.yaml").read_text(encoding="utf-8"))
    write_table(quality, tmp_path / "spots.csv", SPOT_QUALITY)
    write_table(segmented, tmp_path / "segmentation.csv", WELL_SEGMENTED_COUNTS)
    tables = {name: tmp_path / f"{name}.csv" for name in ("segmentation", "spots")}
    imaging = read_imaging({**tables, **dict.fromkeys(FIGURES, empty_svg)})
    config = validated_config(given, schema=schema, source="test")
    page = report_page(None, figures=None, config=config, imaging=imaging)
    titles = [section.title for section in page.sections]
    assert titles == ["What was found", "What was run", "Segmentation", "Spots", "How to reproduce", "Full config"]
    html = render_page(page)
    assert "2, in the format tiff" in html
    assert "by watershed from the nuclei" in html


def test_overlays_show_the_first_site_and_its_spots(tmp_path, spots, texts):
    labels = np.zeros((20, 30), dtype=np.uint32)
    labels[5:15, 5:15] = 1
    for site in ("1", "2"):
        tifffile.imwrite(tmp_path / f"A_{site}_RNA.tif", np.arange(600, dtype=np.uint16).reshape(20, 30))
    write_labels(tmp_path / "A.ome.tif", {"1": labels, "2": labels}, pixel_size_um=None)
    raw = {"pattern": "{well}_{site}_{channel}.tif", "channels": None, "projection": "max", "pixel_size_um": None}
    files = {"nuclei": tmp_path / "A.ome.tif", "cells": tmp_path / "A.ome.tif"}
    overlay = read_overlay(tmp_path, key=("p1", "A"), raw=raw, spots=spots, **files)
    assert overlay.name == "p1 / A, site 1"
    words = texts(overlay_figure([overlay], channels=["RNA"], with_spots=True))
    assert words == ["p1 / A, site 1\nRNA", "p1 / A, site 1\nRNA, 4 spots"]
    other = read_overlay(tmp_path, key=("p1", "A"), raw=raw, spots=empty_table(WELL_SPOTS), **files)
    assert len(overlay_figure([other], channels=["RNA"], with_spots=False).axes) == 1


def test_an_image_without_a_threshold_is_drawn_without_one(texts):
    thresholds = _thresholds(["A"]).assign(threshold=np.nan, instability=0.0, doubts="constant image")
    curves = pd.DataFrame({"threshold": [], "n_spots": [], "plate": [], "well": [], "site": [], "channel": []})
    assert "constant image" in texts(curves_figure(curves, thresholds))
