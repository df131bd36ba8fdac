"""The script of the rule report_page, called as a function on chapters."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from wellspring.report.chapter import Chapter, write_chapter

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "report_page.py"
PARAMS: dict[str, object] = {"config": {"report": {"title": "My plate"}, "wells": "wells.tsv"}, "n_wells": 6}
CONDITIONS = {"columns": ["plate", "well", "dose"], "rows": [["p", "A01", "5 nM"], ["p", "A02", ""]]}
PARAMS["conditions"] = CONDITIONS


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report_page", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _pages(chapters: list[Path]) -> list[Path]:
    return [path.parent / "pages" / f"{path.stem}.html" for path in chapters]


def test_the_page_has_the_chapters_in_their_order(script, tmp_path: Path):
    chapters = [tmp_path / "spots.json", tmp_path / "cells.json"]
    for path in chapters:
        write_chapter(Chapter(stage=path.stem, title=path.stem.title(), lead="l", findings=["One."]), path)
    write_chapter(Chapter(stage="empty", title="Empty", lead="l"), tmp_path / "empty.json")
    chapters.append(tmp_path / "empty.json")
    script.main(chapters=chapters, params=PARAMS, page=tmp_path / "report.html", pages=_pages(chapters))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>My plate</h1>" in html
    assert "6 wells. Chapters: Spots and Cells." in html
    assert html.index('<section id="spots">') < html.index('<section id="cells">')
    assert "wells: wells.tsv" in html
    assert "Wells and their conditions (2)" in html
    assert "5 nM" in html
    assert '<td class="text">wellspring</td>' in html
    own = (tmp_path / "pages/cells.html").read_text(encoding="utf-8")
    assert "<h1>Cells: My plate</h1>" in own
    assert '<a href="../report.html">' in own
    assert '<section id="spots">' not in own
    assert '<a href="pages/cells.html">' in html


def test_no_chapter_is_a_page_too(script, tmp_path: Path):
    script.main(chapters=[], params=PARAMS, page=tmp_path / "report.html", pages=[])
    assert "asks for no result" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_missing_chapter_leaves_no_page(script, tmp_path: Path):
    chapters = [tmp_path / "spots.json"]
    with pytest.raises(FileNotFoundError, match=r"spots\.json: expected a chapter"):
        script.main(chapters=chapters, params=PARAMS, page=tmp_path / "report.html", pages=_pages(chapters))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_chapter_leaves_no_page(script, tmp_path: Path):
    (tmp_path / "spots.json").write_text("{", encoding="utf-8")
    chapters = [tmp_path / "spots.json"]
    with pytest.raises(ValueError, match=r"spots\.json: expected a chapter"):
        script.main(chapters=chapters, params=PARAMS, page=tmp_path / "report.html", pages=_pages(chapters))
    assert [path.name for path in tmp_path.iterdir()] == ["spots.json"]
