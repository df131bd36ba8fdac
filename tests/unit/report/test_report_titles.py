"""What marks say when the mouse rests on them."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from wellspring.report.plate_map import plate_map_figure
from wellspring.report.site_map import site_map_figure
from wellspring.report.style import save_figure
from wellspring.report.svg import inline_svg
from wellspring.report.titles import entitle


def test_every_well_of_a_map_says_its_name_and_number_on_the_page_too(tmp_path: Path) -> None:
    table = pd.DataFrame({"plate": "p", "well": ["A01", "B02", "H12"], "n": [1.0, 2.5, float("nan")]})
    figure = plate_map_figure(table, column="n", label="n", doubtful=[("p", "B02")])
    save_figure(figure, tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "<a " not in text
    shown = inline_svg(text, name="f1")
    assert shown is not None
    # Once for the disc, once for the number that is written on it.
    assert shown.markup.count("<title>A01: 1.00</title>") == 2
    assert shown.markup.count("<title>B02: 2.50</title>") == 2
    assert shown.markup.count("<title>H12: no value</title>") == 1


def test_every_site_says_its_number(tmp_path: Path) -> None:
    rows = [("p", "A01", "1", 3.0, False), ("p", "A01", "2", 4.0, True)]
    table = pd.DataFrame(rows, columns=["plate", "well", "site", "n", "is_doubtful"])
    save_figure(site_map_figure(table, column="n", label="n"), tmp_path / "sites.svg")
    text = (tmp_path / "sites.svg").read_text(encoding="utf-8")
    assert text.count("<title>A01, site 1: 3.00</title>") == 1
    assert text.count("<title>A01, site 2: 4.00</title>") == 1


def test_words_with_signs_of_xml_and_an_artist_with_several_titles(tmp_path: Path) -> None:
    figure, axes = plt.subplots()
    entitle(axes.text(0, 0, "x"), ['a<b & "c"'])
    save_figure(figure, tmp_path / "a.svg")
    plt.close(figure)
    assert '<title>a&lt;b &amp; "c"</title>' in (tmp_path / "a.svg").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="titles: expected one for Text, got 2"):
        entitle(axes.texts[0], ["a", "b"])
