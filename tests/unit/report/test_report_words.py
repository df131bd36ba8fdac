"""Lists of names in sentences."""

import pandas as pd
import pytest

from wellspring.report.words import listed, named_wells, unbroken


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_in_a_sentence(names, text):
    assert listed(names) == text


def test_wells_are_named_once_in_their_order():
    rows = pd.DataFrame({"plate": ["p1", "p1", "p0"], "well": ["B03", "B03", "B02"], "n": 1})
    assert named_wells(rows) == "2 wells: p1 / B03, p0 / B02"
    assert named_wells([("p", "A01")]) == "1 well: p / A01"
    assert named_wells([]) == "0 wells"


def test_many_wells_are_counted():
    assert named_wells([("p", f"A{n:02d}") for n in range(1, 13)]).endswith("p / A10 and 2 more")


def test_signs_stay_with_their_numbers():
    assert unbroken("46 % of R² −0.2, R² values") == "46\u00a0% of R²\u00a0−0.2, R² values"
