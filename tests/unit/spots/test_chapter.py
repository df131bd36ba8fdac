"""The chapter on spots: table, figures, warnings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from wellspring.quality.tables import KEPT_SITES
from wellspring.report.gallery import Gallery, Picture, Tile, write_gallery
from wellspring.report.images import ImageSources
from wellspring.report.style import new_figure, save_figure
from wellspring.spots.images import TABLES
from wellspring.spots.report.chapter import spot_findings, spot_warnings, spots_chapter
from wellspring.spots.report.counts import MOST_ROWS, counts_figure, ordered_images
from wellspring.spots.report.curves import ALL_WELLS, MOST_CURVES, curves_figure, curves_note, drawn_curves
from wellspring.spots.report.figures import spots_table
from wellspring.spots.tables import SPOT_QUALITY
from wellspring.tables import check_table, empty_table

SETTINGS = {
    "channels": ["RNA"],
    "sigma_px": [1.2, 1.5],
    "threshold": {"method": "given", "value": 50.0},
    "decompose": True,
    "focus_min_spots": 4,
    "method": "classical",
    "weights": None,
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
    return pd.DataFrame(rows).assign(plate="p1", site="1", channel="RNA", n_added=3)


def _cells(counts: Mapping[str, Sequence[tuple[int, int]]]) -> pd.DataFrame:
    rows = [{"well": well, "label_in_site": n, "n_spots": value} for well, own in counts.items() for n, value in own]
    # Each cell may lose one spot and gain two.
    borders = {"n_spots_uncertain": 1.0, "n_spots_beyond": 2.0}
    return pd.DataFrame(rows).assign(plate="p1", site="1", channel="RNA", **borders)


@pytest.fixture
def table() -> pd.DataFrame:
    """Well A: three spots in cells, one of them in a focus, and one outside. Well B: none."""
    rows = {"label_in_site": [1, 1, 2, 0], "focus_id": [0, 1, 0, 1], "snr": [4.0, 6.0, 8.0, 10.0]}
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
    assert (first["n_added"], second["n_added"]) == (3, 3)


def test_wells_of_which_every_site_was_left_out_have_no_row() -> None:
    empty = {name: empty_table(one) for name, one in TABLES.items()}
    table = spots_table(empty["thresholds"], empty["cells"], empty["spots"], left_out=NONE)
    assert len(check_table(table, SPOT_QUALITY, source="quality")) == 0
    assert spot_findings(table) == []
    assert spot_warnings(table) == []
    curves_figure(empty["curves"], empty["thresholds"])
    counts_figure(empty["cells"], empty["thresholds"])


def test_the_finding_is_the_range_of_the_wells_without_doubt() -> None:
    rows = {"n_spots": 10, "n_in_cells": 9, "n_cells": 3, "mean_per_cell": [0.0, 80.0, 30.0, 500.0, np.nan]}
    table = pd.DataFrame(rows).assign(channel="RNA", doubts=["none"] * 3 + ["crowded", "no cells"])
    assert spot_findings(table) == [
        "RNA: 50 spots, 45 of them in 15 cells; the 3 wells without doubt have 0.00 to 80.00 per cell, their median is "
        "30.00."
    ]


def test_doubtful_wells_are_marked_in_the_curves() -> None:
    curve = pd.DataFrame({"threshold": [5.0, 10.0, 20.0], "n_spots": [30, 10, 2]})
    curves = pd.concat([curve.assign(plate="p1", well=well, site="1", channel="RNA") for well in ("A", "B")])
    found = texts(curves_figure(curves, _thresholds(["A", "B"])))
    assert {"p1 / A / RNA", "p1 / B / RNA"} <= set(found)
    assert found.count("no cells\nunstable count") == 1


def _counts(wells: Sequence[str]) -> pd.DataFrame:
    """Two cells in each well but the last, with 0 and n spots in the n-th one."""
    return _cells({well: [(1, 0), (2, n)] for n, well in enumerate(wells[:-1])})


def test_every_well_of_a_plate_is_in_the_figure_of_counts() -> None:
    wells = [f"W{number:02}" for number in range(96)]
    figure = counts_figure(_counts(wells), _thresholds(wells))
    (axes,) = figure.axes
    dots = {float(x): float(y) for line in axes.lines for x, y in zip(*line.get_data(), strict=True)}
    assert dots == {float(n): n / 2 for n in range(95)} | {95.0: 0.0}
    # The well in doubt, which has no cells, has its name.
    assert "W95" in texts(figure)
    assert "p1 / W12" in texts(figure)


def test_few_wells_have_a_row_each() -> None:
    wells = [f"W{number:02}" for number in range(MOST_ROWS)]
    found = texts(counts_figure(_counts(wells), _thresholds(wells)))
    assert {f"p1 / {well} / RNA" for well in wells} <= set(found)
    assert found.count(" no cells") == 1


def test_wells_are_in_the_order_of_their_groups_and_the_groups_are_named() -> None:
    wells = [f"W{number:02}" for number in range(30)]
    groups = {("p1", well): "drug" if number % 2 else "control" for number, well in enumerate(wells[:-1])}
    keys = ordered_images(_thresholds(wells), groups)
    assert [key[1] for key in keys] == [*wells[0:29:2], *wells[1:29:2], "W29"]
    figure = counts_figure(_counts(wells), _thresholds(wells), groups=groups)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["control", "drug", "no group"]


def test_curves_are_those_of_wells_in_doubt_each_kind_among_them() -> None:
    wells = [f"W{number:02}" for number in range(60)]
    thresholds = _thresholds(wells)
    thresholds["doubts"] = ["unstable count"] * 40 + ["none"] * 19 + ["no cells"]
    thresholds["instability"] = np.arange(60.0)
    drawn = [key[1] for key in drawn_curves(thresholds)]
    assert len(drawn) == MOST_CURVES
    assert drawn[-1] == "W59"
    assert drawn[0] == f"W{40 - MOST_CURVES + 1}"
    assert curves_note(thresholds).startswith(" Drawn are 24 of the 41 wells in doubt (of 60)")
    few = thresholds.assign(doubts=["crowded"] + ["none"] * 59)
    assert [key[1] for key in drawn_curves(few)] == ["W00"]
    assert curves_note(few) == " Drawn are the 1 of 60 wells that are in doubt."


def test_no_curve_is_drawn_of_a_plate_without_doubts_and_all_of_a_few_wells() -> None:
    wells = [f"W{number:02}" for number in range(ALL_WELLS + 1)]
    thresholds = _thresholds(wells).assign(doubts="none")
    curves = pd.DataFrame({name: [] for name in ("threshold", "n_spots", "plate", "well", "site", "channel")})
    assert curves_note(thresholds) is None
    assert texts(curves_figure(curves, thresholds)) == ["No well is in doubt, so no curve is drawn."]
    assert len(drawn_curves(thresholds.iloc[:ALL_WELLS])) == ALL_WELLS
    assert curves_note(thresholds.iloc[:ALL_WELLS]) == ""


def test_the_usual_counts_are_behind_the_curves() -> None:
    wells = [f"W{number:02}" for number in range(ALL_WELLS + 1)]
    curve = pd.DataFrame({"threshold": [5.0, 10.0, 20.0], "n_spots": [30, 10, 2]})
    curves = pd.concat([curve.assign(plate="p1", well=well, site="1", channel="RNA") for well in wells])
    figure = curves_figure(curves, _thresholds(wells))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 1
    assert len(shown[0].collections) == 1


def test_an_image_without_a_threshold_is_drawn_without_one() -> None:
    thresholds = _thresholds(["A"]).assign(threshold=np.nan, instability=0.0, doubts="constant image")
    curves = pd.DataFrame({"threshold": [], "n_spots": [], "plate": [], "well": [], "site": [], "channel": []})
    assert "constant image" in texts(curves_figure(curves, thresholds))


def test_the_chapter(table: pd.DataFrame, tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "figure.svg")
    tile = Tile("p1 / A, site 1", "RNA: 4 spots. typical", False, [Picture("RNA", "x")], [], 30, 20)
    write_gallery(Gallery("", "", [tile], ""), tmp_path / "overlays.json")
    files = dict.fromkeys(("counts", "thresholds", "overlays"), tmp_path / "figure.svg")
    files["gallery"] = tmp_path / "overlays.json"
    rows = [("p1", "A", "1", False, True), ("p1", "B", "1", False, True), ("p1", "B", "2", True, False)]
    sites = pd.DataFrame([(*row, "RNA: std +9.0") for row in rows], columns=KEPT_SITES.names)
    sources = ImageSources(
        files={**files, "table": tmp_path / "spots.csv"},
        captions=CAPTIONS,
        corrected=["RNA"],
        left_out=sites[2:],
        sites=sites,
    )
    chapter = spots_chapter(table, spots=SETTINGS, curves_note=" Note.", sources=sources)
    assert chapter.findings == ["RNA: 4 spots, 3 of them in 2 cells; the well has 1.50 per cell."]
    assert chapter.warnings[0].startswith("Spots, no cells, in 1 well: p1 / B: no spot can be given to a cell.")
    assert chapter.warnings[1].startswith("Spots, unstable count, in 1 well: p1 / B: it depends strongly on the exact")
    assert chapter.picture is not None
    assert chapter.picture.title == "Spots per cell"
    first, second = chapter.sections
    assert first.text[-1].startswith("RNA: 2 of 3 spots in cells (66.7%) lie where two methods place the border")
    assert [part.title for part in first.parts] == [
        *("Spots per cell", "Thresholds", "Spots in the images", "Spots by well"),
    ]
    grid = first.parts[3]
    assert grid.head[-1] == "Sites\nleft out"
    assert [row[-1] for row in grid.rows] == ["0", "1"]
    assert grid.n_text == 4
    assert second.parts[0].rows == [("p1", "B", "2", "RNA: std +9.0")]
    alone = spots_chapter(table, spots=SETTINGS, curves_note=" Note.", sources=sources, per="nucleus")
    assert alone.findings == ["RNA: 4 spots, 3 of them in 2 nuclei; the well has 1.50 per nucleus."]
    assert alone.picture is not None
    assert alone.picture.title == "Spots per nucleus"
    assert "Nuclei" in alone.sections[0].parts[3].head
    assert not [head for head in alone.sections[0].parts[3].head if "ell" in head.replace("Well", "")]
    assert "assigned to the nucleus that they lie in" in alone.methods
    settings = dict(chapter.settings)
    assert settings["Standard deviation of a spot"] == "1.2, 1.5 px"
    assert settings["Threshold"] == "given, value 50"
    assert settings["Searched with even illumination"] == "RNA"


def test_the_methods_say_the_settings_of_the_run(table: pd.DataFrame, tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "figure.svg")
    write_gallery(Gallery("", "", [], ""), tmp_path / "overlays.json")
    files = dict.fromkeys(("counts", "thresholds", "overlays"), tmp_path / "figure.svg")
    sources = ImageSources(
        files={**files, "gallery": tmp_path / "overlays.json", "table": tmp_path / "spots.csv"},
        captions=CAPTIONS,
        corrected=[],
        left_out=NONE,
        sites=NONE,
    )
    chapter = spots_chapter(table, spots=SETTINGS, curves_note=None, sources=sources)
    assert "standard deviation of 1.2 × 1.5 px" in chapter.methods
    assert "by the method given, value 50" in chapter.methods
    assert "Foci are 4 spots or more within 0.35 µm (Ester et al. 1996)." in chapter.methods
    assert chapter.references[0].startswith("Ester, M.")
    # Nothing is drawn of what there is nothing of.
    assert [part.title for part in chapter.sections[0].parts] == ["Spots per cell", "Spots by well"]
