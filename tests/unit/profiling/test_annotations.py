"""Sample, class and position of each well, from the sheet."""

from typing import Any

import pandas as pd
import pytest

from wellspring.profiling.annotations import sample_annotations, with_positions

_PEOPLE = pd.DataFrame(
    {
        "plate": "p",
        "well": ["B07", "c12", "AA3", "odd"],
        "path": "x",
        "donor": ["d1", "d1", "d2", "d3"],
        "diagnosis": ["sick", "sick", "well", "well"],
        "dose": ["1", None, "2", "2"],
    }
)


def test_rows_and_columns_of_wells() -> None:
    found = with_positions(_PEOPLE)
    assert found["row"].tolist() == ["B", "c", "AA", "unknown"]
    assert found["column"].tolist() == ["7", "12", "3", "unknown"]
    own = with_positions(_PEOPLE.assign(row="mine"))
    assert own["row"].tolist() == ["mine"] * 4


def _annotated(sheet: pd.DataFrame = _PEOPLE, **changes: object) -> pd.DataFrame:
    names = {"sample": "donor", "label": "diagnosis", "positive": ["sick"], "controls": ["well"], "further": ["row"]}
    return sample_annotations(sheet, **(names | changes), source="wells.tsv")


def test_annotations_of_samples() -> None:
    found = _annotated()
    assert found["sample"].tolist() == ["d1", "d1", "d2", "d3"]
    assert found["label"].tolist() == ["sick", "sick", "well", "well"]
    assert found["dose"].tolist() == ["1", "missing", "2", "2"]


def test_wells_that_are_not_judged_need_neither_sample_nor_class() -> None:
    sheet = _PEOPLE.drop(columns="donor").assign(diagnosis=["sick", None, "well", "well"])
    found = _annotated(sheet, positive=[], controls=[])
    assert found["sample"].tolist() == ["p/B07", "p/c12", "p/AA3", "p/odd"]
    assert found["label"].tolist() == ["sick", "none", "well", "well"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": "class"}, r"wells.tsv: profiling names the columns \['class'\], but the sheet has"),
        ({"further": ["objective"]}, r"profiling names the columns \['objective'\]"),
        ({"positive": ["ill"]}, r"positive and controls name \['ill'\], but the column diagnosis has"),
        ({"positive": ["sick", "well"]}, r"positive names every class of the column diagnosis, \['sick', 'well'\]"),
        (
            {"sheet": _PEOPLE.assign(donor=["d1", None, "d2", "d3"])},
            r"every row, but 1 well\(s\) have none: \['p/c12'\]",
        ),
    ],
)
def test_sheets_that_do_not_fit_the_profiles(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _annotated(**changes)
