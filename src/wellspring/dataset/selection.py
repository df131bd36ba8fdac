"""Which cells make up the dataset, and the one row per cell that describes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.tables import MEAN_PREFIX
from wellspring.dataset.tables import FILTERED, MANIFEST
from wellspring.dataset.values import same_form, same_forms
from wellspring.errors import InputError

__all__ = ["Selection", "make_manifest", "select_cells"]


@dataclass(frozen=True)
class Selection:
    """What a well's criteria left.

    Attributes
    ----------
    rows : (n_left,) int64
        Positions in the cell table of the cells that no criterion removed, ascending.
    filtered : DataFrame
        `FILTERED`: step 0 has all cells, then comes one step per criterion in the order given.
    """

    rows: NDArray[np.int64]
    filtered: pd.DataFrame


def select_cells(
    cells: pd.DataFrame,
    *,
    plate: str,
    well: str,
    drop: Sequence[Mapping[str, Any]] = (),
    keep: Mapping[str, Sequence[Any]] | None = None,
) -> Selection:
    """Apply the quality criteria (`drop`), then the selection by annotation (`keep`), to the cells of one well.

    Values are compared by meaning (`values.same_form`): ``"1"``, ``1``, ``1.0`` and ``True`` are the same; None is
    a missing value.

    Parameters
    ----------
    cells
        `CELLS` of the well, annotations included. No rows are fine, whatever the columns.
    plate, well
        Written into the counts.
    drop
        Criteria ``{"column": name, "drop": [values]}``: a cell with any of these values is removed (thesis of
        A. Becker 2021, table 4.2).
    keep
        Column to values: a cell with none of these values is removed (thesis, table 4.3).

    Raises
    ------
    ValueError
        When a criterion names a column that the cells do not have.
    """
    left = np.ones(len(cells), dtype=bool)
    steps = [_step(plate, well, "all cells", matching=~left, left=left, after=left)]
    for criterion, matching in _criteria(cells, drop=drop, keep=keep or {}):
        after = left & ~matching
        steps.append(_step(plate, well, criterion, matching=matching, left=left, after=after))
        left = after
    filtered = pd.DataFrame(steps).assign(step=np.arange(len(steps)))[FILTERED.names]
    return Selection(rows=np.flatnonzero(left), filtered=filtered)


def _criteria(
    cells: pd.DataFrame, *, drop: Sequence[Mapping[str, Any]], keep: Mapping[str, Sequence[Any]]
) -> Iterable[tuple[str, NDArray[np.bool_]]]:
    for criterion in drop:
        column, values = criterion["column"], criterion["drop"]
        has = _has(cells, column, values, parameter="dataset.filter")
        yield f"{column} {_words(values)}", has
    for column, values in keep.items():
        has = _has(cells, column, values, parameter="dataset.select")
        yield f"{column} not in [{', '.join(map(str, values))}]", ~has


def _has(cells: pd.DataFrame, column: str, values: Sequence[Any], *, parameter: str) -> NDArray[np.bool_]:
    wanted = {same_form(value) for value in values}
    return np.array([form in wanted for form in same_forms(cells, column, parameter=parameter)], dtype=bool)


def _words(values: Sequence[Any]) -> str:
    words = ["missing" if same_form(value) is None else str(value) for value in values]
    return f"is {words[0]}" if len(words) == 1 else f"in [{', '.join(words)}]"


def _step(
    plate: str,
    well: str,
    criterion: str,
    *,
    matching: NDArray[np.bool_],
    left: NDArray[np.bool_],
    after: NDArray[np.bool_],
) -> dict[str, object]:
    n_left = int(after.sum())
    return {
        "plate": plate,
        "well": well,
        "criterion": criterion,
        "n_matching": int(matching.sum()),
        "n_removed": int(left.sum()) - n_left,
        "n_left": n_left,
    }


def make_manifest(
    cells: pd.DataFrame, *, rows: NDArray[np.int64], split: NDArray[np.str_], target_channel: str
) -> pd.DataFrame:
    """One row per chosen cell: its key, its place in the crop shard, split, target and annotations.

    Parameters
    ----------
    cells
        `CELLS` of the well; the order of its rows is the order of the well's crop shard.
    rows : (n,) int64
        Positions of the chosen cells. None give an empty manifest of the same columns.
    split : (n,) str
        Split of each chosen cell.
    target_channel
        The target is ``mean_<target_channel>``, the mean of the measured pixels after background subtraction.

    Returns
    -------
    DataFrame
        `MANIFEST`, then every annotation column of the cells. Columns named ``mean_...`` are channel means
        and stay out.

    Raises
    ------
    ValueError
        When there are cells, but no mean of `target_channel`; when a chosen cell's target is not finite.
    """
    column = f"{MEAN_PREFIX}{target_channel}"
    means = [str(name) for name in cells.columns if str(name).startswith(MEAN_PREFIX)]
    if column not in means and len(cells):
        raise InputError(
            f"dataset.target_channel: expected a channel of the crops, got {target_channel!r}; "
            f"there are {[name.removeprefix(MEAN_PREFIX) for name in means]}. Correct the name in the config."
        )
    chosen = cells.iloc[rows].reset_index(drop=True)
    target = chosen.get(column, pd.Series(dtype="float64")).to_numpy(dtype=np.float64)
    if not np.isfinite(target).all():
        lost = [tuple(key) for key in chosen.loc[~np.isfinite(target), MANIFEST.names[:3]].to_numpy()[:5].tolist()]
        raise InputError(
            f"{column}: expected a finite target for every chosen cell, but {(~np.isfinite(target)).sum()} have none, "
            f"among them {lost}. Check the background and the pixels of these cells, or filter them out."
        )
    annotations = [name for name in chosen.columns if name not in means]
    manifest = chosen[annotations].assign(row=rows, split=pd.Series(split, dtype="str"), target=target)
    names = [*MANIFEST.names, *[name for name in annotations if name not in MANIFEST.names]]
    return manifest[names]
