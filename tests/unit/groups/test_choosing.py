"""Which features are kept, on drawn wells."""

import numpy as np
import pytest

from tests.unit.groups.test_comparing import measured
from wellspring.groups.choosing import choose_features, share_of_groups


def test_each_reason_is_found() -> None:
    rng = np.random.default_rng(2)
    groups = [*"c" * 6, *"t" * 6, *"u" * 6]
    signal = np.repeat([0.0, 5.0, -3.0], 6) + rng.normal(size=18)
    values = {
        "copy": (2 * signal + 0.5 * rng.normal(size=18)).tolist(),
        "signal": signal.tolist(),
        "noise": np.tile([-1.0, 1.0], 9).tolist(),
        "constant": [4.0] * 18,
        "gaps": [np.nan] * 4 + signal[4:].tolist(),
    }
    found = choose_features(measured(values, groups), max_correlation=0.9, min_replicate_share=0.2)
    found = found.set_index("measure")
    assert found["reason"].to_dict() | {"copy": "", "signal": ""} == {
        "copy": "",
        "signal": "",
        "noise": "replicates differ as much as groups",
        "constant": "constant",
        "gaps": "missing in many wells",
    }
    kept = found["replicate_share"][["copy", "signal"]].idxmax()
    other = "signal" if kept == "copy" else "copy"
    assert found["is_chosen"].to_dict()[kept]
    assert found["reason"][other] == "correlates with a measure that is kept"
    assert (found["most_correlated"][other], bool(found["correlation"][other] > 0.9)) == (kept, True)


def test_the_share_of_groups_by_hand() -> None:
    # Means 1 and 5, deviations ±1: between 16 of 1, within 4/2 = 2; usual size 2.
    assert share_of_groups(np.array([0.0, 2, 4, 6]), np.array([0, 0, 1, 1])) == pytest.approx((16 - 2) / (16 + 2))
    assert share_of_groups(np.array([1.0, 1, 5, 5]), np.array([0, 0, 1, 1])) == pytest.approx(1)


def test_the_share_of_groups_is_missing_without_replicates_or_variance() -> None:
    for values, groups in (([1.0, 2], [0, 1]), ([1.0, 2], [0, 0]), ([3.0, 3, 3, 3], [0, 0, 1, 1])):
        assert np.isnan(share_of_groups(np.array(values), np.array(groups)))


def test_the_share_of_groups_is_0_on_average_without_groups() -> None:
    rng = np.random.default_rng(4)
    shares = [share_of_groups(rng.normal(size=30), np.repeat(np.arange(6), 5)) for _ in range(400)]
    assert np.mean(shares) == pytest.approx(0, abs=0.03)


def test_the_share_of_groups_has_a_lower_bound_in_few_wells_of_unequal_groups() -> None:
    # Mean squares 0 between and 2 within, 4/3 wells in a group: -2 / (2/3) is -3.
    assert share_of_groups(np.array([0.0, 2.0, 1.0]), np.array([0, 0, 1])) == -1.0
