"""Mean and variance of a stream of maps, in the memory of a few of them."""

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps.paths import Path
from wellspring.errors import InputError

__all__ = ["Moments", "PairedMoments"]

Array = NDArray[np.float64]


class Moments:
    """Mean and population variance of a stream of equal-shaped arrays, in the memory of two of them (float64).

    Welford's update: no difference of large sums, so a small spread of a large mean keeps its digits.

    Attributes
    ----------
    n : int
        Arrays so far.
    """

    def __init__(self) -> None:
        self.n = 0
        self._mean: Array = np.zeros(())
        self._squares: Array = np.zeros(())

    def add(self, values: NDArray[np.floating]) -> None:
        """Take one more array."""
        self.n += 1
        if self.n == 1:
            self._mean, self._squares = values.astype(np.float64), np.zeros(values.shape)
            return
        difference = values - self._mean
        self._mean += difference / self.n
        difference *= difference
        difference *= (self.n - 1) / self.n
        self._squares += difference

    def mean(self) -> Array:
        """The mean. Raises ValueError when there was no array."""
        self._check()
        return self._mean

    def variance(self) -> Array:
        """The variance (ddof 0): 0 for one array. Raises ValueError when there was none."""
        self._check()
        return np.asarray(self._squares / self.n)

    def _check(self) -> None:
        if self.n == 0:
            raise InputError("moments: expected one array or more, got none. Call `add` first.")


class PairedMoments:
    """Mean and variance of (way * gradient) over noisy copies, from two independent sums along each path.

    Attributes
    ----------
    n : int
        Copies so far.

    Parameters
    ----------
    noise_variance : (S, S, 1) float
        Of the noise in each pixel: 0 where there is none.
    """

    def __init__(self, *, noise_variance: NDArray[np.floating]) -> None:
        self.n = 0
        self._noise_variance = noise_variance
        self._sums: list[Array] = []

    @classmethod
    def of_halves(cls, first: "PairedMoments", second: "PairedMoments") -> "PairedMoments":
        """The moments of the copies of both, which are of the same image."""
        both = cls(noise_variance=first._noise_variance)
        both.n = first.n + second.n
        both._sums = [one + other for one, other in zip(first._sums, second._sums, strict=True)]
        return both

    def add(self, first: Path, second: Path, *, noise: NDArray[np.float32]) -> None:
        """Take the two sums along the path to one copy, and the noise in it, (S, S, C)."""
        way, other_way = first.way(), second.way()
        gradient, other = first.gradient(), second.gradient()
        product = gradient * other
        # What `product` is multiplied with in the map's square, less its expectation over the noise of the pixel.
        steady, other_steady = way - noise, other_way - noise
        chance = way * other_way - steady * other_steady - self._noise_variance
        terms = [
            way * other_way * product,
            way * gradient,
            other_way * other,
            product,
            gradient,
            other,
            chance,
            noise,
        ]
        if self.n == 0:
            self._sums = [np.asarray(term, dtype=np.float64) for term in terms]
        else:
            for total, term in zip(self._sums, terms, strict=True):
                total += term
        self.n += 1

    def mean(self) -> Array:
        """The mean over the noise. Raises ValueError when there was no copy."""
        first, second = self._corrected(self._means())
        return (first + second) / 2

    def variance(self) -> Array:
        """The variance over the noise; it may come out below 0 where it is small. Raises as `mean`.

        Without the correction by the noise it is the population covariance of the two sums over the copies. The square
        of their joint mean would add a share of the quadrature's variance to what is subtracted: half of that of one
        sum, divided by the number of copies.
        """
        means = self._means()
        square, _, _, product, _, _, chance, _ = means
        first, second = self._corrected(means)
        return square - product * chance - first * second

    @staticmethod
    def _corrected(means: list[Array]) -> tuple[Array, Array]:
        """The mean of either sum, less what the mean of the noise adds to it by chance."""
        _, first, second, _, gradient, other, _, noise = means
        return first - gradient * noise, second - other * noise

    def _means(self) -> list[Array]:
        if self.n == 0:
            raise InputError("moments: expected one copy or more, got none. Call `add` first.")
        return [total / self.n for total in self._sums]
