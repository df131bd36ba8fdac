"""Figures taken into a page: names of their own, nothing that acts or loads."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from wellspring.report.style import in_style, new_figure, save_figure
from wellspring.report.svg import inline_svg, svg_size

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="10mm" height="5mm" viewBox="0 0 20 10"'
)


def _svg(inside: str, *, attributes: str = "") -> str:
    return f"{HEAD} {attributes}>{inside}</svg>"


def _inside(svg: str) -> str:
    found = inline_svg(svg, name="f1")
    assert found is not None
    return found.markup


def test_ids_and_all_that_refers_to_them_change_alike():
    svg = _svg(
        '<defs><path id="m" d="M0 0"/><clipPath id="c"><rect width="1" height="1"/></clipPath></defs>'
        '<use xlink:href="#m" x="1"/><use href="#m"/><g clip-path="url(#c)" style="fill: url(&quot;#h&quot;)"/>'
    )
    assert _inside(svg) == (
        '<g id="f1"><defs><path id="f1-m" d="M0 0"></path><clipPath id="f1-c"><rect width="1" height="1"></rect>'
        '</clipPath></defs><use href="#f1-m" x="1"></use><use href="#f1-m"></use>'
        '<g clip-path="url(#f1-c)" style="fill: url(#f1-h)"></g></g>'
    )


def test_what_the_root_says_of_its_drawing_is_kept_its_size_and_metadata_are_not():
    svg = _svg("<metadata><x/></metadata><g/>", attributes='fill="none" class="k" id="r" version="1.1"')
    assert _inside(svg) == '<g id="f1" fill="none"><g></g></g>'


def test_the_view_box_is_the_size_where_there_is_none():
    found = inline_svg('<svg width="96" height="1in"></svg>', name="f1")
    assert found is not None
    assert found.view_box == "0 0 96 96"
    assert svg_size('<svg width="10mm" height="1in"></svg>') == pytest.approx((37.795, 96), abs=0.001)
    assert svg_size('<svg width="100%" viewBox="0,0,3,4"></svg>') == (3, 4)
    assert svg_size("<svg></svg>") is None
    assert inline_svg("<svg></svg>", name="f1") is None


@pytest.mark.parametrize("box", ["0 0 0 0", "0 0 3", "a b c d", "0 0 3 -1"])
def test_an_image_without_a_size_is_not_taken_into_a_page(box):
    assert inline_svg(f'<svg viewBox="{box}"></svg>', name="f1") is None


def test_text_stays_text():
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;</text>" in _inside(
        _svg("<text>&lt;script&gt;alert(1)&lt;/script&gt; &amp;</text>")
    )


def test_line_breaks_in_image_data_go():
    svg = _svg('<image xlink:href="data:image/png;base64,\nAAAA\nBBBB"/>')
    assert '<image href="data:image/png;base64,AAAABBBB">' in _inside(svg)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<style>text { fill: red }</style>",
        "<foreignObject><p/></foreignObject>",
        '<animate attributeName="href"/>',
        '<a href="#x"><g/></a>',
        '<g onclick="alert(1)"/>',
        '<image href="http://example.org/x.png"/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>',
        '<use xlink:href="other.svg#m"/>',
        '<g style="fill: url(http://example.org/x.svg#h)"/>',
        "<g style=\"fill: URL('x.svg#h')\"/>",
        '<g fill="url(#a) url(x)"/>',
        "<g><g><script/></g></g>",
    ],
)
def test_what_acts_or_loads_is_not_taken_into_a_page(inside):
    assert inline_svg(_svg(inside), name="f1") is None
    assert inline_svg(_svg("", attributes='onload="alert(1)"'), name="f1") is None


@pytest.mark.parametrize("text", ["", "<svg", "text", "<html></html>"])
def test_what_is_no_svg_is_an_error(text):
    with pytest.raises(ValueError, match="expected an SVG image"):
        inline_svg(text, name="f1")


def test_a_figure_of_matplotlib_is_taken_in_whole(tmp_path: Path):
    figure = new_figure(height_mm=30)
    axes = figure.add_subplot()
    in_style(axes.set_title)("R² < 1 & ŷ")
    axes.plot([0, 1], [0, 1], marker="o")
    axes.imshow([[0, 1], [1, 0]])
    axes.fill_between([0, 1], [0, 1], hatch="/")
    save_figure(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    found = inline_svg(text, name="f7")
    assert found is not None
    assert ">R² &lt; 1 &amp; ŷ</text>" in found.markup
    assert "stroke-linejoin: round" in found.markup[:80]
    root = ElementTree.fromstring(found.markup)
    names = {one.get("id") for one in root.iter() if one.get("id")}
    assert names
    assert all(name == "f7" or str(name).startswith("f7-") for name in names)
    used = {str(one.get("href"))[1:] for one in root.iter("use")}
    assert used
    assert used <= names
    drawn = sum(1 for one in ElementTree.fromstring(text).iter() if one.tag.endswith("}path"))
    assert sum(1 for _ in root.iter("path")) == drawn
