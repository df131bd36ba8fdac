"""Annotations of the sheet join the cells of their well."""

from collections.abc import Callable

import pandas as pd
import pytest

from wellspring.dataset.annotations import add_annotations
from wellspring.errors import InputError


def test_annotations_are_the_same_in_every_row(make_cells: Callable[..., pd.DataFrame]) -> None:
    cells = make_cells(2, duration=[30, 30])
    found = add_annotations(cells, {"gene": "SBF2", "duration": "30"}, source="P/A01")
    assert found["gene"].tolist() == ["SBF2", "SBF2"]
    assert found["duration"].tolist() == [30, 30]
    assert "gene" not in cells


def test_annotations_of_a_well_without_cells_are_text_columns(make_cells: Callable[..., pd.DataFrame]) -> None:
    found = add_annotations(make_cells(0), {"gene": "SBF2", "drug": None}, source="P/A01")
    assert len(found) == 0
    assert found["gene"].dtype == "str"
    assert found["drug"].dtype == "str"


def test_an_empty_field_is_a_missing_value_unless_the_cells_have_one(make_cells: Callable[..., pd.DataFrame]) -> None:
    found = add_annotations(make_cells(2, phase=["G1", "S"]), {"gene": None, "phase": None}, source="P/A01")
    assert found["gene"].isna().all()
    assert found["phase"].tolist() == ["G1", "S"]


@pytest.mark.parametrize("value", [60, None, "DMSO"])
def test_an_annotation_that_the_cells_contradict_is_reported(
    value: object, make_cells: Callable[..., pd.DataFrame]
) -> None:
    cells = make_cells(2, duration=pd.Series([30, value], dtype=object))
    with pytest.raises(InputError, match=r"P/A01: the sheet says duration = 30, but 1 of 2 .* cell 2 has"):
        add_annotations(cells, {"duration": "30"}, source="P/A01")
