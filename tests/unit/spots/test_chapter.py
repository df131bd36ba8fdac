"""The chapter on spots: table, figures, warnings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from wellspring.quality.tables import KEPT_SITES
from wellspring.report.images import ImageSources
from wellspring.report.style import new_figure, save_figure
from wellspring.spots.images import TABLES
from wellspring.spots.report.chapter import spot_findings, spot_warnings, spots_chapter
from wellspring.spots.report.figures import MAX_WELLS, counts_figure, curves_figure, spots_table
from wellspring.spots.tables import SPOT_QUALITY
from wellspring.tables import check_table, empty_table

SETTINGS = {
    "channels": ["RNA"],
    "sigma_px": [1.2, 1.5],
    "threshold": {"method": "given", "value": 50.0},
    "decompose": True,
    "focus_min_spots": 4,
    "focus_radius_um": 0.35,
}
CAPTIONS = {"spot_counts": "Counts.", "spot_thresholds": "Thresholds.", "spot_overlays": "Overlays."}
NONE = empty_table(KEPT_SITES)


def texts(figure: Figure) -> list[str]:
    """All text of a figure that is shown and not empty."""
    found = figure.findobj(match=Text)
    return [text.get_text() for text in found if text.get_text() and text.get_visible()]


def _thresholds(wells: Sequence[str]) -> pd.DataFrame:
    """One site per well; the last well is unstable and without cells."""
    rows = [{"well": well, "threshold": 10.0, "instability": 0.1 + n, "doubts": "none"} for n, well in enumerate(wells)]
    rows[-1]["doubts"] = "no cells, unstable count"
    return pd.DataFrame(rows).assign(plate="p1", site="1", channel="RNA")


def _cells(counts: Mapping[str, Sequence[tuple[int, int]]]) -> pd.DataFrame:
    rows = [{"well": well, "cell_id": n, "n_spots": value} for well, own in counts.items() for n, value in own]
    # Each cell may lose one spot and gain two.
    borders = {"n_spots_uncertain": 1.0, "n_spots_beyond": 2.0}
    return pd.DataFrame(rows).assign(plate="p1", site="1", channel="RNA", **borders)


@pytest.fixture
def table() -> pd.DataFrame:
    """Well A: three spots in cells, one of them in a focus, and one outside. Well B: none."""
    rows = {"cell_id": [1, 1, 2, 0], "focus_id": [0, 1, 0, 1], "snr": [4.0, 6.0, 8.0, 10.0]}
    spots = pd.DataFrame(rows).assign(plate="p1", well="A", site="1", channel="RNA", contrast=1.0, sigma_px=1.5)
    cells = _cells({"A": [(1, 2), (2, 1)], "B": []})
    left_out = pd.DataFrame([("p1", "B", "2", True, False, "RNA: std +9.0")], columns=KEPT_SITES.names)
    return spots_table(_thresholds(["A", "B"]), cells, spots, left_out=left_out)


def test_spots_are_summed_by_well(table: pd.DataFrame) -> None:
    check_table(table, SPOT_QUALITY, source="quality")
    first, second = table.to_dict("records")
    assert (first["n_cells"], first["n_spots"], first["n_in_cells"], first["n_in_foci"]) == (2, 4, 3, 1)
    assert (first["mean_per_cell"], first["snr_median"], first["doubts"]) == (1.5, 7.0, "none")
    assert (first["n_uncertain"], first["median_least"], first["median_most"]) == (2.0, 0.5, 3.5)
    assert np.isnan(second["n_uncertain"])
    assert (second["n_cells"], second["n_spots"], second["n_doubtful"]) == (0, 0, 1)
    assert second["doubts"] == "no cells, unstable count"
    assert np.isnan([second["mean_per_cell"], second["snr_median"]]).all()
    assert (first["n_left_out"], second["n_left_out"]) == (0, 1)


def test_wells_of_which_every_site_was_left_out_have_no_row() -> None:
    empty = {name: empty_table(one) for name, one in TABLES.items()}
    table = spots_table(empty["thresholds"], empty["cells"], empty["spots"], left_out=NONE)
    assert len(check_table(table, SPOT_QUALITY, source="quality")) == 0
    assert spot_findings(table) == []
    assert spot_warnings(table) == []
    curves_figure(empty["curves"], empty["thresholds"])
    counts_figure(empty["cells"], empty["thresholds"])


def test_doubtful_wells_are_marked_in_the_curves() -> None:
    curve = pd.DataFrame({"threshold": [5.0, 10.0, 20.0], "n_spots": [30, 10, 2]})
    curves = pd.concat([curve.assign(plate="p1", well=well, site="1", channel="RNA") for well in ("A", "B")])
    found = texts(curves_figure(curves, _thresholds(["A", "B"])))
    assert {"p1 / A / RNA", "p1 / B / RNA"} <= set(found)
    assert found.count("no cells\nunstable count") == 1


def test_the_most_doubtful_of_many_wells_are_drawn() -> None:
    wells = [f"W{number:02}" for number in range(MAX_WELLS + 2)]
    thresholds = _thresholds(wells)
    # A doubt weighs more than an instability, however large.
    thresholds.loc[thresholds.index[-1], "instability"] = 0.0
    found = texts(counts_figure(_cells({wells[0]: [(1, 3)], wells[-1]: [(1, 3), (2, 5)]}), thresholds))
    assert f"p1 / {wells[-1]} / RNA" in found
    assert f"p1 / {wells[0]} / RNA" not in found
    assert found.count(" no cells") == MAX_WELLS - 1


def test_an_image_without_a_threshold_is_drawn_without_one() -> None:
    thresholds = _thresholds(["A"]).assign(threshold=np.nan, instability=0.0, doubts="constant image")
    curves = pd.DataFrame({"threshold": [], "n_spots": [], "plate": [], "well": [], "site": [], "channel": []})
    assert "constant image" in texts(curves_figure(curves, thresholds))


def test_the_chapter(table: pd.DataFrame, tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "figure.svg")
    files = dict.fromkeys(("counts", "thresholds", "overlays"), tmp_path / "figure.svg")
    rows = [("p1", "A", "1", False, True), ("p1", "B", "1", False, True), ("p1", "B", "2", True, False)]
    sites = pd.DataFrame([(*row, "RNA: std +9.0") for row in rows], columns=KEPT_SITES.names)
    sources = ImageSources(
        files={**files, "table": tmp_path / "spots.csv"},
        captions=CAPTIONS,
        corrected=["RNA"],
        left_out=sites[2:],
        sites=sites,
    )
    chapter = spots_chapter(table, spots=SETTINGS, sources=sources)
    assert chapter.findings == ["RNA: 4 spots, 3 of them in 2 cells, 1.50 per cell on average."]
    assert chapter.warnings[0].startswith("Spots, no cells, in 1 well: p1 / B: no spot can be given to a cell.")
    assert chapter.warnings[1].startswith("Spots, unstable count, in 1 well: p1 / B: it depends strongly on the exact")
    assert chapter.picture is not None
    assert chapter.picture.title == "Spots per cell"
    first, second = chapter.sections
    assert first.text[-1].startswith("RNA: 2 of 3 spots in cells (66.7%) lie where two methods place the border")
    assert [part.title for part in first.parts] == [
        *("Thresholds", "Spots per cell", "Spots by well", "Spots in the images"),
    ]
    grid = first.parts[2]
    assert grid.head[-1] == "Sites\nleft out"
    assert [row[-1] for row in grid.rows] == ["0", "1"]
    assert grid.n_text == 4
    assert second.parts[0].rows == [("p1", "B", "2", "RNA: std +9.0")]
    settings = dict(chapter.settings)
    assert settings["Standard deviation of a spot"] == "1.2, 1.5 px"
    assert settings["Threshold"] == "given, value 50"
    assert settings["Searched with even illumination"] == "RNA"
