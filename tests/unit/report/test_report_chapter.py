"""Chapters as files: read as written; one clear message where they are not."""

import json
from pathlib import Path

import pytest

from wellspring.report.chapter import (
    Chapter,
    Details,
    Illustration,
    PageTable,
    Section,
    illustration,
    read_captions,
    read_chapter,
    write_chapter,
)
from wellspring.report.well_maps import Plane, Point, WellMaps


def test_a_chapter_is_read_as_it_was_written(tmp_path: Path):
    figure = Illustration(title="F", file="a.svg", svg="<svg/>", width_px=100, caption="µm")
    maps = WellMaps(
        "M", "m", ["AA"], [("a", "#000")], [("p", "round")], [Plane("P", [Point(1.0, 2.0, "c", "s", -1, "w")])], "c"
    )
    table = PageTable("T", "t.csv", ["a"], [["1"]], strong=[0], folded=True)
    chapter = Chapter(
        stage="spots",
        title="Spots",
        lead="How many?",
        picture=figure,
        warnings=["w"],
        findings=["f"],
        settings=[("Spots in", "RNA")],
        sections=[Section(title="", text=["t"], parts=[figure, table, Details("D", "text"), maps])],
    )
    write_chapter(chapter, tmp_path / "spots.json")
    found = read_chapter(tmp_path / "spots.json")
    assert (found.picture, found.warnings, found.findings) == (figure, ["w"], ["f"])
    assert found.settings == [("Spots in", "RNA")]
    assert list(found.sections[0].parts[1:3]) == [table, Details("D", "text")]
    write_chapter(found, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "spots.json").read_bytes()
    assert [part.kind for part in found.sections[0].parts] == ["illustration", "table", "details", "well_maps"]


def test_a_chapter_needs_little(tmp_path: Path):
    write_chapter(Chapter(stage="raw", title="Raw", lead="l"), tmp_path / "raw.json")
    assert read_chapter(tmp_path / "raw.json").picture is None


def test_more_findings_than_the_page_shows_are_a_defect():
    with pytest.raises(ValueError, match="chapter spots: expected at most 5 findings, got 6"):
        Chapter(stage="spots", title="S", lead="l", findings=["f"] * 6)


def test_a_missing_chapter_is_named_with_the_command_that_makes_it(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"spots\.json: expected a chapter.*found no file.*snakemake .*--force"):
        read_chapter(tmp_path / "spots.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ('{"stage": "spots"', "cannot be read"),
        ("3", "cannot be read"),
        ("[1]", "cannot be read"),
        ('{"stage": "spots", "title": "S"}', "lead: Field required"),
        ('{"stage": "spots", "title": "S", "lead": 3}', "lead: Input should be a valid string"),
        (json.dumps({"stage": "s", "title": "S", "lead": "l", "findings": ["f"] * 6}), "at most 5 findings"),
        (
            json.dumps({"stage": "s", "title": "S", "lead": "l", "sections": [{}]}),
            r"sections\.0\.title: Field required",
        ),
    ],
)
def test_a_broken_chapter_is_one_line_with_the_remedy(tmp_path: Path, text, said):
    path = tmp_path / "my spots.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        ValueError, match=rf"my spots\.json: expected a chapter.*{said}.*snakemake '.*json' --force"
    ) as error:
        read_chapter(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("unit", "px"), [("pt", 173), ("px", 130), ("", 130), ("in", 12480), ("mm", 491)])
def test_width_is_read_in_any_unit(tmp_path: Path, unit, px):
    (tmp_path / "a.svg").write_text(
        f'<?xml version="1.0"?><svg height="1pt" width="100{unit}"></svg>', encoding="utf-8"
    )
    assert illustration(tmp_path / "a.svg", title="t", caption="c").width_px == px


def test_a_figure_is_kept_as_it_is(tmp_path: Path):
    text = '<svg width="10pt"><text>µ</text></svg>'
    (tmp_path / "a.svg").write_text(text, encoding="utf-8")
    found = illustration(tmp_path / "a.svg", title="t", caption="c")
    assert (found.svg, found.file) == (text, str(tmp_path / "a.svg"))


def test_a_figure_without_a_width_is_an_error(tmp_path: Path):
    (tmp_path / "a.svg").write_text("<svg></svg>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.svg: expected an SVG figure.*width"):
        illustration(tmp_path / "a.svg", title="t", caption="c")


def test_a_missing_figure_is_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"a\.svg: expected an SVG figure"):
        illustration(tmp_path / "a.svg", title="t", caption="c")


def test_captions_are_one_line_by_the_names_of_their_files(tmp_path: Path):
    (tmp_path / "counts.rst").write_text("Spots per cell:\na dot  a cell, ``like`` this.\n", encoding="utf-8")
    assert read_captions([tmp_path / "counts.rst"]) == {"counts": "Spots per cell: a dot a cell, like this."}
