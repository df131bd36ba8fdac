"""Columns and values that the sheet does not have."""

from typing import Any

import pytest

from wellspring.groups.columns import mistakes_in_sheet
from wellspring.groups.stage import STAGE

COLUMNS = ["plate", "well", "path", "condition", "day"]


def _found(groups: list[str], **report: Any) -> list[str]:
    block = {"group_by": "condition", "replicate": None, "controls": []} | report
    return mistakes_in_sheet(block, columns=COLUMNS, groups=groups)


@pytest.mark.parametrize(
    ("groups", "report", "words"),
    [
        (
            [],
            {"group_by": "conditions"},
            "report.group_by: 'conditions' is no column of the sheet (did you mean condition?)",
        ),
        (["a", "b"], {"replicate": "path"}, "report.replicate: 'path' is no column"),
        (["DMSO", "b"], {"controls": ["DMS0"]}, "'DMS0' is no value of the column condition (did you mean DMSO?)"),
        (["a", "b"], {"controls": ["a", "b"]}, "no group is left to compare"),
        (["a", "a"], {}, "has one value, so nothing can be compared"),
    ],
)
def test_a_mistake_is_named(groups: list[str], report: dict[str, Any], words: str) -> None:
    (line,) = _found(groups, **report)
    assert words in line


def test_what_is_there_is_no_mistake() -> None:
    assert _found(["a", "b"], replicate="day", controls=["a"]) == []
    assert mistakes_in_sheet({"group_by": None, "replicate": None, "controls": []}, columns=COLUMNS, groups=[]) == []


def _config(**report: Any) -> dict[str, Any]:
    block = {"group_by": None, "replicate": None, "controls": []} | report
    return {"report": block, "raw": {"format": "tiff"}}


def test_the_config_is_checked_without_the_sheet() -> None:
    assert STAGE.mistakes(_config()) == []
    assert not STAGE.is_wanted(_config())
    assert STAGE.is_wanted(_config(group_by="a"))
    assert "set report.group_by too" in STAGE.mistakes(_config(controls=["x"]))[0]
    assert "same column" in STAGE.mistakes(_config(group_by="a", replicate="a"))[0]
    config = _config(group_by="a") | {"raw": {"format": "mpm"}}
    assert "needs images" in STAGE.mistakes(config)[0]
