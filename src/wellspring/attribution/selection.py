"""Which cells are explained, and which of them are shown."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.tables import EXPLAINED_CELLS
from wellspring.dataset.levels import LEVELS, level_bounds
from wellspring.errors import InputError
from wellspring.tables import KEY

__all__ = [
    "cells_of_split",
    "chosen_cells",
    "explained_cells",
    "named_cells",
    "panel_cells",
    "places_in_manifest",
    "shown_cells",
]

_AT_LEAST = 2
_NOT_SHOWN = -1


def explained_cells(
    manifest: pd.DataFrame, *, split: str, max_cells: int | None, named: Sequence[str] = ()
) -> pd.DataFrame:
    """The cells that every run explains, and those of them whose maps are kept.

    Parameters
    ----------
    manifest, split, max_cells, named
        See `cells_of_split`. The draw has a fixed seed.

    Returns
    -------
    DataFrame
        Table `EXPLAINED_CELLS`, in the manifest's order.

    Raises
    ------
    ValueError
        As `cells_of_split`.
    """
    cells = cells_of_split(manifest, split=split, max_cells=max_cells, rng=np.random.default_rng(0), named=named)
    order = np.full(len(cells), _NOT_SHOWN)
    shown = shown_cells(cells, named)
    order[shown] = np.arange(len(shown))
    return cells.assign(shown=order)[list(EXPLAINED_CELLS.names)]


def places_in_manifest(explained: pd.DataFrame, manifest: pd.DataFrame) -> tuple[pd.DataFrame, list[int]]:
    """(rows of the manifest with ``level`` and ``place``, positions in them of the cells whose maps are kept).

    Parameters
    ----------
    explained
        Table `EXPLAINED_CELLS`.
    manifest
        Table `MANIFEST` that it was made of; ``place`` is the row's position in it, 0-based.

    Raises
    ------
    ValueError
        When the manifest does not have each of the cells once.
    """
    numbered = manifest.assign(place=np.arange(len(manifest)))
    found = numbered.merge(explained, on=list(KEY), how="inner")
    if len(found) != len(explained):
        raise InputError(
            f"expected each of the {len(explained)} explained cells once in the manifest, got {len(found)}. Run "
            "snakemake with --forcerun attribution_cells."
        )
    found = found.sort_values("place", ignore_index=True)
    order = found["shown"].to_numpy()
    shown = np.flatnonzero(order != _NOT_SHOWN)
    return found.drop(columns="shown"), shown[np.argsort(order[shown])].tolist()


def cells_of_split(
    manifest: pd.DataFrame,
    *,
    split: str,
    max_cells: int | None,
    rng: np.random.Generator,
    named: Sequence[str] = (),
) -> pd.DataFrame:
    """The cells of one split to explain, with their levels.

    Parameters
    ----------
    manifest
        Table `MANIFEST`. Levels are bounded by the targets of all its cells, see `level_bounds`.
    split
        train, validation or test.
    max_cells, rng
        See `chosen_cells`.
    named
        Cells of the split that are explained in any case, beyond `max_cells`; see `named_cells`.

    Returns
    -------
    DataFrame
        Rows of the manifest in its order, ``level``, and ``place``: the row's position in the manifest, 0-based.

    Raises
    ------
    ValueError
        When the manifest has no cell of this split; else as `level_bounds`, `chosen_cells` and `named_cells`.
    """
    target = manifest["target"].to_numpy(dtype=np.float64)
    cells = manifest.assign(level=level_bounds(target).levels(target), place=np.arange(len(manifest)))
    cells = cells[cells["split"] == split].reset_index(drop=True)
    if cells.empty:
        raise InputError(
            f"attribution.split: expected cells of split {split!r} in the manifest, found only "
            f"{sorted(manifest['split'].unique())}. Name one of these, or change dataset.split."
        )
    chosen = chosen_cells(cells["level"].to_numpy(dtype=np.str_), max_cells=max_cells, rng=rng)
    return cells.iloc[np.union1d(chosen, named_cells(cells, named))].reset_index(drop=True)


def named_cells(cells: pd.DataFrame, named: Sequence[str]) -> NDArray[np.int64]:
    """Positions in `cells` of the cells ``plate/well/object_id``, in the order of their names, (n,) int64.

    Raises
    ------
    ValueError
        When a cell is not among them.
    """
    indices = {
        f"{plate}/{well}/{object_id}": index
        for index, (plate, well, object_id) in enumerate(
            zip(cells["plate"], cells["well"], cells["object_id"], strict=True)
        )
    }
    unknown = [name for name in named if name not in indices]
    if unknown:
        raise InputError(
            f"attribution.map_cells: expected cells (plate/well/object_id) of the explained split, got {unknown}. "
            "Name cells of the manifest with that split, or change attribution.split."
        )
    return np.array([indices[name] for name in named], dtype=np.int64)


def shown_cells(cells: pd.DataFrame, named: Sequence[str]) -> list[int]:
    """Positions in `cells` of those whose maps are kept: the median cell of each level, then the named ones."""
    median = panel_cells(cells["level"].to_numpy(dtype=np.str_), cells["target"].to_numpy()).values()
    return list(dict.fromkeys([*median, *named_cells(cells, named).tolist()]))


def chosen_cells(levels: NDArray[np.str_], *, max_cells: int | None, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of the cells to explain: at most `max_cells`, drawn without replacement within each level.

    Levels keep their shares of the cells (largest deficit first), but each has two cells if it has and there is room
    for that, so that its mean has an interval.

    Parameters
    ----------
    levels : (n,) str
        Level of each candidate.
    max_cells
        None: all.
    rng
        Same seed and same levels, same cells.

    Returns
    -------
    (m,) int64
        Ascending, m = min(n, max_cells).

    Raises
    ------
    ValueError
        When `max_cells` is below 1.
    """
    if max_cells is not None and max_cells < 1:
        raise InputError(f"attribution.max_cells: expected 1 or more, or null for all, got {max_cells}.")
    if max_cells is None or max_cells >= len(levels):
        return np.arange(len(levels))
    groups = [np.flatnonzero(levels == level) for level in LEVELS]
    quotas = _quotas([len(group) for group in groups], n=max_cells)
    drawn = [rng.permutation(group)[:quota] for group, quota in zip(groups, quotas, strict=True)]
    return np.sort(np.concatenate(drawn))


def _quotas(sizes: list[int], *, n: int) -> list[int]:
    quotas = [min(_AT_LEAST, size) for size in sizes]
    if sum(quotas) > n:
        quotas = [0] * len(sizes)
    while sum(quotas) < n:
        deficit = [
            size * n / sum(sizes) - quota if quota < size else -np.inf
            for size, quota in zip(sizes, quotas, strict=True)
        ]
        quotas[int(np.argmax(deficit))] += 1
    return quotas


def panel_cells(levels: NDArray[np.str_], target: NDArray[np.float64]) -> dict[str, int]:
    """One cell per level: that of the median target (the lower one of two, the first one of ties).

    Parameters
    ----------
    levels : (n,) str
    target : (n,) float64
        In intensity.

    Returns
    -------
    dict
        Level to position, in the order low, medium, high. A level without cells is left out.
    """
    shown = {}
    for level in LEVELS:
        cells = np.flatnonzero(levels == level)
        if len(cells):
            ordered = cells[np.argsort(np.asarray(target)[cells], kind="stable")]
            shown[level] = int(ordered[(len(ordered) - 1) // 2])
    return shown
