"""Is the order of a stream without drift of no importance? Only then does an alarm have the run time that was set."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.labelling.drift.kernels import checked_rows
from wellspring.statistics import permutation_p_value

__all__ = ["Exchangeability", "check_exchangeable", "exchangeability"]

_LEAST_ROWS = 8
_N_PERMUTATIONS = 1999


@dataclass(frozen=True)
class Exchangeability:
    """Correlation of neighbouring rows (0 without order, 1 where they are equal), and its permutation p-value."""

    correlation: float
    p_value: float


def exchangeability(stream: ArrayLike, *, rng: np.random.Generator) -> Exchangeability:
    """Are neighbours in a stream more alike than other rows?

    The correlation is 1 − Σ|x(t+1) − x(t)|² / 2Σ|x(t) − mean|², von Neumann's ratio for (n, d) rows of standardised
    columns; the p-value is the share of 1,999 random orders with one as high.

    Raises
    ------
    ValueError
        With fewer than eight rows, NaN, or equal rows.
    """
    rows = checked_rows(stream, name="drift stream", least=_LEAST_ROWS)
    spread = rows.std(axis=0)
    centred = (rows - rows.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    gram = centred @ centred.T
    orders = np.stack([np.arange(len(rows)), *(rng.permutation(len(rows)) for _ in range(_N_PERMUTATIONS))])
    found = _correlations(gram, orders)
    n_higher = int((found[1:] >= found[0] - 1e-12).sum())
    return Exchangeability(float(found[0]), float(permutation_p_value(n_higher, n_permutations=_N_PERMUTATIONS)))


def _correlations(gram: NDArray[np.float64], orders: NDArray[np.intp]) -> NDArray[np.float64]:
    """Correlation of neighbours in each order, from the products of all pairs of rows."""
    squares = np.diag(gram)
    near = gram[orders[:, 1:], orders[:, :-1]].sum(axis=1)
    ends = squares[orders[:, 0]] + squares[orders[:, -1]]
    differences = 2 * squares.sum() - ends - 2 * near
    return np.asarray(1 - differences / (2 * squares.sum()))


def check_exchangeable(stream: ArrayLike, *, rng: np.random.Generator, level: float = 0.01) -> Exchangeability:
    """The exchangeability of a stream without drift, which must be exchangeable.

    Raises
    ------
    ValueError
        When the p-value is below `level`, and as `exchangeability`.
    """
    found = exchangeability(stream, rng=rng)
    if found.p_value < level:
        raise InputError(
            f"drift: rows next to each other in the stream without drift are alike (correlation "
            f"{found.correlation:.2f}, p = {found.p_value:.4g}), so false alarms would come far more often than set. "
            "Take one row per well, or put the reference wells in random order on the plate."
        )
    return found
