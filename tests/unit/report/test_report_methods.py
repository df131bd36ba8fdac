"""The paragraph of methods, and the height of a page."""

import pytest

from tests.unit.report.test_report_page import SVG, _figure, _page
from wellspring.report.chapter import LONG_TABLE, Chapter, PageTable, Section
from wellspring.report.methods import methods_of
from wellspring.report.page import MOST_PX, render_chapter, render_page
from wellspring.report.page_size import height_px

VERSIONS = [("python", "3.11.2"), ("numpy", "2.0"), ("scipy", "1.1"), ("tensorflow", "not in the environment")]


def _chapter(stage: str = "spots", **more: object) -> Chapter:
    return Chapter(stage=stage, title="S", lead="l", **more)  # type: ignore[arg-type]


def test_methods_name_software_with_versions_and_what_is_cited() -> None:
    found = methods_of(
        [_chapter(methods="Spots were counted (Ab 2001).", references=["Ab, C. (2001). X."])], versions=VERSIONS
    )
    assert found is not None
    first, second = found.paragraphs
    assert first.endswith("in Python 3.11.2 with NumPy 2.0 (Harris et al. 2020) and SciPy 1.1 (Virtanen et al. 2020).")
    assert second == "Spots were counted (Ab 2001)."
    assert [text.split(",")[0] for text in found.references] == ["Ab", "Harris", "Virtanen"]
    assert methods_of([_chapter()], versions=VERSIONS) is None


def test_the_page_has_methods_where_a_chapter_has_some() -> None:
    html = _page(_chapter(methods="Spots were counted.", references=["Ab (2001)."]))
    assert html.count('href="#methods"') == 1
    assert "<p>Spots were counted.</p>" in html
    assert "<li>Ab (2001).</li>" in html
    assert 'id="methods"' not in _page(_chapter())


@pytest.mark.parametrize(("n_rows", "height"), [(10, 60 + 12 * 29), (LONG_TABLE + 1, 45)])
def test_long_tables_take_a_line(n_rows: int, height: int) -> None:
    table = PageTable("t", "", ["a"], [("1",)] * n_rows, folded=n_rows > LONG_TABLE)
    empty = height_px([_chapter(sections=[Section(title="x")])])
    assert height_px([_chapter(sections=[Section(title="x", parts=[table])])]) - empty == height


def test_figures_have_their_height() -> None:
    empty = height_px([_chapter(sections=[Section(title="x")])])
    # 491 px wide, half as high.
    found = height_px([_chapter(sections=[Section(title="x", parts=[_figure()])])])
    assert found - empty == round(491 / 2) + 60


def test_the_sections_of_a_page_of_more_than_ten_screens_are_folded() -> None:
    high = _figure(svg=SVG.replace('viewBox="0 0 100 50"', 'viewBox="0 0 100 1000"'))
    short, long = (
        [_chapter(stage=f"s{n}", findings=["F."], sections=[Section(title="x", parts=[high])]) for n in range(number)]
        for number in (1, 3)
    )
    assert height_px(short) < MOST_PX < height_px(long)
    assert '<details class="sections">' not in _page(*short)
    assert _page(*long).count('<details class="sections">') == 3


def test_a_chapter_that_opens_the_page_is_first() -> None:
    html = _page(_chapter("spots", findings=["F."]), _chapter("plates", findings=["F."], opens_page=True))
    assert html.index('<section id="plates">') < html.index('<section id="spots">')


def test_a_chapter_of_nothing_is_empty() -> None:
    assert _chapter().is_empty
    assert _chapter(sections=[Section(title="x")]).is_empty
    assert not _chapter(findings=["F."]).is_empty
    assert not _chapter(sections=[Section(title="x", text=["t"])]).is_empty


def test_chapters_of_a_page_of_more_than_ten_screens_are_on_their_own_pages_where_there_are_such() -> None:
    high = _figure(svg=SVG.replace('viewBox="0 0 100 50"', 'viewBox="0 0 100 1000"'))
    chapters = [
        _chapter(stage=f"s{n}", findings=["F."], sections=[Section(title="x", text=["Inside."], parts=[high])])
        for n in range(3)
    ]
    pages = {one.stage: f"pages/{one.stage}.html" for one in chapters}
    about = {"title": "t", "n_wells": 1, "config": {}, "versions": []}
    html = render_page(chapters, pages=pages, **about)  # type: ignore[arg-type]
    assert "Inside." not in html
    assert html.count('<a href="pages/s1.html"><strong>') == 1
    assert '<a href="pages/s1.html#s1-1">x</a>' in html
    whole = render_page(chapters[:1], pages=pages, **about)  # type: ignore[arg-type]
    assert "Inside." in whole
    # What is long and not of this study is folded there.
    for title in ("Data and settings", "Commands (1)"):
        assert (f"<summary>{title}</summary>" in html, f"<summary>{title}</summary>" in whole) == (True, False), title
    own = render_chapter(chapters[1], title="t", back="../report.html")
    assert "Inside." in own
    assert '<section id="s1-1">' in own
    for left_out in ('id="run"', 'id="config"', 'id="overview"', 'id="reproduce"'):
        assert left_out in html
        assert left_out not in own
