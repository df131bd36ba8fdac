"""From samples at some amounts of work to another amount. Arithmetic alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Range", "Sample", "added", "scaled"]

# Samples up to this factor farther away than the nearest one count with it.
_NEAR = 2.0


@dataclass(frozen=True)
class Sample:
    """What was measured at an amount of work.

    Attributes
    ----------
    amount : float
        Above 0.
    value : float
        What grows with the amount, at least in part.
    start : float or None
        What does not grow and is not in `value`; None where that part is not known, and is in `value`.
    """

    amount: float
    value: float
    start: float | None = None


@dataclass(frozen=True)
class Range:
    """An estimate, and between what the samples leave it."""

    mean: float
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        """The range of so many of it."""
        return Range(self.mean * factor, self.low * factor, self.high * factor)


def scaled(samples: Sequence[Sample], amount: float) -> Range | None:
    """The value at `amount`; None without samples.

    The samples nearest in amount count (by ratio; all within a factor of two beyond the nearest). The estimate is in
    proportion, by the sum of their values over the sum of their amounts. A job has a part that does not grow, so
    between the samples and `amount` it grows less than in proportion and not at all at worst: where that part is not
    known, the range holds both, for every sample. A sample of the same amount leaves its own value alone.
    """
    near = _nearest(samples, amount)
    if not near:
        return None
    starts = [sample.start or 0.0 for sample in near]
    rate = sum(sample.value for sample in near) / sum(sample.amount for sample in near)
    in_proportion = [(sample.start or 0.0) + sample.value * amount / sample.amount for sample in near]
    unchanged = [sample.value for sample in near if sample.start is None]
    ends = in_proportion + unchanged
    return Range(sum(starts) / len(starts) + rate * amount, min(ends), max(ends))


def _nearest(samples: Sequence[Sample], amount: float) -> list[Sample]:
    if not samples or amount <= 0:
        return list(samples)
    distances = [abs(math.log(sample.amount / amount)) for sample in samples]
    most = min(distances) + math.log(_NEAR)
    return [sample for sample, distance in zip(samples, distances, strict=True) if distance <= most]


def added(ranges: Sequence[Range]) -> Range | None:
    """The sum; None of nothing."""
    if not ranges:
        return None
    return Range(sum(r.mean for r in ranges), sum(r.low for r in ranges), sum(r.high for r in ranges))
