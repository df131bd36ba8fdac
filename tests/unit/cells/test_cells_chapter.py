"""The chapter on cells: findings, warnings, maps; wells without cells, studies without areas or intensities."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from wellspring.cells.report.chapter import cells_chapter, map_figure, most_different, shown_features
from wellspring.report.chapter import MOST_FINDINGS, Chapter
from wellspring.report.style import save_figure

FEATURES = {"families": ["shape", "intensity"], "background": "ring", "ring_gap_px": 3, "ring_width_px": 6}
CAPTIONS = {"areas": "Areas.", "intensities": "Intensities."}


def _wells(**columns: list[float]) -> pd.DataFrame:
    about = {"plate": "P", "well": ["A01", "A02", "A03"], "n_cells": [10, 20, 0], "n_nuclei": [14, 20, 0]}
    about |= {"n_complete": [8, 19, 0]}
    return pd.DataFrame({**about, "doubts": ["none", "nuclei: dim", "none"], **columns})


SHAPED = {
    "median_Cells_AreaShape_Area_um2": [100.0, 250.0, np.nan],
    "median_Cells_AreaShape_Area_px": [400.0, 1000.0, np.nan],
    "median_Cells_Intensity_MeanLessBackground_A": [100.0, 110.0, np.nan],
    "median_Cells_Intensity_MeanLessBackground_B": [10.0, 40.0, np.nan],
}


def _chapter(wells: pd.DataFrame, folder: Path, *, background: str = "ring", has_cells: bool = True) -> Chapter:
    area, lights = shown_features(wells, has_cells=has_cells)
    files = {"area": folder / "area.svg", "intensity": folder / "intensity.svg", "wells": folder / "wells.csv"}
    save_figure(map_figure(wells, area), files["area"])
    save_figure(map_figure(wells, most_different(wells, lights)), files["intensity"])
    features = {**FEATURES, "background": background}
    return cells_chapter(wells, features=features, has_cells=has_cells, files=files, captions=CAPTIONS)


def test_findings_say_how_many_and_between_which_wells(tmp_path: Path) -> None:
    chapter = _chapter(_wells(**SHAPED), tmp_path)
    assert len(chapter.findings) <= MOST_FINDINGS
    assert chapter.findings[0].startswith("30 cells in 3 wells were measured; 3 of them touch the edge")
    assert chapter.findings[1] == "Area of a cell: from 100.0 in P / A01 to 250.0 µm² in P / A02 (medians of wells)."
    words = "B, mean over a cell less background: from 10.00 in P / A01 to 40.00 intensity in P / A02"
    assert chapter.findings[2].startswith(words)
    assert chapter.warnings == []
    assert chapter.picture is not None
    assert "outlined" not in chapter.picture.svg
    assert "A01" not in "".join(chapter.warnings)


def test_the_channel_whose_wells_differ_most_is_drawn() -> None:
    wells = _wells(**SHAPED)
    chosen = most_different(wells, shown_features(wells, has_cells=True)[1])
    assert chosen is not None
    assert chosen.label == "B, mean over a cell less background"
    assert most_different(wells, []) is None


def test_areas_in_pixels_are_said_and_cells_at_the_edge_too(tmp_path: Path) -> None:
    wells = _wells(**{**SHAPED, "median_Cells_AreaShape_Area_um2": [np.nan] * 3}).assign(n_complete=[0, 19, 0])
    chapter = _chapter(wells, tmp_path)
    assert "1 well: P / A01, each cell touches the edge" in chapter.warnings[0]
    assert "give raw.pixel_size_um" in chapter.warnings[1]
    assert "px in P / A02" in chapter.findings[1]


def test_a_channel_that_is_darker_in_the_cells_than_around_them_is_named(tmp_path: Path) -> None:
    wells = _wells(**{**SHAPED, "median_Cells_Intensity_MeanLessBackground_B": [-10.0, -40.0, np.nan]})
    (line,) = _chapter(wells, tmp_path).warnings
    assert line.startswith("Darker in the objects than around them: B. ")
    assert _chapter(wells, tmp_path, background="dark").warnings == []


@pytest.mark.slow
def test_without_shape_and_intensity_the_number_of_cells_is_drawn(tmp_path: Path) -> None:
    chapter = _chapter(_wells(), tmp_path)
    assert len(chapter.findings) == 1
    assert chapter.picture is not None
    assert "Cells" in chapter.picture.svg


def test_cells_and_nuclei_are_counted_apart_and_a_left_out_well_was_not_measured(tmp_path: Path) -> None:
    wells = _wells(**SHAPED).assign(doubts=["none", "none", "left out: A03_cells.tif: truncated."])
    chapter = _chapter(wells, tmp_path)
    assert chapter.findings[0].startswith("30 cells in 2 wells were measured; 3 of them")
    (table,) = [part for part in chapter.sections[0].parts if part.title == "Cells by well"]
    assert table.head[3:6] == ["Cells", "Nuclei", "Cells off\nthe edge"]
    assert table.rows[0][3:6] == ("10", "14", "8")
    assert table.rows[2][2] == "left out: A03_cells.tif: truncated."


def test_nuclei_alone_are_called_nuclei(tmp_path: Path) -> None:
    wells = _wells(median_Nuclei_AreaShape_Area_px=[400.0, 1000.0, np.nan]).drop(columns="n_cells")
    chapter = _chapter(wells.assign(n_complete=[8, 0, 0]), tmp_path, has_cells=False)
    assert (chapter.title, chapter.lead[:36]) == ("Nuclei", "What was measured of each nucleus, a")
    assert chapter.findings[0].startswith("34 nuclei in 3 wells were measured; 26 of them touch the edge")
    assert "each nucleus touches the edge" in chapter.warnings[0]
    (table,) = [part for part in chapter.sections[0].parts if part.title == "Nuclei by well"]
    assert table.head[3:5] == ["Nuclei", "Nuclei off\nthe edge"]
    assert "Medians over the nuclei that do not" in table.note
    assert "Cells" in str(_number_map(_wells()))
    assert "Nuclei" in str(_number_map(wells))


def _number_map(wells: pd.DataFrame) -> list[str]:
    """The words of the map of the number of objects."""
    return [text.get_text() for text in map_figure(wells, None).findobj(match=Text)]
