"""Tables of comparisons, from drawn wells."""

import numpy as np
import pandas as pd
import pytest

from wellspring.groups.comparing import Resampling, compare_groups, group_order, grouped_wells
from wellspring.groups.tables import CONTRASTS, MEASURED_WELLS, UNITS
from wellspring.tables import check_table

FEW = Resampling(200, 2000, 1)


def measured(
    values: dict[str, list[float]], groups: list[str], *, doubtful: list[int] = (), replicates: list[str] = ()
) -> pd.DataFrame:
    """Table `MEASURED_WELLS` of one plate; group c is the control."""
    parts = []
    for name, numbers in values.items():
        n = len(groups)
        part = pd.DataFrame({"measure": [name] * n, "unit": "", "plate": "p"})
        part["well"] = [f"A{number + 1:02d}" for number in range(n)]
        part = part.assign(group=groups, replicate=list(replicates) or [""] * n, n=30, value=numbers)
        part = part.assign(is_control=part["group"] == "c", is_doubtful=[place in doubtful for place in range(n)])
        parts.append(part)
    return check_table(pd.concat(parts, ignore_index=True).astype({"value": "float64"}), MEASURED_WELLS, source="t")


def test_a_well_in_doubt_is_left_out_and_both_numbers_are_given() -> None:
    table = measured({"spots": [10, 12, 50, 1, 2, 3]}, list("tttccc"), doubtful=[2])
    contrasts, units = compare_groups(table, controls=("c",), resampling=FEW)
    row = check_table(contrasts, CONTRASTS, source="t").iloc[0]
    assert (row["mean"], row["difference"], row["n_units"], row["n_doubtful"]) == (11, 9, 2, 1)
    assert (row["mean_all"], row["difference_all"], row["n_units_all"], row["n_doubtful_control"]) == (24, 22, 3, 0)
    assert (row["p_value"], row["p_value_all"]) == (pytest.approx(1 / 10), pytest.approx(2 / 20))
    assert row["remarks"] == "so few units give no p-value below 0.1"
    assert check_table(units, UNITS, source="t")["value"].tolist() == [10, 12, 1, 2, 3]


def test_replicates_are_means_of_means_of_wells() -> None:
    table = measured({"spots": [10, 20, 31, 1, 5, 4]}, list("tttccc"), replicates=list("112112"))
    contrasts, units = compare_groups(table, controls=("c",), resampling=FEW)
    # Replicate 1: 15 and 3; replicate 2: 31 and 4.
    assert units["value"].tolist() == [15, 31, 3, 4]
    assert units["n_wells"].tolist() == [2, 1, 2, 1]
    assert contrasts["difference"][0] == pytest.approx((12 + 27) / 2)
    assert (contrasts["counted"][0], contrasts["blocks"][0]) == ("replicate", "replicate")


def test_the_false_discovery_rate_is_over_measures_and_groups() -> None:
    rng = np.random.default_rng(0)
    groups = [*"c" * 5, *"t" * 5, *"u" * 5]
    table = measured({"a": rng.normal(size=15).tolist(), "b": rng.normal(size=15).tolist()}, groups)
    contrasts, _ = compare_groups(table, controls=("c",), resampling=FEW)
    assert contrasts[["group", "measure"]].to_numpy().tolist() == [["t", "a"], ["t", "b"], ["u", "a"], ["u", "b"]]
    p = contrasts["p_value"].to_numpy()
    assert contrasts["q_value"].max() == pytest.approx(p.max())
    assert contrasts["q_value"].min() == pytest.approx(min(sorted(p)[k] * 4 / (k + 1) for k in range(4)))


def test_a_group_without_a_value_says_so() -> None:
    table = measured({"spots": [np.nan, np.nan, 1, 2]}, list("ttcc"))
    contrasts, _ = compare_groups(table, controls=("c",), resampling=FEW)
    assert np.isnan(contrasts["difference"][0])
    assert contrasts["remarks"][0] == "a group has no value"


def test_measures_of_other_wells_are_as_if_alone() -> None:
    values = {"a": [1.0, 2, 3, 4, 5, 6.5], "b": [1.0, np.nan, 3, 4, 5, 9]}
    both, _ = compare_groups(measured(values, list("tttccc")), controls=("c",), resampling=FEW)
    alone, _ = compare_groups(measured({"b": values["b"]}, list("tttccc")), controls=("c",), resampling=FEW)
    assert (
        both.loc[1, ["difference", "low", "p_value"]].tolist()
        == alone.loc[0, ["difference", "low", "p_value"]].tolist()
    )


def test_groups_are_in_the_order_of_the_sheet_or_of_their_numbers() -> None:
    assert group_order(pd.Series(["b", "c", "a", "b"]), controls=("c",)) == ["c", "b", "a"]
    assert group_order(pd.Series(["10", "9", "0.5"]), controls=()) == ["0.5", "9", "10"]


def test_wells_without_a_group_are_left_out_and_the_first_group_is_the_control() -> None:
    sheet = pd.DataFrame(
        {"plate": ["p"] * 3, "well": ["A1", "A2", "A3"], "dose": ["5", None, "0"], "day": ["1", "2", None]}
    )
    wells, controls = grouped_wells(sheet, by="dose", replicate="day", controls=[])
    assert controls == ("0",)
    assert wells[["well", "group", "replicate", "is_control"]].to_numpy().tolist() == [
        ["A1", "5", "1", False],
        ["A3", "0", "", True],
    ]
