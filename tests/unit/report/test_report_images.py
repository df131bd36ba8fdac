"""What chapters on images share: table with sites left out, evened light, sentences on doubts."""

from pathlib import Path

import pandas as pd

from wellspring.report.images import ImageSources, doubt_warnings
from wellspring.report.style import new_figure, save_figure
from wellspring.report.tables import PageColumn

NONE = pd.DataFrame({"plate": [], "well": []})
ONE = pd.DataFrame({"plate": ["p1"], "well": ["A"]})


def _sources(folder: Path, *, left_out: pd.DataFrame = NONE, corrected: tuple[str, ...] = ()) -> ImageSources:
    files = {"table": folder / "t.csv", "figure": folder / "f.svg"}
    return ImageSources(files=files, captions={"c": "Caption."}, corrected=corrected, left_out=left_out, sites=ONE)


def test_a_figure_has_its_caption_and_what_there_is_to_add(tmp_path: Path) -> None:
    save_figure(new_figure(height_mm=20), tmp_path / "f.svg")
    figure = _sources(tmp_path).figure("figure", caption="c", title="Title", more=" More.")
    assert (figure.title, figure.caption) == ("Title", "Caption. More.")


def test_the_table_has_a_column_of_left_out_sites_where_there_are_any(tmp_path: Path) -> None:
    frame = ONE.assign(n_left_out=2)
    for left_out, head in ((NONE, ("Well",)), (ONE, ("Well", "Sites\nleft out"))):
        table = _sources(tmp_path, left_out=left_out).table(
            frame, [PageColumn("well", "Well")], title="T", note="Note."
        )
        assert tuple(table.head) == head
        assert table.note == "Note."


def test_evened_light_is_said_and_a_setting(tmp_path: Path) -> None:
    sources = _sources(tmp_path, corrected=("DAPI", "RNA"))
    assert sources.light() == ["Read with even illumination: DAPI, RNA."]
    assert sources.light_setting("Searched") == [("Searched with even illumination", "DAPI, RNA")]
    assert _sources(tmp_path).light() == _sources(tmp_path).light_setting("Searched") == []


def test_each_doubt_has_a_sentence_with_its_wells() -> None:
    table = pd.DataFrame({"plate": "p1", "well": ["A", "B", "C"], "doubts": ["one, two", "none", "two"]})
    meanings = {"two": "it means two", "one": "it means one", "three": "it means three"}
    assert doubt_warnings(table, meanings, what="Spots", advice="Look.") == [
        "Spots, two, in 2 wells: p1 / A, p1 / C: it means two. Look.",
        "Spots, one, in 1 well: p1 / A: it means one. Look.",
    ]
    assert doubt_warnings(table[1:2], meanings, what="Spots") == []
