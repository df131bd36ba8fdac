"""Tiles that open large: their contrast, outlines and circles, and how the page shows them."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest

from tests.unit.report.test_report_page import _page, _read
from wellspring.report.chapter import Chapter, Section, read_chapter, write_chapter
from wellspring.report.gallery import (
    Gallery,
    Layer,
    Picture,
    Tile,
    circles,
    outlines,
    picture_data,
    pictures_of,
    read_gallery,
    shared_contrast,
    write_gallery,
)


def _gallery(n_tiles: int = 5) -> Gallery:
    layers = [
        Layer("nuclei", "#56B4E9", '<path d="M0,0 1,1z"></path>'),
        Layer("spots", "#D55E00", circles([1.0], [2.0])),
    ]
    pictures = [Picture("DAPI", "AAAA"), Picture("RNA", "BBBB", "CCCC")]
    tiles = [Tile(f"p / B{n:02}", "3 spots", n == 0, pictures, layers, 30, 20) for n in range(n_tiles)]
    return Gallery(title="Images", file="results/report/a.svg", tiles=tiles, caption="Caption.")


def _chapter(gallery: Gallery) -> Chapter:
    return Chapter(
        stage="spots", title="Spots", lead="l", picture=gallery, sections=[Section(title="", parts=[gallery])]
    )


def test_the_contrast_is_that_of_all_images_alike() -> None:
    dark, bright = np.zeros((10, 10)), np.full((100, 100), 50.0)
    assert shared_contrast([dark, bright]) == (0, 50)
    # Half of the pixels are of either image, so the median would be between them.
    assert shared_contrast([np.arange(1000.0)]) == pytest.approx((9.99, 997.0), abs=0.1)
    assert shared_contrast([dark]) == (0, 1)
    assert shared_contrast([]) == (0, 1)


def test_a_picture_is_grey_from_the_darkest_to_the_brightest_value() -> None:
    import cv2

    image = np.repeat([[0.0, 50.0, 100.0, 999.0]], 16, axis=0).repeat(16, axis=1)
    data = np.frombuffer(base64.b64decode(picture_data(image, (0, 100))), np.uint8)
    shown = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert shown.shape == (16, 64)
    assert shown[8, [8, 24, 40, 56]].tolist() == pytest.approx([0, 127, 255, 255], abs=3)
    with pytest.raises(ValueError, match="image with pixels"):
        picture_data(np.empty((0, 3)), (0, 1))


def test_a_channel_has_a_contrast_of_its_own_where_it_differs() -> None:
    dim, usual = np.linspace(0, 10, 100).reshape(10, 10), np.linspace(0, 100, 100).reshape(10, 10)
    found = pictures_of({"dim": dim, "usual": usual}, {"dim": (0, 100), "usual": (0, 100)})
    assert [bool(one.own_data) for one in found] == [True, False]


def test_outlines_follow_the_objects() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[5:10, 8:20] = 1
    labels[15:18, 2:4] = 3
    markup = outlines(labels)
    parts = re.findall(r"M([^z]+)z", markup)
    points = [np.array([corner.split(",") for corner in part.split()], float) for part in parts]
    assert [one.min(axis=0).tolist() for one in points] == [[8.5, 5.5], [2.5, 15.5]]
    assert [one.max(axis=0).tolist() for one in points] == [[19.5, 9.5], [3.5, 17.5]]
    assert outlines(np.zeros((4, 4), np.int32)) == ""


def test_circles_are_around_the_middle_of_the_pixels() -> None:
    assert circles([3.0], [7.25]) == '<circle cx="7.8" cy="3.5" r="3.5"></circle>'
    assert circles([], []) == ""


def test_a_gallery_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_gallery(_gallery(), tmp_path / "g.json")
    assert read_gallery(tmp_path / "g.json") == read_gallery(tmp_path / "g.json")
    assert read_gallery(tmp_path / "g.json").tiles[0].layers[1].name == "spots"
    write_chapter(_chapter(_gallery()), tmp_path / "c.json")
    part = read_chapter(tmp_path / "c.json").sections[0].parts[0]
    assert isinstance(part, Gallery)
    with pytest.raises(FileNotFoundError):
        read_gallery(tmp_path / "none.json")


def test_each_tile_opens_large_by_a_link_and_its_picture_is_in_the_page_once() -> None:
    html = _page(_chapter(_gallery()))
    reader = _read(html)
    assert html.count("base64,AAAA") == html.count("base64,CCCC") == 5
    large = [name for name in reader.ids if re.fullmatch(r"gallery-spots-\d", name)]
    assert len(large) == 5
    assert all(f'href="#{name}"' in html for name in large)
    # Every use leads to something.
    used = set(re.findall(r'<use[^>]* href="#([^"]+)"', html))
    assert used <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    # The page begins with four tiles; layers and channels have a switch each.
    overview = html.split('<section id="overview">')[1].split("</section>")[0]
    assert overview.count('<a class="tile') == 4
    assert html.count('type="radio"') == 10
    assert html.count('type="checkbox"') == 15
    assert html.count('<a class="tile odd"') == 2


def test_a_layer_that_acts_is_refused() -> None:
    bad = Layer("nuclei", "#fff", "<script>alert(1)</script>")
    tile = Tile("a", "b", False, [Picture("DAPI", "AAAA")], [bad], 3, 2)
    with pytest.raises(ValueError, match="more than shapes"):
        _page(_chapter(Gallery("t", "", [tile], "")))


def test_a_chapter_has_one_gallery_in_a_section() -> None:
    gallery = _gallery()
    twice = Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=[gallery, gallery])])
    with pytest.raises(ValueError, match="chapter spots: expected one gallery at most"):
        _page(twice)
    with pytest.raises(ValueError, match="got 0 in sections"):
        _page(Chapter(stage="spots", title="S", lead="l", picture=gallery))
