"""The chapter on nuclei and cells: counts, overlays, warnings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from matplotlib.figure import Figure
from matplotlib.text import Text

from wellspring.quality.tables import KEPT_SITES
from wellspring.raw.describe import describe_well
from wellspring.raw.index import write_index
from wellspring.report.gallery import Gallery, Picture, Tile, write_gallery
from wellspring.report.images import ImageSources
from wellspring.report.style import new_figure, save_figure
from wellspring.segmentation.doubts import DOUBTS
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.report.chapter import segmentation_chapter
from wellspring.segmentation.report.counts import nucleus_table, segmentation_table
from wellspring.segmentation.report.doubts import object_warnings
from wellspring.segmentation.report.overlays import (
    ADDED_COLOR,
    SPOT_COLOR,
    Overlay,
    overlay_contrasts,
    overlay_figure,
    overlay_gallery,
    read_overlay,
    sites_to_look_at,
)
from wellspring.segmentation.tables import (
    SITE_NUCLEI,
    WELL_NUCLEI,
    WELL_NUCLEUS_COUNTS,
    WELL_SEGMENTED,
    WELL_SEGMENTED_COUNTS,
)
from wellspring.tables import check_table, empty_table

NONE = empty_table(KEPT_SITES)
CELLS = {"method": "watershed", "channel": "CELL"}
SETTINGS = {"method": "log_otsu", "nucleus_channel": "DAPI", "cells": CELLS}
RAW = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": None}


def texts(figure: Figure) -> list[str]:
    """All text of a figure that is shown and not empty."""
    found = figure.findobj(match=Text)
    return [text.get_text() for text in found if text.get_text() and text.get_visible()]


def _counts(*wells: str, left_out: pd.DataFrame = NONE) -> pd.DataFrame:
    """Counts of wells, of which the first has a nucleus without a cell and a cell without a nucleus."""
    rows = {"label_in_site": [1, 2], "has_nucleus": [True, False], "has_cell": [False, True], "nucleus_px": [9, 0]}
    table = pd.DataFrame(rows).assign(plate="p1", well=wells[0], site="1", cell_px=20)
    flags = [name for name in WELL_SEGMENTED.names if name.startswith("is_")]
    objects = table.assign(**dict.fromkeys(flags, True), stain="membrane", n_nuclei=[1, 0])
    return segmentation_table(objects, wells=[("p1", well) for well in wells], left_out=left_out)


def _sites(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    """Table `KEPT_SITES` from (well, site, is kept)."""
    full = [("p1", well, site, not kept, kept, "DAPI: std +9.0") for well, site, kept in rows]
    return pd.DataFrame(full, columns=KEPT_SITES.names)


def _nuclei(*rows: tuple[str, str, int]) -> pd.DataFrame:
    """Table `SITE_NUCLEI` from (well, doubts, classes)."""
    full = [("p1", well, "1", 9, 80.0, 0.3, 1.5, n, False, 0.0, doubts, 0, 0.3, 9) for well, doubts, n in rows]
    return check_table(pd.DataFrame(full, columns=SITE_NUCLEI.names), SITE_NUCLEI, source="sites")


def test_flags_are_counted_by_well_and_a_well_without_objects_has_its_row() -> None:
    table = _counts("A", "B", left_out=_sites(("B", "1", False), ("B", "2", False)))
    check_table(table, WELL_SEGMENTED_COUNTS, source="segmented")
    assert table["n_nuclei"].tolist() == [1, 0]
    assert table["n_cells"].tolist() == [1, 0]
    assert table["n_without_cell"].tolist() == [1, 0]
    assert table["n_without_nucleus"].tolist() == [1, 0]
    assert table["n_left_out"].tolist() == [0, 2]


@pytest.fixture
def well(tmp_path: Path) -> tuple[Path, Path]:
    """Index of a well of two sites, and labels of the second: the first was left out."""
    for site in ("1", "2"):
        tifffile.imwrite(tmp_path / f"A_{site}_RNA.tif", np.arange(600, dtype=np.uint16).reshape(20, 30))
    write_index(describe_well(tmp_path, plate="p1", well="A", raw=RAW), tmp_path / "A.json")
    labels = np.zeros((20, 30), dtype=np.uint32)
    labels[5:15, 5:15] = 1
    write_labels(tmp_path / "A.ome.tif", {"2": labels}, pixel_size_um=None)
    return tmp_path / "A.json", tmp_path / "A.ome.tif"


def test_overlays_show_the_first_kept_site_and_its_spots(well: tuple[Path, Path]) -> None:
    index, labels = well
    spots = pd.DataFrame({"site": ["1", "2", "2"], "channel": "RNA", "y_px": [1.0, 5, 9], "x_px": 3.0})
    spots = spots.assign(is_added=[False, False, True])
    given = {"projection": "max", "channels": ["RNA"], "nuclei": labels, "cells": labels}
    overlay = read_overlay(index, spots=spots, **given)
    assert overlay is not None
    assert overlay.name == "p1 / A, site 2"
    figure = overlay_figure([overlay], channels=["RNA"], with_spots=True)
    assert texts(figure) == ["p1 / A, site 2\nRNA", "p1 / A, site 2\nRNA, 2 spots, 1 of them added"]
    colors = {line.get_markeredgecolor(): len(line.get_xdata()) for line in figure.axes[1].lines}
    assert colors == {SPOT_COLOR: 1, ADDED_COLOR: 1}
    gallery = overlay_gallery([overlay], channels=["RNA"], with_spots=True)
    (tile,) = gallery.tiles
    assert (tile.words, tile.is_odd) == ("RNA: 2 spots, 1 of them added. typical", False)
    # The labels of the cells are those of the nuclei, and drawn once.
    assert [layer.name for layer in tile.layers] == ["nuclei", "spots", "spots added in clumps"]
    assert [layer.markup.count("<circle") for layer in tile.layers] == [0, 1, 1]
    without = read_overlay(index, **given)
    assert without is not None
    axes = overlay_figure([without], channels=["RNA"], with_spots=False).axes
    assert [one.get_visible() for one in axes] == [True, False, False, False]


def _overlay(name: str, level: float, *, doubts: str = "", plate: str = "p1") -> Overlay:
    image = np.linspace(0, level, 900).reshape(30, 30)
    nothing = np.zeros((30, 30), np.uint32)
    return Overlay(plate, name, {"RNA": image}, nothing, nothing, None, doubts)


def test_the_wells_of_a_plate_share_a_contrast_which_a_bright_odd_well_does_not_set() -> None:
    typical = [_overlay("a", 100), _overlay("b", 100)]
    found = overlay_contrasts([_overlay("fibre", 9000, doubts="x"), *typical, _overlay("other", 7, plate="p2")])
    assert found["p1", "RNA"] == overlay_contrasts(typical)["p1", "RNA"]
    assert found["p2", "RNA"][1] == pytest.approx(7, rel=0.01)
    # One typical well is no plate.
    assert overlay_contrasts([_overlay("fibre", 9000, doubts="x"), typical[0]])["p1", "RNA"][1] > 1000
    axes = overlay_figure([*typical, _overlay("fibre", 9000, doubts="x")], channels=["RNA"], with_spots=False).axes
    assert {one.images[0].get_clim() for one in axes if one.get_visible()} == {found["p1", "RNA"]}
    # What is drawn is dark next to the rest of its plate.
    others = [_overlay("c", 1000), _overlay("d", 1000)]
    of_plate = overlay_contrasts([*typical, *others])["p1", "RNA"]
    assert of_plate[1] > 900
    axes = overlay_figure(typical, channels=["RNA"], with_spots=False, others=others).axes
    assert {one.images[0].get_clim() for one in axes if one.get_visible()} == {of_plate}
    drawn, alone = (
        overlay_gallery(typical, channels=["RNA"], with_spots=False, others=more).tiles for more in (others, ())
    )
    assert len(drawn) == 2
    assert drawn[0].pictures[0].data != alone[0].pictures[0].data


def test_sites_without_nuclei_are_to_be_looked_at() -> None:
    sites = pd.DataFrame({"n_nuclei": [0, 0, 5], "doubts": ["none", "large object", "none"]})
    assert sites_to_look_at(sites)["doubts"].tolist() == ["no nuclei", "large object", "none"]


def test_outlines_are_counted_where_nuclei_of_one_cell_share_a_label() -> None:
    nuclei, cells, image = np.zeros((3, 20, 30), dtype=np.uint32)
    nuclei[2:5, 2:5] = nuclei[8:12, 2:5] = 7
    cells[1:14, 1:14], cells[1:14, 16:28] = 7, 9
    for labels, words in ((nuclei, "2 nuclei. typical"), (np.zeros_like(nuclei), "2 cells. typical")):
        overlay = Overlay("p", "p / A", {"DAPI": image}, labels, cells, None, "")
        (tile,) = overlay_gallery([overlay], channels=["DAPI"], with_spots=False).tiles
        assert tile.words == words


def test_a_wanted_site_is_drawn_and_one_that_was_left_out_is_not(well: tuple[Path, Path], tmp_path: Path) -> None:
    labels = np.ones((20, 30), dtype=np.uint32)
    write_labels(tmp_path / "both.ome.tif", {"1": labels, "2": labels}, pixel_size_um=None)
    both, second = tmp_path / "both.ome.tif", well[1]
    for file, wanted, site in ((both, "2", "2"), (both, None, "1"), (second, "1", "2")):
        given = {"projection": "max", "channels": ["RNA"], "nuclei": file, "cells": file}
        overlay = read_overlay(well[0], wanted_site=wanted, doubts="crowded", **given)
        assert overlay is not None
        assert (overlay.name, overlay.doubts) == (f"p1 / A, site {site}", "crowded")


def test_large_images_are_cut_to_their_middle_with_their_spots(tmp_path: Path) -> None:
    image = np.zeros((600, 520), dtype=np.uint16)
    image[300, 260] = 9
    tifffile.imwrite(tmp_path / "A_1_RNA.tif", image)
    write_index(describe_well(tmp_path, plate="p1", well="A", raw=RAW), tmp_path / "A.json")
    write_labels(tmp_path / "A.ome.tif", {"1": (image > 0).astype(np.uint32)}, pixel_size_um=None)
    spots = pd.DataFrame(
        {"site": "1", "channel": "RNA", "y_px": [300.0, 3.0], "x_px": [260.0, 260.0], "is_added": False}
    )
    labels = tmp_path / "A.ome.tif"
    overlay = read_overlay(
        tmp_path / "A.json", projection="max", channels=["RNA"], nuclei=labels, cells=labels, spots=spots
    )
    assert overlay is not None
    assert overlay.images["RNA"].shape == overlay.nuclei.shape == (512, 512)
    assert overlay.spots is not None
    # 44 rows and 4 columns are cut off in front; the other spot lies outside.
    assert overlay.spots[["y_px", "x_px"]].to_numpy().tolist() == [[256.0, 256.0]]
    assert overlay.images["RNA"][256, 256] == 9


def test_a_well_of_which_every_site_was_left_out_is_not_drawn(well: tuple[Path, Path], tmp_path: Path) -> None:
    write_labels(tmp_path / "none.ome.tif", {}, pixel_size_um=None)
    none = tmp_path / "none.ome.tif"
    assert read_overlay(well[0], projection="max", channels=["RNA"], nuclei=none, cells=none) is None
    found = texts(overlay_figure([], channels=["RNA"], with_spots=False))
    assert found == ["Every site of the wells that would be drawn was left out."]


def _sources(
    folder: Path, *, left_out: pd.DataFrame = NONE, sites: pd.DataFrame = NONE, corrected: Sequence[str] = ()
) -> ImageSources:
    tile = Tile("p1 / A, site 2", "1 nuclei. typical", False, [Picture("DAPI", "x")], [], 30, 20)
    write_gallery(Gallery("", "", [tile], ""), folder / "overlays.json")
    drawn = {"overlays": folder / "overlays.svg", "gallery": folder / "overlays.json"}
    files = {**drawn, "table": folder / "segmentation.csv", "nuclei": folder / "n.csv"}
    captions = {"segmentation": "Outlines."}
    return ImageSources(files=files, captions=captions, corrected=corrected, left_out=left_out, sites=sites)


def test_the_chapter_tells_wells_without_nuclei_from_those_that_were_left_out(tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "overlays.svg")
    sites = _sites(("A", "1", True), ("B", "1", True), ("C", "1", False))
    left_out = sites[~sites["is_kept"]]
    chapter = segmentation_chapter(
        _counts("A", "B", "C", left_out=left_out),
        nuclei=_nuclei(("A", "large object", 3), ("B", "none", 2), ("C", "none", 2)),
        segmentation=SETTINGS,
        sources=_sources(tmp_path, left_out=left_out, sites=sites, corrected=["DAPI"]),
    )
    assert chapter.warnings == [
        "No nuclei were found in 1 well: p1 / B. Look at the images of these wells.",
        f"Nuclei, large object, in 1 well: p1 / A: {DOUBTS['large object']}.",
        "Every site is flagged and left out, so nothing was segmented, in 1 well: p1 / C.",
    ]
    assert chapter.findings == [
        "1 nuclei were found in 3 wells.",
        "On 1 of 3 sites some objects are far brighter than the nuclei, so more classes were found.",
    ]
    figure, counts, doubtful = chapter.sections[0].parts
    assert doubtful.rows == [("p1", "A", "1", "large object", "9", "80.00", "30.0 %")]
    assert figure.title == "Nuclei and cells"
    assert counts.n_text == 2
    assert [row[-1] for row in counts.rows] == ["0", "0", "1"]
    doubts, left = chapter.sections[1:]
    assert doubts.title == "Doubts about cells"
    assert len(doubts.text) == 8
    assert doubts.parts[0].rows[0][2:] == ("1", "1", "1", "1", "2", "1", "2", "1", "1")
    assert left.parts[0].rows == [("p1", "C", "1", "DAPI: std +9.0")]
    settings = dict(chapter.settings)
    assert settings["Cells"] == "by watershed from the nuclei in CELL"
    assert settings["Segmented with even illumination"] == "DAPI"


def test_without_judged_images_no_site_is_left_out(tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "overlays.svg")
    # C was left out, since a file of it is damaged: it has no sites.
    chapter = segmentation_chapter(
        _counts("A", "B", "C"),
        nuclei=_nuclei(("A", "none", 2), ("B", "none", 1)),
        segmentation=SETTINGS,
        sources=_sources(tmp_path),
    )
    assert chapter.warnings == ["No nuclei were found in 1 well: p1 / B. Look at the images of these wells."]
    assert len(chapter.sections) == 2
    assert "Sites\nleft out" not in chapter.sections[0].parts[1].head


GIVEN = {
    "method": "given",
    "nucleus_channel": None,
    "cells": None,
    "pattern": "c.tif",
    "nuclei": "n.tif",
    "folder": "L",
}


def test_the_chapter_says_what_is_odd_about_given_labels(tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "overlays.svg")
    table = _counts("A", "B")
    chapter = segmentation_chapter(
        table, nuclei=_nuclei(("A", "none", 2)), segmentation=GIVEN, sources=_sources(tmp_path)
    )
    assert chapter.warnings[1:3] == [
        "Labels of separate pieces: 2 object(s), in 1 well: p1 / A. Each counts as one object; give pieces that are "
        "objects ids of their own.",
        "Nuclei larger than their cell: 2, in 1 well: p1 / A. Look whether the label images of nuclei and cells were "
        "exchanged.",
    ]
    assert chapter.findings == ["1 nuclei, and 1 cells without one, are in the label images of 1 of 2 wells."]
    assert chapter.settings[:2] == [("Nuclei", "given, n.tif, in L"), ("Cells", "given, c.tif, in L")]
    assert [section.title for section in chapter.sections][1] == "Given labels"
    only_cells = {**GIVEN, "nuclei": None}
    many = table.assign(n_without_nucleus=9)
    chapter = segmentation_chapter(
        many, nuclei=_nuclei(("A", "none", 2)), segmentation=only_cells, sources=_sources(tmp_path)
    )
    assert chapter.settings[0] == ("Nuclei", "none")
    assert chapter.findings == ["1 cells are in the label images of 1 of 2 wells. Nuclei are not segmented."]
    assert chapter.lead == "Where the cells are, and which to distrust."
    heads = [part.head for section in chapter.sections[:2] for part in section.parts if part.kind == "table"]
    assert not [one for head in heads for one in head if "ucle" in one]
    assert not [line for line in chapter.warnings if "No nuclei" in line or "without a nucleus" in line]


def _given_warnings(tmp_path: Path, table: pd.DataFrame, doubts: str = "none", **keys: str | None) -> list[str]:
    sites = _nuclei(("A", doubts, 2))
    found = segmentation_chapter(table, nuclei=sites, segmentation={**GIVEN, **keys}, sources=_sources(tmp_path))
    return found.warnings


def test_exchanged_label_images_are_one_warning_that_names_both_patterns_and_the_remedy(tmp_path: Path) -> None:
    table = _counts("A").assign(n_without_cell=3, n_in_pieces=0)
    (line,) = _given_warnings(tmp_path, table.assign(n_without_nucleus=9), "exchanged with cells")
    assert line == (
        "Nuclei, exchanged with cells, in 1 well: p1 / A: half of the cells or more lie in a nucleus that is larger "
        "than they are; the label images of nuclei and cells seem to be exchanged. Check segmentation.nuclei, now "
        "n.tif, and segmentation.pattern, now c.tif, which names the cells, and exchange the two if so."
    )
    only_cells = _given_warnings(tmp_path, table, "exchanged with cells", nuclei=None, nucleus_channel="DAPI")
    assert "seem to be of nuclei. Check segmentation.pattern, now c.tif" in only_cells[0]
    assert not [line for line in only_cells if line.startswith(("Nuclei larger", "Nuclei in no cell"))]


def test_given_nuclei_in_no_cell_are_counted_in_a_warning_and_many_are_a_doubt(tmp_path: Path) -> None:
    table = _counts("A").assign(n_without_cell=2, n_nuclei=20, n_in_pieces=0, n_nuclei_larger=0)
    found = _given_warnings(tmp_path, table, "in no cell")
    assert found[0].startswith("Nuclei in no cell: 2 of 20, in 1 well: p1 / A.")
    assert found[1].startswith("Nuclei, in no cell, in 1 well: p1 / A: a quarter of the nuclei or more lie in no given")
    assert "segmentation.nuclei, now n.tif, and segmentation.pattern, now c.tif" in found[1]
    # Of cells that grew from given nuclei the count is of those with little stain.
    grown = _given_warnings(tmp_path, table, pattern=None, cells=CELLS)
    assert not [line for line in grown if "in no cell" in line]


def test_no_key_is_advised_that_changes_nothing_for_given_labels(tmp_path: Path) -> None:
    table = _counts("A").assign(n_without_nucleus=9, n_of_two_bodies=9, n_nuclei_of_several=9)
    words = " ".join(_given_warnings(tmp_path, table, "two sizes, look like several"))
    assert "9 objects, cells without a nucleus, in 1 well: p1 / A. They count as cells." in words
    for key in ("unstained", "min_diameter_px", "nucleus_channel", "unet"):
        assert key not in words
    assert "unstained: ignore" in " ".join(object_warnings(table, SETTINGS))


def test_given_nuclei_alone_have_a_chapter(tmp_path: Path) -> None:
    chapter = segmentation_chapter(
        _nucleus_counts(),
        nuclei=_nuclei(("A", "none", 2), ("B", "none", 2)),
        segmentation={**GIVEN, "pattern": None},
        sources=_sources(tmp_path),
    )
    assert chapter.settings == [("Nuclei", "given, n.tif, in L"), ("Cells", "none; nuclei alone")]
    assert chapter.findings[0] == "20 nuclei are in the label images of 2 wells."
    (section,) = [one for one in chapter.sections if one.title == "Given labels"]
    assert section.parts[0].head == ["Plate", "Well", "Nuclei"]


def _nucleus_counts() -> pd.DataFrame:
    """Of 20 nuclei of well A two touch the border, and three look like several; well B has none."""
    flags = {"is_border_nucleus": 2, "is_nucleus_size_out": 0, "is_nucleus_of_several": 3}
    rows = {name: [k < n for k in range(20)] for name, n in flags.items()}
    nuclei = pd.DataFrame(rows).assign(
        plate="p1", well="A", site="1", label_in_site=range(1, 21), nucleus_px=80, n_tops=1
    )
    nuclei = check_table(nuclei.assign(solidity=0.9), WELL_NUCLEI, source="nuclei")
    return nucleus_table(nuclei, wells=[("p1", "A"), ("p1", "B")], left_out=NONE)


def test_nuclei_alone_have_counts_doubts_and_outlines(tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "overlays.svg")
    table = check_table(_nucleus_counts(), WELL_NUCLEUS_COUNTS, source="counts")
    assert table.drop(columns=["plate", "well"]).to_numpy().tolist() == [[20, 2, 0, 3, 0], [0, 0, 0, 0, 0]]
    chapter = segmentation_chapter(
        table,
        nuclei=_nuclei(("A", "look like several", 2), ("B", "none", 1)),
        segmentation={**SETTINGS, "cells": None},
        sources=_sources(tmp_path),
    )
    assert [part.title for part in chapter.sections[0].parts] == ["Nuclei", "Nuclei by well", "Doubtful sites"]
    assert list(chapter.sections[0].parts[1].head[2:]) == ["Nuclei", "Nuclei at\nthe border", "Nuclei of\nodd size"]
    assert chapter.sections[1].title == "Doubts about nuclei"
    assert chapter.sections[1].parts[0].rows[0][2:] == ("20", "3")
    assert chapter.warnings[0].startswith("No nuclei were found in 1 well: p1 / B.")
    assert chapter.warnings[1].startswith("Nuclei, look like several, in 1 well: p1 / A: a quarter")
    assert chapter.warnings[2].startswith("3 objects, the nucleus has more than twice the median area")
    assert dict(chapter.settings)["Cells"] == "none; nuclei alone"


@pytest.mark.parametrize(("n", "is_warned"), [(2, False), (3, True), (4, True)])
def test_a_doubt_about_a_tenth_of_the_nuclei_is_a_warning(n: int, is_warned: bool) -> None:
    table = _counts("A").assign(n_nuclei=30, n_without_nucleus=0)
    counted = [name for name in table if name.startswith("n_") and name != "n_nuclei"]
    table = table.assign(**dict.fromkeys(counted, 0))
    doubted = ("n_unseen_cells", "n_soft_edges", "n_open_cells", "n_larger_cells", "n_of_two_bodies")
    for name in (*doubted, "n_nuclei_of_several"):
        assert len(object_warnings(table.assign(**{name: n}), SETTINGS)) == is_warned
    (words,) = object_warnings(table.assign(n_without_nucleus=n), SETTINGS) or [""]
    assert words.startswith(f"{n} objects, stained like a cell, but without a nucleus") == is_warned
    assert object_warnings(table.assign(n_nuclei=100, n_open_cells=9), SETTINGS) == []
