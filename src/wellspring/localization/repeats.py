"""Molecules that were detected several times: found by what a microscope cannot resolve, and merged."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.localization.points import NO_CELL, Points

__all__ = ["merged_points", "repeat_note", "repeated_genes"]

_AXES = ["x", "y"]
_NEAR_UM = 0.1
"""Half of what light resolves: nearer, two molecules in one image are one spot."""
_FEWEST = 50
# Foci of one gene are possible, of most genes they are not.
_SHARE, _TIMES_CHANCE, _OF_GENES = 0.3, 5.0, 0.75


def repeated_genes(points: Points) -> pd.DataFrame:
    """How many molecules of each gene have another one of it, in the same cell, within 0.1 µm; and how many by chance.

    By chance: if the molecules of a gene in a cell lay evenly in the ellipse of the cell's molecules. Genes with fewer
    than 50 molecules in cells are left out.

    Returns
    -------
    DataFrame
        gene, n_molecules, and near and chance: shares of the molecules, 0 to 1.
    """
    from scipy.spatial import KDTree

    own = points.table[points.table["cell"] != NO_CELL]
    spans = own.groupby("cell")[_AXES].agg(np.ptp)
    areas = (np.pi / 4 * spans["x"] * spans["y"]).to_dict()
    found = []
    for (cell, gene), rows in own.groupby(["cell", "gene"], sort=True):
        near, chance = 0.0, 0.0
        if len(rows) > 1:
            distances, _ = KDTree(rows[_AXES].to_numpy(dtype=np.float64)).query(rows[_AXES].to_numpy(), k=2)
            near = float((distances[:, 1] <= _NEAR_UM).sum())
            density = (len(rows) - 1) / max(float(areas[cell]), np.pi * _NEAR_UM**2)
            chance = len(rows) * (1 - float(np.exp(-density * np.pi * _NEAR_UM**2)))
        found.append((gene, len(rows), near, chance))
    table = pd.DataFrame(found, columns=["gene", "n_molecules", "near", "chance"])
    sums = table.groupby("gene", as_index=False, sort=True).sum()
    sums = sums[sums["n_molecules"] >= _FEWEST].reset_index(drop=True)
    return sums.assign(**{name: sums[name] / sums["n_molecules"] for name in ("near", "chance")})


def repeat_note(points: Points) -> list[str]:
    """A sentence where most genes look as if each molecule had been detected several times; else nothing.

    That is where in three of four genes more than 30 % of the molecules, and five times more than by chance, have
    another one of their gene within 0.1 µm. Coordinates in whole pixels say nothing of such distances.
    """
    if points.is_on_pixels:
        return []
    genes = repeated_genes(points)
    is_odd = (genes["near"] > _SHARE) & (genes["near"] > _TIMES_CHANCE * genes["chance"])
    if not len(genes) or is_odd.mean() < _OF_GENES:
        return []
    weights = genes["n_molecules"]
    near, chance = (100 * float(np.average(genes[name], weights=weights)) for name in ("near", "chance"))
    return [
        f"{near:.0f} % of the molecules have another one of their gene within {_NEAR_UM} µm, {chance:.1f} % would by "
        f"chance, in {int(is_odd.sum())} of {len(genes)} genes: probably each was detected several times, as in planes "
        "of a stack or where fields overlap. All genes then seem to be in foci. If so, merge them: --merge-um 0.2, or "
        "in the table itself."
    ]


def merged_points(points: Points, *, merge_um: float) -> tuple[Points, int]:
    """The molecules with those of a gene in a cell that are near each other as one at their mean, and how many fewer.

    Parameters
    ----------
    merge_um
        Molecules that a chain of steps of no more than this (in x and y) joins are one. z is the mean too.

    Raises
    ------
    ValueError
        When `merge_um` is not above 0.
    """
    if not 0 < merge_um < float("inf"):
        raise InputError(f"--merge-um: expected a number above 0, got {merge_um}.")
    table = points.table
    if not len(table):
        return points, 0
    group = table.groupby(["cell", "gene"], sort=False).ngroup().to_numpy()
    same = _joined(table[_AXES].to_numpy(dtype=np.float64), group, radius=merge_um)
    axes = [name for name in ("x", "y", "z") if name in table]
    how = {name: "mean" if name in axes else "first" for name in table}
    merged = table.groupby(same, sort=True).agg(how).reset_index(drop=True)
    whole = replace(points, table=merged.astype(table.dtypes.to_dict()), n_duplicates=0)
    return whole, len(table) - len(merged)


def _joined(at: NDArray[np.float64], group: NDArray[np.int64], *, radius: float) -> NDArray[np.int64]:
    """(n,) number of the molecule that each belongs to, in the order of the rows."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    pairs = KDTree(at).query_pairs(radius, output_type="ndarray")
    pairs = pairs[group[pairs[:, 0]] == group[pairs[:, 1]]]
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(at), len(at)))
    _, number = connected_components(links, directed=False)
    _, first = np.unique(number, return_index=True)
    return np.asarray(np.argsort(np.argsort(first))[number], dtype=np.int64)
