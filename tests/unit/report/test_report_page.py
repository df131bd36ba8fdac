"""The page as a file: whole, escaped, and without a link to anything outside."""

import base64
import re
from html.parser import HTMLParser

import pytest

from wellspring.report.page import Details, Grid, Illustration, Page, Section, illustration, render_page

NASTY = '<script>alert("x")</script> & <img src="http://example.org/x.png">'


class Reader(HTMLParser):
    """Collects what a browser would load, the text, ids, and elements that were left open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "poster")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.fixture
def page(empty_svg) -> Page:
    figure = illustration(empty_svg, title=f"Figure {NASTY}", caption=f"n = 3 {NASTY}")
    grid = Grid(
        title="Wells", file="w.csv", head=("Well", "Cells"), rows=[(NASTY, "1,000"), ("total", "2")], note=NASTY
    )
    folded = Grid(title="Channels", file="", head=("Channel",), rows=[("DAPI",)], folded=True)
    parts = [figure, grid, folded, Details(title="Config", text=f"a: {NASTY}")]
    sections = [
        Section(anchor="one", title=NASTY, text=[NASTY], warnings=[NASTY], findings=["R² 0.46 is 46 %"], parts=parts),
        Section(anchor="two", title="Part", level=3),
    ]
    return Page(title=NASTY, lead=NASTY, sections=sections, footer="end")


def test_text_is_escaped_everywhere(page):
    reader = _read(render_page(page))
    assert "script" not in reader.tags
    assert reader.tags.count("img") == 1
    assert sum(NASTY in text for text in reader.text) >= 8


def test_every_element_is_closed(page):
    assert _read(render_page(page)).open == []


def test_nothing_is_loaded_from_outside(page):
    html = render_page(page)
    reader = _read(html)
    assert reader.links
    assert all(link.startswith(("#", "data:image/svg+xml;base64,")) for link in reader.links)
    assert not {"link", "script", "iframe", "object", "embed"} & set(reader.tags)
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_contents_lead_to_every_section(page):
    reader = _read(render_page(page))
    assert reader.ids == ["one", "two"]
    assert [link for link in reader.links if link.startswith("#")] == ["#one", "#two"]


def test_figures_are_embedded_as_they_are(page, empty_svg):
    html = render_page(page)
    embedded = re.search(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", html)[1]
    assert base64.b64decode(embedded) == empty_svg.read_bytes()


def test_figures_have_their_size_and_words_for_who_cannot_see_them(page):
    html = render_page(page)
    # 100 mm are 377.95 CSS px, enlarged by 1.3.
    assert re.search(r'<img [^>]*width="491" alt="Figure ', html)


def test_headings_follow_the_level(page):
    tags = _read(render_page(page)).tags
    assert (tags.count("h1"), tags.count("h2"), tags.count("h3")) == (1, 1, 1)


def test_tables_tell_text_from_numbers_and_set_rows_off(page):
    html = render_page(page)
    assert '<td class="number">1,000</td>' in html
    strong = Page(
        title="t",
        lead="l",
        sections=[
            Section(
                anchor="a",
                title="A",
                parts=[Grid(title="G", file="", head=("x",), rows=[("1",), ("2",)], strong=frozenset({1}))],
            )
        ],
        footer="f",
    )
    assert '<tr class="strong"><td class="text">2</td></tr>' in render_page(strong)


def test_folded_parts_are_details(page):
    html = render_page(page)
    assert "<summary>Channels</summary>" in html
    assert "<summary>Config</summary>" in html


def test_numbers_stay_with_their_sign(page):
    assert "R²\u00a00.46 is 46\u00a0%" in render_page(page)


@pytest.mark.parametrize(("unit", "px"), [("pt", 173), ("px", 130), ("", 130), ("in", 12480), ("mm", 491)])
def test_width_is_read_in_any_unit(tmp_path, unit, px):
    (tmp_path / "a.svg").write_text(
        f'<?xml version="1.0"?><svg height="1pt" width="100{unit}"></svg>', encoding="utf-8"
    )
    found = illustration(tmp_path / "a.svg", title="t", caption="c")
    assert isinstance(found, Illustration)
    assert found.width_px == px


def test_a_figure_without_a_width_is_an_error(tmp_path):
    (tmp_path / "a.svg").write_text("<svg></svg>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.svg: expected an SVG figure.*width"):
        illustration(tmp_path / "a.svg", title="t", caption="c")


def test_a_missing_figure_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.svg: expected an SVG figure"):
        illustration(tmp_path / "a.svg", title="t", caption="c")
