"""What the plate browser is given: pictures, outlines, rows, the places and numbers of wells."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from wellspring.browser.data import write_data
from wellspring.browser.page import render_browser
from wellspring.browser.pictures import Light, jpeg, light_of, object_paths, smaller, usual_light
from wellspring.browser.plates import plate_data, well_places
from wellspring.browser.report.chapter import browser_chapter
from wellspring.browser.wells import Shown, cell_rows, well_pictures, well_sites
from wellspring.raw.images import SiteImage
from wellspring.report.channel_colors import channel_colors

SHOWN = Shown(pixels=64, quality=95, columns=["*_Area_um2"])


def _grey(data: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_picture_s_steps_are_intensities_of_its_well() -> None:
    image = np.tile(np.linspace(100, 1100, 64), (1, 64, 1)).astype(np.uint16)
    pictures = well_pictures([SiteImage("1", ("A",), image, 0.5)], shown=SHOWN)
    light = Light(**pictures.lights["A"])
    assert (light.least, light.most) == pytest.approx((100, 1100), abs=1)
    back = light.least + _grey(pictures.sites["1"]["A"]).astype(float) / 255 * (light.most - light.least)
    # Steps of 4, and what JPEG adds.
    assert np.abs(back - image[0]).max() < 25
    assert pictures.sizes == {"1": (64, 64)}
    assert pictures.pixel_sizes_um == {"1": 0.5}


def test_large_images_are_averaged_and_small_ones_kept() -> None:
    image = np.zeros((128, 64), np.uint16)
    image[::2] = 100
    assert smaller(image, pixels=64).shape == (64, 32)
    np.testing.assert_allclose(smaller(image, pixels=64), 50)
    np.testing.assert_array_equal(smaller(image, pixels=128), image)


def test_hot_pixels_do_not_take_the_steps() -> None:
    image = np.full((200, 200), 100, np.float32)
    image[0, 0], image[:100] = 65_000, 300
    light = light_of([image])
    assert light.most < 1000
    assert _grey(jpeg(image, light, quality=95)).max() == 255
    assert light_of([]) == Light(0, 1, 0, 1)
    constant = light_of([np.full((4, 4), 7, np.float32)])
    assert constant.most - constant.least == constant.white - constant.black == 1


def test_wells_share_black_and_white() -> None:
    lights = [Light(0, 100, 10, 50), Light(0, 100, 20, 60), Light(0, 9000, 30, 9000)]
    black, white = usual_light(lights)
    assert black == 20
    assert 60 < white < 9000


def test_outlines_go_through_the_outer_pixels() -> None:
    labels = np.zeros((10, 10), np.uint32)
    labels[2:5, 3:7] = 1
    labels[8, 8] = 3
    paths = object_paths(labels)
    assert set(paths) == {1, 3}
    corners = [tuple(map(float, one.split(","))) for one in paths[1].strip("Mz").split()]
    assert set(corners) == {(3.5, 2.5), (6.5, 2.5), (6.5, 4.5), (3.5, 4.5)}
    assert paths[3] == "M8.5,8.5z"


def _cells() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "object_id": [1, 2],
            "site": ["1", "2"],
            "label_in_site": [1, 1],
            "is_border_cell": [False, True],
            "missing_because": ["none", "no nucleus"],
            "Cells_AreaShape_Area_um2": [123.456789, np.nan],
            "Cells_AreaShape_Area_px": [1.0, 2.0],
            "Cells_Spots_n_spots_RNA": [3.0, np.nan],
        }
    )


def test_rows_have_keys_flags_and_the_columns_asked_for() -> None:
    assert cell_rows(_cells(), patterns=["*_Area_um2"]) == {
        "object_id": [1, 2],
        "site": ["1", "2"],
        "is_border_cell": [False, True],
        "missing_because": ["none", "no nucleus"],
        "Cells_AreaShape_Area_um2": [123.46, None],
        "Cells_Spots_n_spots_RNA": [3.0, None],
    }


def test_sites_have_their_own_outlines_and_spots() -> None:
    image = np.zeros((1, 20, 30), np.uint16)
    pictures = well_pictures([SiteImage(name, ("A",), image, None) for name in ("1", "2", "3")], shown=SHOWN)
    labels = np.zeros((20, 30), np.uint32)
    labels[5:8, 5:8] = 1
    nuclei = {"1": labels, "2": labels}
    cells = {"1": np.where(labels, 1, 0), "2": np.zeros_like(labels)}
    spots = pd.DataFrame({"site": ["2"], "channel": ["RNA"], "y_px": [3.0], "x_px": [7.25]})
    one, two, three = well_sites(pictures, cells=_cells(), nuclei=nuclei, outlines=cells, spots=spots)
    assert [one[key] for key in ("name", "height", "width", "pixel_um", "left_out")] == ["1", 20, 30, None, False]
    assert [row[0] for row in one["objects"]] == [1]
    assert all(one["objects"][0][1:])
    (found,) = two["objects"]
    assert found[0] == 2
    assert found[2] == ""
    assert (one["spots"], two["spots"]) == ({}, {"RNA": [7.8, 3.5]})
    assert three["left_out"]
    assert three["objects"] == []


def test_wells_are_where_they_are_in_the_plate_or_listed() -> None:
    down, across, places = well_places(["B02", "H12"])
    assert (len(down), len(across), places) == (8, 12, [(1, 1), (7, 11)])
    down, across, places = well_places(["P24", "A01"])
    assert (down[-1], across[-1], places[0]) == ("P", "24", (15, 23))
    down, across, places = well_places(["control", *(f"w{n}" for n in range(12))])
    assert (len(down), places[0], places[12]) == (2, (0, 0), (1, 0))
    # A02 and A2 are one place.
    assert well_places(["A02", "A2"])[2] == [(0, 0), (0, 1)]


def test_a_plate_has_numbers_of_three_sources() -> None:
    wells = pd.DataFrame({"plate": "p", "well": ["A01", "A02"], "n_sites": 1, "n_left_out": 0})
    numbers = wells.assign(
        doubtful_share=0.0, is_odd=[False, True], reasons=["none", "no nuclei"], nuclei_per_site=[4.0, np.nan]
    )
    measured = pd.DataFrame({"plate": "p", "well": ["A02"], "n_cells": [5], "median_Cells_AreaShape_Area_um2": [7.0]})
    sheet = pd.DataFrame({"plate": "p", "well": ["A01", "A02"], "dose": ["1", "10"], "drug": ["x", None]})
    light = {"A": Light(1, 9, 2, 8)}
    found = plate_data(
        "p",
        numbers=numbers,
        measured=measured,
        sheet=sheet,
        lights=[light, {}],
        colors={"A": "#fff"},
        patterns=["*um2"],
    )
    values = {one["name"]: one["values"] for one in found["columns"]}
    assert values == {
        "nuclei_per_site": [4.0, None],
        "n_cells": [None, 5.0],
        "median_Cells_AreaShape_Area_um2": [None, 7.0],
        "dose": [1.0, 10.0],
        "drug": ["x", None],
    }
    assert found["wells"][1] == {"well": "A02", "row": 0, "column": 1, "doubtful": True, "reasons": "no nuclei"}
    assert found["channels"] == [{"name": "A", "color": "#fff", "black": 2, "white": 8, "least": 1, "most": 9}]


def test_the_channel_of_nuclei_is_blue() -> None:
    assert channel_colors(["RNA", "Hoechst"], nuclei=None)["Hoechst"] == "#4f7dff"
    colors = channel_colors(["c1", "c2", "dapi"], nuclei="c2")
    assert colors["c2"] == "#4f7dff"
    assert len(set(colors.values())) == 3


def test_data_are_scripts_and_the_page_needs_nothing_else(tmp_path: Path) -> None:
    write_data(tmp_path / "p.js", "plate", {"plate": "µ</script>"})
    text = (tmp_path / "p.js").read_text(encoding="utf-8")
    assert json.loads(text.removeprefix('wellspring.add("plate",').removesuffix(");\n")) == {"plate": "µ</script>"}
    page = render_browser(title="<b>", plates=["</script><script>"])
    assert "&lt;b&gt;" in page
    assert "</script><script>" not in page.replace("</script>\n<script>", "")
    # The one address is a name of the SVG standard.
    assert page.count("http") == page.count("http://www.w3.org/2000/svg") == 1


def test_the_chapter_links_to_the_page() -> None:
    chapter = browser_chapter(Path("browser/index.html"), plates=["p"], n_wells=3, size=1_500_000)
    assert chapter.sections[0].parts[0].rows == [["browser/index.html", "1", "3", "1.5"]]
