"""A study that segments and measures, without a target and without spots: cells, wells, report; one well is empty."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import tifffile
import yaml

from tests.workflow.studies import Snakemake, change_config, planned, said

pytestmark = pytest.mark.workflow

SHEET = "plate\twell\tpath\tcondition\tremark\nP\tA01\t.\ttreated\t\nP\tA02\t.\tcontrol\t\nP\tA03\t.\tcontrol\t\n"


def _draw(folder: Path, well: str, *, n_cells: int, level: int, rng: np.random.Generator) -> None:
    """Cells of 34 px on a grid with nuclei of 16 px, `level` bright in GFP; the first nucleus is at the edge."""
    y, x = np.mgrid[:180, :180]
    images = {"DAPI": np.full((180, 180), 100.0), "GFP": np.full((180, 180), 100.0)}
    for number in range(n_cells):
        row, column = divmod(number, 4)
        distance = np.hypot(y - (4 if number == 0 else 24) - 44 * row, x - 24 - 44 * column)
        images["DAPI"][distance < 8] = 2000
        images["GFP"][distance < 17] = level
    for channel, image in images.items():
        tifffile.imwrite(folder / f"{well}_{channel}.tif", rng.poisson(image).astype(np.uint16))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    """The folder of the study after it ran."""
    folder = tmp_path_factory.mktemp("cells")
    rng = np.random.default_rng(1)
    for well, n_cells, level in (("A01", 16, 900), ("A02", 15, 500), ("A03", 0, 500)):
        _draw(folder, well, n_cells=n_cells, level=level, rng=rng)
    (folder / "wells.tsv").write_text(SHEET, encoding="utf-8")
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_{channel}.tif", "pixel_size_um": 0.5},
        "segmentation": {"nucleus_channel": "DAPI", "cells": {"channel": "GFP"}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(folder)
    assert result.returncode == 0, said(result)
    return folder


def test_the_cells_of_all_wells_are_in_one_table_with_the_sheet(finished: Path) -> None:
    tables = finished / "results/tables"
    cells = pd.read_parquet(tables / "cells.parquet")
    assert list(cells)[:5] == ["plate", "well", "object_id", "condition", "remark"]
    assert cells.groupby(["well", "condition"]).size().to_dict() == {("A01", "treated"): 16, ("A02", "control"): 15}
    assert not cells.duplicated(["plate", "well", "object_id"]).any()
    text = pd.read_csv(tables / "cells.csv")
    assert list(text) == list(cells)
    np.testing.assert_allclose(text["Cells_Intensity_Mean_GFP"], cells["Cells_Intensity_Mean_GFP"], rtol=1e-6)
    # Discs of 17 px radius and 0.5 µm pixels, 800 above the background in one well and 400 in the other.
    inner = cells[~cells["is_border_cell"]].groupby("well")
    assert inner["Cells_AreaShape_Area_um2"].median().tolist() == pytest.approx([227, 227], rel=0.1)
    light = inner["Cytoplasm_Intensity_MedianLessBackground_GFP"].median()
    assert light.tolist() == pytest.approx([800, 400], rel=0.05)


def test_each_column_has_its_unit_and_formula(finished: Path) -> None:
    for path in (finished / "results/tables/cells.parquet", finished / "results/cells/P/A03.parquet"):
        about = pq.read_schema(path).field("Nuclei_AreaShape_FormFactor").metadata
        assert about[b"unit"] == b"1"
        assert about[b"formula"] == b"4 pi area / perimeter^2"


def test_nuclei_and_cells_at_the_border_are_flagged_apart(finished: Path) -> None:
    cells = pd.read_parquet(finished / "results/cells/P/A01.parquet")
    assert cells.loc[cells["is_border_nucleus"], "label_in_site"].tolist() == [1]
    assert cells["is_border_cell"].sum() == 1


def test_each_well_has_a_row_the_empty_one_too(finished: Path) -> None:
    wells = pd.read_csv(finished / "results/tables/wells.csv", keep_default_na=False, na_values=[""])
    assert wells[["well", "condition", "n_cells", "n_complete"]].to_numpy().tolist() == [
        ["A01", "treated", 16, 15],
        ["A02", "control", 15, 14],
        ["A03", "control", 0, 0],
    ]
    assert wells["median_Cells_AreaShape_Area_um2"].isna().tolist() == [False, False, True]


def test_one_kind_of_table_is_in_the_folder_of_cells(finished: Path) -> None:
    assert sorted(path.name for path in (finished / "results/cells").rglob("*")) == [
        *("A01.parquet", "A02.parquet", "A03.parquet", "P")
    ]


def test_the_report_has_the_chapters_that_ran(finished: Path) -> None:
    page = (finished / "results/report/report.html").read_text(encoding="utf-8")
    assert "31 cells in 3 wells were measured" in page
    assert "Area, well by well" in page
    assert "Wells and their conditions (3)" in page
    assert "treated" in page
    chapters = {path.stem for path in (finished / "results/report/chapters").glob("*.json")}
    assert chapters == {"raw", "segmentation", "cells", "plates"}


def test_a_remark_in_the_sheet_reruns_no_job_that_reads_pixels(finished: Path) -> None:
    (finished / "wells.tsv").write_text(SHEET.replace("control\t", "control\tlooks odd"), encoding="utf-8")
    assert set(planned(finished)) == {"cells_tables", "cells_chapter", "report_page"}
    (finished / "wells.tsv").write_text(SHEET, encoding="utf-8")
    assert not planned(finished)


def test_without_features_nothing_is_measured(finished: Path) -> None:
    change_config(finished, cells={"features": None})
    jobs = set(planned(finished, forceall=True))
    assert "segmentation_cells" in jobs
    assert not {rule for rule in jobs if rule.startswith("cells_")}
    change_config(finished, cells={"features": {}})
