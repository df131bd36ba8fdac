import numpy as np
import pandas as pd
import pytest

from wellspring.dataset.values import same_form, same_forms


@pytest.mark.parametrize("value", ["1", " 1 ", "1.0", "1e0", "+1", 1, 1.0, True, np.int64(1), np.True_, "True", "true"])
def test_every_way_to_write_one_is_the_same(value: object) -> None:
    assert same_form(value) == 1.0


@pytest.mark.parametrize("value", [None, np.nan, pd.NA, pd.NaT, "", " ", "NaN", "nan"])
def test_every_way_to_leave_a_value_out_is_the_same(value: object) -> None:
    assert same_form(value) is None


@pytest.mark.parametrize("value", ["G1", "1a", "inf", "1_0", "A01", "dmso", "."])
def test_other_text_stays_text(value: str) -> None:
    assert same_form(value) == value


def test_false_is_zero_and_text_keeps_its_case() -> None:
    assert same_form(False) == same_form("0") == same_form("FALSE") == 0.0
    assert same_form("DMSO") != same_form("dmso")


def test_forms_of_a_column_keep_the_order_of_the_rows() -> None:
    table = pd.DataFrame({"a": ["1", None, "G1", "1.0"]})
    assert same_forms(table, "a", parameter="p") == [1.0, None, "G1", 1.0]


def test_forms_of_a_column_of_mixed_objects() -> None:
    table = pd.DataFrame({"a": pd.Series([True, "1", 0, None], dtype=object)})
    assert same_forms(table, "a", parameter="p") == [1.0, 1.0, 0.0, None]


def test_missing_column_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"dataset.filter: .*'is_border'.*\['a', 'b'\]"):
        same_forms(pd.DataFrame({"a": [1], "b": [2]}), "is_border", parameter="dataset.filter")


def test_no_rows_need_no_column() -> None:
    assert same_forms(pd.DataFrame({"a": []}), "b", parameter="p") == []
