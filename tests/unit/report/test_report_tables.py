"""Rows of frames as tables of the page."""

import math

import pandas as pd
import pytest

from wellspring.report.tables import PageColumn, count, page_table, percent, text, value, value_at


def test_rows_with_heads_and_formats():
    frame = pd.DataFrame(
        {"plate": ["p1", "p1"], "well": ["B02", None], "n": [1234, 5], "share": [0.5, math.nan], "snr": [3.25, 12.5]}
    )
    found = page_table(
        frame,
        [
            PageColumn("plate", "Plate"),
            PageColumn("well", "Well"),
            PageColumn("n", "Cells", count),
            PageColumn("share", "Kept", percent()),
            PageColumn("snr", "SNR,\nmedian", value_at(1.0)),
        ],
        title="Wells",
        file="w.csv",
        note="A note.",
        strong=[1],
    )
    assert found.head == ["Plate", "Well", "Cells", "Kept", "SNR,\nmedian"]
    assert found.rows == [("p1", "B02", "1,234", "50.0 %", "3.25"), ("p1", "–", "5", "–", "12.50")]
    assert (found.n_text, found.strong, found.folded) == (2, [1], False)
    assert (found.title, found.file, found.note) == ("Wells", "w.csv", "A note.")


def test_long_tables_are_folded_unless_it_is_said():
    columns = [PageColumn("n", "N", count)]
    short, long = pd.DataFrame({"n": range(24)}), pd.DataFrame({"n": range(25)})
    assert [page_table(one, columns, title="t").folded for one in (short, long)] == [False, True]
    assert not page_table(long, columns, title="t", folded=False).folded


def test_a_frame_without_rows_is_a_table_without_rows():
    found = page_table(pd.DataFrame({"n": []}), [PageColumn("n", "N", count)], title="t")
    assert (found.rows, found.n_text) == ([], 0)


def test_a_table_of_text_alone():
    found = page_table(pd.DataFrame({"a": ["x"], "b": [3]}), [PageColumn("a", "A"), PageColumn("b", "B")], title="t")
    assert (found.rows, found.n_text) == ([("x", "3")], 2)


def test_a_column_that_is_not_there_is_a_defect():
    with pytest.raises(KeyError, match="nosuch"):
        page_table(pd.DataFrame({"n": [1]}), [PageColumn("nosuch", "N")], title="t")


@pytest.mark.parametrize(
    ("form", "given", "written"),
    [
        (count, -1234.0, "−1,234"),
        (count, math.nan, "–"),
        (count, pd.NA, "–"),
        (value, 1926.4, "1,926"),
        (value, 0.012, "0.0120"),
        (value, math.inf, "–"),
        (value, None, "–"),
        (value_at(2000.0), 12.3, "12"),
        (value_at(1.0), math.nan, "–"),
        (percent(), 0.12345, "12.3 %"),
        (percent(0), -0.5, "−50 %"),
        (text, True, "True"),
        (text, math.nan, "–"),
    ],
)
def test_formats(form, given, written):
    assert form(given) == written
