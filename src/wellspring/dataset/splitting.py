"""A split into train, validation and test that no other cell can disturb.

Where a cell goes depends on its own well alone: on a keyed hash of plate, well and object id, never on a random
generator that runs over the whole dataset. So adding a well, or running one again, moves no cell of another well.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.dataset.values import same_forms
from wellspring.errors import InputError

__all__ = ["SPLITS", "split_cells", "systematic_split"]

SPLITS = ("train", "validation", "test")


def split_cells(
    cells: pd.DataFrame,
    *,
    train: float,
    validation: float,
    stratify: Sequence[str] = (),
    group: str | None = None,
    seed: int,
) -> NDArray[np.str_]:
    """The split of each cell of one well, or of any number of wells: the result is the same.

    Without `group`, the cells of one well and one stratum (cells that agree in the `stratify` columns) are put in
    the order of their hash and drawn by systematic sampling (`systematic_split`). Each split then has within one
    cell of its exact share, in every well and stratum, and each cell has exactly its share's chance of each split,
    however few cells a stratum has.

    With `group`, all cells that share a value of that column go to one split, drawn by the hash of that value alone;
    `stratify` is not used. The fractions then hold only in expectation over seeds: with few groups a split can be
    far from its share, or empty.

    Parameters
    ----------
    cells
        Columns plate, well, object_id, and those named in `stratify` and `group`.
    train, validation
        Fractions in (0, 1), with a sum below 1; the rest is the test set.
    stratify
        Columns; a missing value is a stratum of its own.
    group
        Column, or None. ``"well"`` distinguishes wells of different plates; other values are compared by meaning,
        over all plates.
    seed
        Another seed gives another split.

    Returns
    -------
    (n,) str
        train, validation or test. No cells give an empty array.

    Raises
    ------
    ValueError
        When a column is missing, or a cell has no value in the `group` column.
    """
    if cells.empty:
        return np.array([], dtype=np.str_)
    if group is not None:
        return _split_by_group(cells, train=train, validation=validation, group=group, seed=seed)
    split = np.empty(len(cells), dtype=np.dtype("U10"))
    for stratum, rows in _strata(cells, stratify=stratify):
        keys = [_hash(seed, "cell", *key) for key in _keys(cells, rows)]
        order = sorted(range(len(rows)), key=keys.__getitem__)
        offset = _unit(_hash(seed, "stratum", *stratum))
        split[rows[order]] = systematic_split(len(rows), offset=offset, train=train, validation=validation)
    return split


def systematic_split(n: int, *, offset: float, train: float, validation: float) -> NDArray[np.str_]:
    """Split `n` cells, already in random order, by systematic sampling.

    Cell i is at (i + offset) / n in [0, 1); [0, train) is the training set, [train, train + validation) the
    validation set, the rest the test set. Each count is its share of n, rounded up or down; over a uniform `offset`
    in [0, 1), and a random order, each cell's chance of each split is exactly that split's share.
    """
    position = np.arange(n) + offset
    index = np.searchsorted([train * n, (train + validation) * n], position, side="right")
    return np.array(SPLITS)[index]


def _strata(cells: pd.DataFrame, *, stratify: Sequence[str]) -> list[tuple[tuple[object, ...], NDArray[np.int64]]]:
    columns = [cells["plate"], cells["well"]]
    columns += [same_forms(cells, name, parameter="dataset.split.stratify") for name in stratify]
    rows: dict[tuple[object, ...], list[int]] = {}
    for row, stratum in enumerate(zip(*columns, strict=True)):
        rows.setdefault(stratum, []).append(row)
    return [(stratum, np.array(found, dtype=np.int64)) for stratum, found in rows.items()]


def _keys(cells: pd.DataFrame, rows: NDArray[np.int64]) -> list[tuple[object, ...]]:
    own = cells[["plate", "well", "object_id"]].iloc[rows]
    return list(own.itertuples(index=False, name=None))


def _split_by_group(cells: pd.DataFrame, *, train: float, validation: float, group: str, seed: int) -> NDArray[np.str_]:
    forms = same_forms(cells, group, parameter="dataset.split.group")
    n_missing = forms.count(None)
    if n_missing:
        raise InputError(
            f"dataset.split.group: expected a value of {group!r} for every cell, but {n_missing} have none. "
            "Fill the column in, drop these cells in dataset.filter, or group by another column."
        )
    columns = [cells["plate"], cells["well"]] if group == "well" else [forms]
    values = list(zip(*columns, strict=True))
    position = {value: _unit(_hash(seed, "group", *value)) for value in set(values)}
    index = np.searchsorted([train, train + validation], [position[value] for value in values], side="right")
    return np.array(SPLITS)[index]


def _hash(*parts: object) -> int:
    """64 bits of the parts' text; equal parts, equal bits, on every machine and in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _unit(bits: int) -> float:
    """64 bits as a number in [0, 1)."""
    return (bits >> 11) / 2**53
