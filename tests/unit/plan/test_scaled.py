"""From samples to another amount, by hand."""

import pytest

from wellspring.plan.scaled import Range, Sample, added, scaled


def test_without_samples_there_is_nothing() -> None:
    assert scaled([], 5.0) is None
    assert added([]) is None


def test_a_sample_of_the_same_amount_is_taken_as_it_is() -> None:
    assert scaled([Sample(10, 3.0)], 10) == Range(3.0, 3.0, 3.0)


@pytest.mark.parametrize(("amount", "expected"), [(20, Range(6, 3, 6)), (5, Range(1.5, 1.5, 3))])
def test_between_a_sample_and_another_amount_growth_is_open(amount: float, expected: Range) -> None:
    assert scaled([Sample(10, 3.0)], amount) == expected


def test_a_known_start_leaves_nothing_open() -> None:
    assert scaled([Sample(10, 3.0, start=2.0)], 20) == Range(8.0, 8.0, 8.0)


def test_the_samples_nearest_in_amount_count() -> None:
    samples = [Sample(1, 100.0), Sample(90, 9.0), Sample(110, 11.0), Sample(10_000, 5.0)]
    found = scaled(samples, 100)
    assert found is not None
    assert found.mean == pytest.approx(10)
    assert (found.low, found.high) == (pytest.approx(9), pytest.approx(11))


def test_an_affine_truth_lies_in_the_range() -> None:
    samples = [Sample(amount, 5 + 0.1 * amount) for amount in (10.0, 15.0, 20.0)]
    for amount in (1.0, 12.0, 100.0, 5000.0):
        found = scaled(samples, amount)
        assert found is not None
        assert found.low <= 5 + 0.1 * amount <= found.high


def test_nothing_takes_at_most_what_something_took() -> None:
    assert scaled([Sample(10, 3.0)], 0) == Range(0.0, 0.0, 3.0)


def test_ranges_add() -> None:
    assert added([Range(1, 0, 2), Range(10, 5, 20).times(2)]) == Range(21, 10, 42)
