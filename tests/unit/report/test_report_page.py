"""The page as a file: whole, escaped, each figure once, and without a link to anything outside."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wellspring.report.chapter import Chapter, Details, Illustration, PageTable, Section
from wellspring.report.page import render_page
from wellspring.report.well_maps import Plane, Point, WellMaps

NASTY = '<script>alert("x")</script> & <img src="http://example.org/x.png">'
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm" viewBox="0 0 100 50">'
    '<defs><clipPath id="c"><rect width="9" height="9"/></clipPath></defs>'
    '<g clip-path="url(#c)"><text>{}</text></g></svg>'
)
VOID = ("meta", "img", "br", "link", "input")


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
        if tag not in VOID:
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


def _figure(text: str = "B02", *, title: str = "Figure", file: str = "a.svg", svg: str = SVG) -> Illustration:
    return Illustration(title=title, file=file, svg=svg.replace("{}", text), width_px=491, caption="n = 3")


def _maps() -> WellMaps:
    point = Point(left=60.0, top=40.0, color="#0072B2", shape="round", image=0, words=NASTY)
    return WellMaps(
        title="Maps",
        name="wells",
        images=["iVBORw0KGgo="],
        colors=[("a", "#0072B2")],
        shapes=[("p1", "round")],
        planes=[Plane(NASTY, [point])],
        caption=NASTY,
    )


def _page(*chapters: Chapter, title: str = "My run", n_wells: int = 6, config: object = None) -> str:
    shown = config if isinstance(config, dict) else {"report": {"title": title}}
    return render_page(chapters, title=title, n_wells=n_wells, config=shown, versions=[("numpy", "2.0")])


@pytest.fixture
def nasty() -> Chapter:
    figure = Illustration(title=NASTY, file=NASTY, svg=SVG.format("x"), width_px=491, caption=NASTY)
    table = PageTable(title=NASTY, file="w.csv", head=("Well", NASTY), rows=[(NASTY, "1,000")], note=NASTY)
    folded = PageTable(title="Channels", file="", head=("Channel",), rows=[("DAPI",)], folded=True)
    parts = [figure, table, folded, Details(title=NASTY, text=NASTY), _maps(), _maps()]
    section = Section(title=NASTY, text=[NASTY], warnings=[NASTY], findings=[NASTY], parts=parts)
    said = {"lead": NASTY, "warnings": [NASTY], "findings": [NASTY], "settings": [(NASTY, NASTY)]}
    return Chapter(stage="spots", title=NASTY, picture=figure, sections=[section], **said)


def test_text_is_escaped_everywhere(nasty):
    reader = _read(_page(nasty, title=NASTY, config={"a": NASTY}))
    assert reader.tags.count("script") == 1
    assert "img" not in reader.tags
    assert sum(NASTY in text for text in reader.text) >= 20


def test_every_element_is_closed(nasty):
    assert _read(_page(nasty)).open == []
    assert _read(_page()).open == []


def test_nothing_is_loaded_from_outside(nasty):
    html = _page(nasty)
    reader = _read(html)
    assert reader.links
    assert all(link.startswith("#") for link in reader.links)
    assert not {"link", "iframe", "object", "embed"} & set(reader.tags)
    assert reader.tags.count("script") == 1
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html


def test_links_lead_to_what_is_there_and_no_id_repeats(nasty):
    chapter = Chapter(stage="quality", title="Quality", lead="l", sections=[Section(title="One"), Section(title="")])
    reader = _read(_page(chapter, nasty))
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link[1:] for link in reader.links} <= set(reader.ids)
    assert {"#quality", "#quality-1", "#spots", "#spots-1"} <= set(reader.links)
    assert "#quality-2" not in reader.links


def test_a_chapter_is_told_at_first_sight():
    chapter = Chapter(
        stage="spots", title="Spots", lead="How many?", picture=_figure("B02"), findings=["29 per cell.", "Second."]
    )
    overview = _page(chapter).split('<section id="overview">')[1].split("</section>")[0]
    assert 'href="#spots">Spots</a>' in overview
    assert "How many?" in overview
    assert "29 per cell." in overview
    assert "Second." not in overview
    assert ">B02</text>" in overview


def test_a_figure_is_in_the_page_once_however_often_it_is_shown():
    figure = _figure("B02")
    html = _page(
        Chapter(stage="spots", title="S", lead="l", picture=figure, sections=[Section(title="", parts=[figure])])
    )
    assert html.count(">B02</text>") == 1
    assert html.count('<use href="#f1"></use>') == 1
    # The section shows it with its caption, so the chapter does not show it again.
    assert html.count("<figure>") == 1


def test_a_picture_that_no_section_shows_begins_the_chapter():
    html = _page(Chapter(stage="spots", title="S", lead="l", picture=_figure("B02")))
    chapter = html.split('<section id="spots">')[1].split("</section>")[0]
    assert "<figcaption><strong>Figure.</strong> n = 3" in chapter


def test_names_in_figures_do_not_clash():
    parts = [_figure("one", file="a.svg"), _figure("two", file="b.svg")]
    html = _page(Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=parts)]))
    assert 'id="f1-c"' in html
    assert 'clip-path="url(#f2-c)"' in html


def test_figures_have_their_size_and_text_for_who_cannot_see_them():
    html = _page(Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=[_figure()])]))
    assert '<svg class="figure" style="--width: 491px" role="img" aria-label="Figure" viewBox="0 0 100 50">' in html


def test_files_that_are_named_are_linked_from_where_the_page_is():
    table = PageTable("T", "results/tables/a b.csv", ["File"], [("results/tables/units.csv",)], file_column=0)
    parts = [_figure(file="results/report/a.svg"), table]
    chapter = Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=parts)])
    html = render_page([chapter], title="t", n_wells=1, config={}, versions=[], folder=Path("results/report"))
    for link in ("a.svg", "../tables/a%20b.csv", "../tables/units.csv"):
        assert f'<a href="{link}">' in html, link
    assert 'href="results' not in html
    assert '<a href="a.svg">' not in _page(chapter)


def test_the_page_runs_its_own_script_alone():
    html = _page()
    script = html.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    assert f"script-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html


def test_a_high_picture_is_made_small_enough_for_a_screen():
    high = _figure(svg=SVG.replace('viewBox="0 0 100 50"', 'viewBox="0 0 100 200"'))
    html = _page(Chapter(stage="spots", title="S", lead="l", picture=high))
    # 620 px high, half as wide; in the chapter it has its size.
    assert re.findall(r"--width: (\d+)px", html) == ["310", "491"]
    assert "The upper part of the figure" not in html


def test_of_a_picture_much_higher_than_a_screen_the_upper_part_is_shown():
    high = _figure(svg=SVG.replace('viewBox="0 0 100 50"', 'viewBox="0 10 100 400"'))
    html = _page(Chapter(stage="spots", title="S", lead="l", picture=high))
    # 620 px of 491 px of width are 126.273 of 100.
    assert re.findall(r'--width: (\d+)px.*?viewBox="(.*?)"', html) == [
        ("491", "0 10 100 126.273"),
        ("491", "0 10 100 400"),
    ]
    assert html.count("The upper part of the figure; the chapter shows all of it.") == 1


def test_a_figure_with_active_content_is_an_image_where_it_cannot_act():
    svg = SVG.replace("<defs>", "<script>alert(1)</script><defs>")
    html = _page(Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=[_figure(svg=svg)])]))
    reader = _read(html)
    assert reader.tags.count("script") == 1
    assert "alert(1)" not in html
    assert [link[:26] for link in reader.links if not link.startswith("#")] == ["data:image/svg+xml;base64,"]


def test_a_broken_figure_is_named_with_the_remedy():
    chapter = Chapter(stage="spots", title="S", lead="l", picture=_figure(svg="<svg"))
    with pytest.raises(ValueError, match=r"a\.svg: expected an SVG image.*snakemake a\.svg --force"):
        _page(chapter)


def test_warnings_are_grouped_by_chapter_each_once():
    spots = Chapter(
        stage="spots", title="Spots", lead="l", warnings=["A", "B"], sections=[Section(title="x", warnings=["B", "C"])]
    )
    html = _page(Chapter(stage="cells", title="Cells", lead="l"), spots)
    warnings = html.split('<section id="warnings"')[1].split("</section>")[0]
    assert re.findall(r'role="note">(.)</p>', warnings) == ["A", "B", "C"]
    assert 'href="#spots">Spots</a>' in warnings
    assert "Cells" not in warnings
    assert "<strong>3 warnings</strong></a> in Spots: read them before" in html


def test_one_warning_is_one():
    assert "<strong>1 warning</strong></a> in S: read it before" in _page(
        Chapter(stage="spots", title="S", lead="l", warnings=["A"])
    )


def test_without_warnings_and_findings_there_are_no_such_parts():
    ids = _read(_page(Chapter(stage="spots", title="S", lead="l"))).ids
    assert ids == ["overview", "run", "spots", "reproduce", "config"]


def test_without_chapters_the_page_says_what_was_run():
    html = _page(n_wells=1)
    assert "1 well. The config asks for no result" in html
    assert _read(html).ids == ["run", "reproduce", "config"]
    assert "This run has no figure and no table." in html


def test_what_was_run_is_what_the_chapters_say():
    raw = Chapter(stage="raw", title="Raw", lead="l", settings=[("Wells", "6, in the format tiff"), ("Planes", "3")])
    html = _page(raw, n_wells=7)
    assert html.count('<td class="text">Wells</td>') == 1
    assert '<td class="text"></td><td class="text">Planes</td><td class="text">3</td>' in html
    other = _page(Chapter(stage="spots", title="Spots", lead="l"), n_wells=1234)
    assert '<td class="text">Wells</td><td class="text">1,234</td>' in other
    assert '<td class="text">numpy</td><td class="text">2.0</td>' in html


def test_each_file_has_one_command():
    table = PageTable(title="Table", file="results/my table.csv", head=("x",), rows=[("1",)])
    parts = [_figure(file="results/a.svg"), table, table, PageTable(title="T", file="", head=(), rows=[])]
    html = _page(
        Chapter(
            stage="spots",
            title="S",
            lead="l",
            picture=_figure("other", file="results/p.svg"),
            sections=[Section(title="", parts=parts)],
        )
    )
    assert re.findall(r"<td class=\"text\">(snakemake .*?)</td>", html) == [
        "snakemake results/p.svg --force",
        "snakemake results/a.svg --force",
        "snakemake &#39;results/my table.csv&#39; --force",
    ]


def test_many_commands_are_folded():
    parts = [_figure(str(n), file=f"{n}.svg") for n in range(25)]
    html = _page(Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=parts)]))
    assert "<summary>Commands (25)</summary>" in html


def test_the_whole_config_is_shown():
    assert "channels:\n- µ\n" in _page(config={"channels": ["µ"]})


def test_maps_of_wells_do_not_share_images(nasty):
    html = _page(nasty)
    assert ".m1-1-5-0 { background-image: url(data:image/png;base64,iVBORw0KGgo=); }" in html
    assert 'class="thumb m1-1-6-0"' in html
    assert 'class="card west"' in html


def test_tables_tell_text_from_numbers_and_set_rows_off():
    table = PageTable(title="G", file="", head=("x", "y"), rows=[("a", "1,000"), ("b", "2")], strong=[1])
    html = _page(Chapter(stage="spots", title="S", lead="l", sections=[Section(title="", parts=[table])]))
    assert '<tr><td class="text">a</td><td class="number">1,000</td></tr>' in html
    assert '<tr class="strong"><td class="text">b</td><td class="number">2</td></tr>' in html
    assert "<h4>G</h4>" in html


def test_folded_parts_are_details(nasty):
    assert "<summary>Channels</summary>" in _page(nasty)
    assert "<summary>Software</summary>" in _page()


def test_numbers_stay_with_their_sign():
    html = _page(Chapter(stage="spots", title="S", lead="l", findings=["R² 0.46 is 46 %"]))
    assert "R²\u00a00.46 is 46\u00a0%" in html


def test_two_chapters_of_one_stage_are_a_defect():
    one = Chapter(stage="spots", title="S", lead="l")
    with pytest.raises(ValueError, match=r"one chapter per stage.*'spots'"):
        _page(one, one)


def test_a_chapter_cannot_take_the_name_of_a_part_of_the_page():
    with pytest.raises(ValueError, match="'run'"):
        _page(Chapter(stage="run", title="S", lead="l"))
