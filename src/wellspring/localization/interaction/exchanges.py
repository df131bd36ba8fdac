"""Which wells exchange what was assigned to them, where a well may show the mRNA, the protein, or both."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Exchange",
    "all_orders",
    "drawn_means",
    "drawn_orders",
    "drawn_wells",
    "exchange_of",
    "n_orders",
    "rearranged",
]

_Pair = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Exchange:
    """Wells of the mRNA and of the protein, and which of them exchange their labels.

    Attributes
    ----------
    labels : two (wells,) int64
        What was assigned, such as the time: of the mRNA's wells, and of the protein's.
    kinds : tuple of two (wells,) int64
        Positions among the mRNA's wells and among the protein's; within a kind labels are exchanged. A well that shows
        both molecules is at the same place of the two, so that it takes both with it; of other kinds one is empty.
    """

    labels: _Pair
    kinds: tuple[_Pair, ...]


def exchange_of(
    labels: Sequence[Sequence[int]], strata: Sequence[Sequence[int]], names: Sequence[Sequence[Hashable]]
) -> Exchange:
    """What may be exchanged: wells of one stratum that show the same molecules.

    Parameters
    ----------
    labels, strata, names
        Of the mRNA's wells and of the protein's, one for each well. Wells of one name, label and stratum are one well
        that shows both.
    """
    wells = [
        {key: i for i, key in enumerate(zip(names[side], labels[side], strata[side], strict=True))} for side in (0, 1)
    ]
    shared = [key for key in wells[0] if key in wells[1]]
    parts = [
        [(wells[0][key], wells[1][key]) for key in shared],
        [(i, -1) for key, i in wells[0].items() if key not in wells[1]],
        [(-1, i) for key, i in wells[1].items() if key not in wells[0]],
    ]
    kinds = []
    for part in parts:
        own = np.array(part, dtype=np.int64).reshape(-1, 2)
        stratum = np.array([strata[0][i] if i >= 0 else strata[1][j] for i, j in part], dtype=np.int64)
        for one in np.unique(stratum):
            found = own[stratum == one]
            kinds.append((found[found[:, 0] >= 0, 0], found[found[:, 1] >= 0, 1]))
    first, second = (np.asarray(one, dtype=np.int64) for one in labels)
    return Exchange((first, second), tuple(kinds))


def n_orders(exchange: Exchange) -> int:
    """In how many ways the labels can be arranged."""
    count = 1
    for kind in exchange.kinds:
        labels = _labels(exchange, kind)
        count *= factorial(len(labels))
        for n in np.bincount(labels).tolist():
            count //= factorial(n)
    return count


def all_orders(exchange: Exchange) -> _Pair:
    """(arrangements, wells) labels of the mRNA's wells and of the protein's, in every arrangement once."""
    options = [list(_arrangements(_labels(exchange, kind).tolist())) for kind in exchange.kinds]
    found = list(product(*options))
    tables = [np.array([one[k] for one in found], dtype=np.int64) for k in range(len(options))]
    return _placed(exchange, tables, n=len(found))


def drawn_orders(exchange: Exchange, *, n: int, rng: np.random.Generator) -> _Pair:
    """As `all_orders`, of `n` arrangements at random."""
    tables = [rng.permuted(np.tile(_labels(exchange, kind), (n, 1)), axis=1) for kind in exchange.kinds]
    return _placed(exchange, tables, n=n)


def drawn_wells(exchange: Exchange, *, n: int, rng: np.random.Generator) -> _Pair:
    """(n, wells) positions of wells drawn for each of the mRNA's wells and of the protein's, any of the same molecule.

    For a well that shows both, one that shows both is drawn for both molecules.
    """
    found = tuple(np.empty((n, len(one)), dtype=np.int64) for one in exchange.labels)
    for first, second in exchange.kinds:
        if len(first) and len(second):
            chosen = rng.integers(len(first), size=(n, len(first)))
            found[0][:, first], found[1][:, second] = first[chosen], second[chosen]
    for side, (table, labels) in enumerate(zip(found, exchange.labels, strict=True)):
        alone = [kind[side] for kind in exchange.kinds if not len(kind[1 - side])]
        single = np.isin(np.arange(len(labels)), np.concatenate(alone)) if alone else np.zeros(len(labels), dtype=bool)
        for label in np.unique(labels):
            own = np.flatnonzero(single & (labels == label))
            table[:, own] = rng.integers(len(labels), size=(n, len(own)))
    return found[0], found[1]


def rearranged(
    side: Sequence[NDArray[np.float64]], orders: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Means of the wells that each arrangement gives each label.

    Parameters
    ----------
    side
        For each distinct label, ascending, the profiles of its wells, (wells, segments).
    orders : (arrangements, wells) int64
        The label that each well has instead.
    labels : (wells,) int64
        Its own.

    Returns
    -------
    (arrangements, labels, segments) float64
    """
    is_at = orders[:, None, :] == np.unique(labels)[:, None]
    return np.asarray((is_at / is_at.sum(axis=2, keepdims=True)) @ np.concatenate(side))


def drawn_means(side: Sequence[NDArray[np.float64]], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, times, segments) float64: means of new wells at each time, which deviate from it as the `chosen` wells do.

    Parameters
    ----------
    side
        For each time the profiles of its wells, (wells, segments); two wells or more.
    chosen : (n, wells) int64
        As of `drawn_wells`: wells of any time, since they differ alike at all times. The profiles of the times are
        brought together by what noise adds to their differences.
    """
    sizes = [len(table) for table in side]
    means = np.stack([table.mean(axis=0) for table in side])
    deviations = np.concatenate(
        [(table - table.mean(axis=0)) * np.sqrt(size / (size - 1)) for table, size in zip(side, sizes, strict=True)]
    )
    noise = float((deviations**2).mean() * np.mean([1 / size for size in sizes]))
    middle = means.mean(axis=0)
    between = float(((means - middle) ** 2).mean() * len(side) / max(1, len(side) - 1))
    kept = np.sqrt(max(0.0, 1 - noise / between)) if between > 0 else 0.0
    at_times = np.split(chosen, np.cumsum(sizes)[:-1], axis=1)
    drawn = [deviations[own].mean(axis=1) for own in at_times]
    return np.asarray(middle + kept * (means - middle) + np.stack(drawn, axis=1))


def _labels(exchange: Exchange, kind: _Pair) -> NDArray[np.int64]:
    side = 0 if len(kind[0]) else 1
    return exchange.labels[side][kind[side]]


def _placed(exchange: Exchange, tables: Sequence[NDArray[np.int64]], *, n: int) -> _Pair:
    first, second = (np.empty((n, len(one)), dtype=np.int64) for one in exchange.labels)
    for kind, table in zip(exchange.kinds, tables, strict=True):
        for side, positions in zip((first, second), kind, strict=True):
            if len(positions):
                side[:, positions] = table
    return first, second


def _arrangements(labels: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All distinct orders of the labels."""
    found: dict[tuple[int, ...], None] = {(): None}
    for _ in labels:
        found = dict.fromkeys(
            (*order, label)
            for order in found
            for label in sorted(set(labels))
            if order.count(label) < labels.count(label)
        )
    yield from found
