"""Label images of other programs through the workflow: nuclei as PNG, cells as TIFF, spots and crops by them."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from tests.workflow.studies import Snakemake, change_config, planned, said
from wellspring.segmentation.labels import read_labels

pytestmark = pytest.mark.workflow

PATTERN = "{well}_s{site}_{channel}.tif"


def _draw_well(folder: Path, well: str) -> None:
    """Two sites of 160 x 160 px. Cells 10, 20, 30, 40 of 60 x 60 px; 10 has two nuclei, 20 one, the others none; one
    nucleus is in no cell. Spots: one in the nuclei of 10, one in cell 40."""
    rng = np.random.default_rng(3)
    for site in (1, 2):
        cells, nuclei = np.zeros((2, 160, 160), np.uint16)
        for number, (y, x) in enumerate([(10, 10), (10, 90), (90, 10), (90, 90)]):
            cells[y : y + 60, x : x + 60] = 10 * (number + 1)
        nuclei[20:35, 20:35], nuclei[45:60, 45:60], nuclei[30:45, 110:125], nuclei[74:86, 74:86] = 1, 2, 3, 9
        image = rng.poisson(100, (160, 160)).astype(np.uint16)
        for y, x in ((28, 28), (120, 120)):
            image[y - 1 : y + 2, x - 1 : x + 2] += 400
            image[y, x] += 800
        tifffile.imwrite(folder / f"{well}_s{site}_RNA.tif", image, photometric="minisblack")
        tifffile.imwrite(folder / "labels" / f"{well}_s{site}_cells.tif", cells.astype(np.float32))
        cv2.imwrite(str(folder / "labels" / f"{well}_s{site}_nuclei.png"), nuclei)


def test_given_labels_from_files_to_chapter(tmp_path: Path, run: Snakemake) -> None:
    (tmp_path / "labels").mkdir()
    for well in ("A01", "A02"):
        _draw_well(tmp_path, well)
    sheet = pd.DataFrame({"plate": "P", "well": ["A01", "A02"], "path": "."})
    sheet.to_csv(tmp_path / "wells.tsv", sep="\t", index=False)
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": PATTERN, "pixel_size_um": 0.2},
        "segmentation": {
            "method": "given",
            "pattern": "labels/{well}_s{site}_cells.tif",
            "nuclei": "{well}_s{site}_nuclei.png",
            "folder": "labels",
        },
        "spots": {"channels": ["RNA"], "sigma_px": 1.0},
        "cells": {"image_size": 64},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    wrong = run(tmp_path, "results/segmentation/objects/P/A01.parquet")
    assert "segmentation.pattern, well P/A01: labels: no file matches the pattern" in said(wrong)
    change_config(tmp_path, segmentation={"pattern": "{well}_s{site}_cells.tif"})
    targets = [
        "results/report/chapters/segmentation.json",
        "results/spots/P/A01.parquet",
        "results/cells/crops/P/A01.parquet",
        "results/tables/cells.parquet",
    ]
    result = run(tmp_path, *targets)
    assert result.returncode == 0, said(result)
    objects = pd.read_parquet(tmp_path / "results/segmentation/objects/P/A01.parquet")
    first = objects[objects["site"] == "1"].set_index("label_in_site")
    assert first["n_nuclei"].to_dict() == {10: 2, 20: 1, 30: 0, 40: 0, 41: 1}
    assert objects.loc[objects["site"] == "2", "object_id"].tolist() == [51, 61, 71, 81, 82]
    assert first["nucleus_ids"].to_dict() == {10: "1 2", 20: "3", 30: "", 40: "", 41: "9"}
    given = tifffile.imread(tmp_path / "labels/A01_s2_cells.tif")
    assert (read_labels(tmp_path / "results/segmentation/cells/P/A01.ome.tif")["2"] == given).all()
    spots = pd.read_parquet(tmp_path / "results/spots/cells/P/A01.parquet")
    # The second site's ids follow the largest of the first, 41, that of the nucleus in no cell.
    assert spots.loc[spots["n_spots"] > 0, "object_id"].tolist() == [10, 40, 51, 81]
    crops = pd.read_parquet(tmp_path / "results/cells/crops/P/A01.parquet")
    assert sorted(crops["object_id"]) == [10, 20, 41, 51, 61, 82]
    measured = pd.read_parquet(tmp_path / "results/tables/cells.parquet")
    own = measured[measured["well"] == "A01"].set_index("object_id")
    assert sorted(own.index) == [10, 20, 30, 40, 41, 51, 61, 71, 81, 82]
    # The two nuclei of cell 10 are measured together; cell 40 has none; nucleus 41 has no cell.
    assert own.loc[10, ["Nuclei_AreaShape_Area_px", "Cells_AreaShape_Area_px"]].tolist() == [450, 3600]
    assert own.loc[40, "Cells_AreaShape_Area_px"] == 3600
    assert own["Nuclei_AreaShape_Area_px"].isna().sum() == 4
    assert own.loc[41, "Nuclei_AreaShape_Area_px"] == 144
    assert np.isnan(own.loc[41, "Cells_AreaShape_Area_px"])
    chapter = (tmp_path / targets[0]).read_text(encoding="utf-8")
    assert "16 nuclei, and 8 cells without one, are in the label images of 2 wells." in chapter
    assert "Nuclei in no cell: 4 of 16, in 2 wells: P / A01, P / A02." in chapter
    assert "unstained" not in chapter
    # A label image that is replaced reruns its own well alone.
    assert sum(planned(tmp_path, *targets).values()) == 0
    other = tmp_path / "labels/A02_s1_cells.tif"
    labels = tifffile.imread(other)
    labels[labels == 10] = 15
    tifffile.imwrite(other, labels)
    again = planned(tmp_path, *targets)
    assert (again["segmentation_nuclei"], again["segmentation_cells"], again["spots_detect"]) == (1, 1, 1)
