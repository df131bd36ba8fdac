"""The plate browser used in chromium, from a file: clicks, keys, gates; no fault is logged and nothing is fetched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.browser.chromium import CHROMIUM, OpenPage, opened_page
from tests.unit.browser.drawn_plate import write_browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_browser(tmp_path_factory.mktemp("browser"), ["B02", "B03", "C03"])


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    with opened_page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(chromium: OpenPage, index: Path) -> Iterator[OpenPage]:
    """The page, opened anew; what it logged and asked for is checked in the end."""
    chromium.requests.clear()
    chromium.go(index)
    yield chromium
    assert chromium.faults == []
    assert {url.split(":")[0] for url in chromium.requests} <= {"file", "data", "blob", "about"}


def _text(page: OpenPage, selector: str) -> str:
    return str(page.value(f"document.querySelector('{selector}').textContent"))


def _open(page: OpenPage, well: str) -> None:
    page.click(f".well[data-well={well}]")
    page.wait_for(f"document.getElementById('where').textContent === 'p · {well}'")


def test_a_plate_shows_its_wells_and_doubts(page: OpenPage) -> None:
    assert page.value("document.querySelectorAll('.well').length") == 3
    assert page.value("[...document.querySelectorAll('.well.doubtful')].map(one => one.dataset.well)") == ["C03"]
    assert "look at it: no nuclei" in page.value("document.querySelector('.well.doubtful').title")
    colors = page.value("[...document.querySelectorAll('.well')].map(one => one.style.backgroundColor)")
    assert (colors[0], colors[2]) == ("rgb(68, 1, 84)", "rgb(253, 231, 37)")
    page.click("#as-pictures")
    page.wait_for("document.querySelectorAll('.well img').length === 6")
    # No well is read for that.
    assert not [url for url in page.requests if "/wells/" in url]


def test_a_well_opens_with_its_pictures_and_outlines(page: OpenPage) -> None:
    _open(page, "B03")
    page.wait_for("document.querySelectorAll('#world img').length === 2")
    assert page.value("document.querySelectorAll('#world path').length") == 9
    assert page.value("[...document.querySelectorAll('#world img')].every(one => one.naturalWidth === 120)")
    page.key("1")
    assert page.value("[...document.querySelectorAll('#world img')].map(one => one.alt)") == ["RNA"]
    page.key("o")
    assert page.value("getComputedStyle(document.querySelector('#world path')).stroke") == "rgba(0, 0, 0, 0)"
    page.key(".")
    assert page.value("location.hash") == "#p/B03/2/"


def test_black_and_white_are_intensities_of_the_plate(page: OpenPage) -> None:
    _open(page, "B02")
    page.wait_for("document.querySelectorAll('#world img').length === 2")
    page.value("document.querySelectorAll('#channels input[type=range]')[0].value = 100")
    page.value("document.querySelectorAll('#channels input[type=range]')[1].value = 300")
    page.value("document.querySelectorAll('#channels input[type=range]').forEach(one => one.oninput())")
    light = page.value("theWell().lights.DAPI")
    matrix = page.value("document.querySelector('#filter-site-0').children[0].getAttribute('values')").split()
    slope, offset = float(matrix[0]), float(matrix[4])
    for intensity, shade in ((100, 0.0), (200, 0.5), (300, 1.0)):
        step = (intensity - light["least"]) / (light["most"] - light["least"])
        assert slope * step + offset == pytest.approx(shade, abs=0.01)


def test_a_cell_that_is_pointed_at_shows_its_row(page: OpenPage) -> None:
    _open(page, "B02")
    box = page.value("(() => { const b = document.querySelectorAll('#world path')[4].getBoundingClientRect();"
                     "return [b.x + b.width / 2, b.y + b.height / 2]; })()")  # fmt: skip
    page.mouse("Moved", *box)
    assert _text(page, "#cell-title") == "Cell p/B02/5"
    rows = page.value("[...document.querySelectorAll('#cell tr')].map(r => [...r.children].map(c => c.textContent))")
    assert ["Cells_AreaShape_Area_um2", "50"] in rows
    for kind in ("Pressed", "Released"):
        page.mouse(kind, *box)
    assert page.value("location.hash") == "#p/B02/1/5"
    assert page.value("document.querySelectorAll('path.chosen').length") == 1
    page.key("Escape")
    assert page.value("document.querySelectorAll('path.chosen').length") == 0


def test_a_gate_takes_the_cells_inside_it(page: OpenPage) -> None:
    _open(page, "B02")
    assert "18 of 18 cells" in _text(page, "#about-scatter")
    page.value("document.getElementById('scatter').scrollIntoView()")
    corners = page.value(
        "(() => { const c = document.getElementById('scatter').getBoundingClientRect(), { px, py } = drawn.frame;"
        "return [c.x + px(25), c.y + py(4.1), c.x + px(65), c.y + py(-0.1)]; })()"
    )
    page.mouse("Moved", *corners[:2])
    page.mouse("Pressed", *corners[:2])
    page.mouse("Moved", *corners[2:])
    page.mouse("Released", *corners[2:])
    assert "gate 1: 8 cells" in _text(page, "#gates")
    assert page.value("document.querySelectorAll('path.gated').length") == 4
    lines = page.value("gatesAsCsv()").splitlines()
    assert lines[0] == "gate,plate,well,site,object_id"
    assert {tuple(line.split(",")[2:]) for line in lines[1:]} == {
        ("B02", str(1 + (one > 9)), str(one)) for one in (3, 4, 5, 6, 12, 13, 14, 15)
    }
    page.value("document.getElementById('scope').value = 'plate'; setScope('plate')")
    assert "gate 1: 24 cells" in _text(page, "#gates")
    assert page.value("csvField('=1+1')") == "'=1+1"


def test_keys_move_over_the_plate(page: OpenPage) -> None:
    page.value("document.querySelector('.well[data-well=B02]').focus()")
    page.key("ArrowRight")
    page.key("ArrowDown")
    assert page.value("document.activeElement.dataset.well") == "C03"
    assert "look at it first: no nuclei" in _text(page, "#about-well")


def test_an_address_opens_its_cell(chromium: OpenPage, index: Path) -> None:
    chromium.go(index, anchor="#p/B03/2/12", width=390, height=800)
    assert _text(chromium, "#cell-title") == "Cell p/B03/12"
    assert chromium.value("document.querySelector('path.chosen').dataset.id") == "12"
    # On a telephone nothing is wider than the screen.
    assert chromium.value("document.documentElement.scrollWidth") <= 390
