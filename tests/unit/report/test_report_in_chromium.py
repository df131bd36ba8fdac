"""The report in chromium, from a file: tables sort and filter, an image opens large, nothing is fetched."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.browser.chromium import CHROMIUM, opened_page
from tests.unit.report.test_report_page import _page
from wellspring.report.chapter import Chapter, Section
from wellspring.report.gallery import Gallery, Layer, Tile, circles, pictures_of
from wellspring.report.tables import PageColumn, count, page_table

_COMPLETE = "location.protocol === 'file:' && document.readyState === 'complete'"
_SORT = "document.querySelector('#spots table.data th:nth-child(2) button').click()"
_SHOWN = "[...document.querySelectorAll('#spots table.data tbody tr')].filter(one => !one.hidden)"
_WELLS = f"{_SHOWN}.map(one => one.cells[0].textContent.trim())"


def _chapter() -> Chapter:
    counts = {"B01": 9, "B02": 100, "B03": 20, **{f"C{n:02}": 30 + n for n in range(1, 9)}}
    table = page_table(
        pd.DataFrame({"well": list(counts), "n": list(counts.values())}),
        (PageColumn("well", "Well"), PageColumn("n", "Spots", count)),
        title="Spots of the wells",
        file="a.csv",
        folded=False,
    )
    image = np.linspace(0, 10, 600).reshape(20, 30)
    layer = Layer("spots", "#D55E00", circles([1.0], [2.0]))
    tile = Tile("p / B01", "9 spots", True, pictures_of({"RNA": image}, {"RNA": (0, 100)}), [layer], 30, 20)
    gallery = Gallery(title="Images", file="a.svg", tiles=[tile], caption="Caption.")
    return Chapter(stage="spots", title="Spots", lead="l", sections=[Section(title="All", parts=[gallery, table])])


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
def test_tables_sort_and_filter_and_an_image_opens_large(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(_page(_chapter()), encoding="utf-8")
    with opened_page(tmp_path / "profile") as page:
        page.go(tmp_path / "report.html", ready=_COMPLETE)
        # Numbers are sorted as numbers, and the other way round by the next click.
        page.value(_SORT)
        assert page.value(_WELLS)[:3] == ["B01", "B03", "C01"]
        page.value(_SORT)
        assert page.value(_WELLS)[0] == "B02"
        typed = "const one = document.querySelector('#spots input.filter'); one.value = {}; "
        page.value(f"(() => {{ {typed.format(json.dumps('B0'))} one.dispatchEvent(new Event('input')); }})()")
        assert sorted(page.value(_WELLS)) == ["B01", "B02", "B03"]
        page.value("document.querySelector('#spots a.tile').click()")
        page.wait_for("getComputedStyle(document.querySelector('.large:target')).display !== 'none'")
        switches = "[...document.querySelectorAll('.large:target input')].map(one => one.type)"
        assert sorted(page.value(switches)) == ["checkbox", "checkbox", "radio"]
        page.key("Escape")
        page.wait_for("document.querySelector('.large:target') === null")
        assert page.faults == []
        assert {url.split(":")[0] for url in page.requests} <= {"file", "data", "about"}
