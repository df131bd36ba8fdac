"""Foci of spots, the cells and nuclei that spots lie in, and counts per cell."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from wellspring.errors import InputError
from wellspring.spots.tables import SPOT_FOCI, SPOTS_PER_CELL

__all__ = ["assign_labels", "count_per_cell", "find_foci", "foci_table"]


def assign_labels(spots: pd.DataFrame, labels: NDArray[np.integer], *, column: str) -> pd.DataFrame:
    """The spots with a further int64 column: the label at each spot's pixel, 0 = none.

    Parameters
    ----------
    spots
        With `y_px`, `x_px` and, in a stack, `z_px`.
    labels : (Y, X) or (Z, Y, X) int
        0 = background. Plane labels hold for every slice of a stack.
    column
        Name of the new column: label_in_site or nucleus_id.

    Raises
    ------
    ValueError
        When a spot lies outside the labels, or labels of a stack meet spots of a plane.
    """
    axes = ["y_px", "x_px"] if labels.ndim == 2 else ["z_px", "y_px", "x_px"]
    if labels.ndim not in (2, 3) or not set(axes) <= set(spots):
        raise InputError(f"labels: expected (Y, X), or (Z, Y, X) for spots with z_px, got shape {labels.shape}.")
    pixels = np.rint(spots[axes].to_numpy(dtype=np.float64)).astype(np.int64)
    if len(pixels) and (pixels.min() < 0 or (pixels >= labels.shape).any()):
        raise InputError(
            f"labels: expected an image that holds all spots, up to pixel {pixels.max(axis=0).tolist()}, got shape "
            f"{labels.shape}. Pass the labels of the spots' own site."
        )
    return spots.assign(**{column: labels[tuple(pixels.T)].astype(np.int64)})


def find_foci(
    spots: pd.DataFrame, *, spacing_um: Sequence[float], radius_um: float = 0.35, min_spots: int = 4
) -> pd.DataFrame:
    """The spots with a further int64 column `focus_id`: 1.. in the order of the first core, 0 = free.

    Density clustering (DBSCAN; Ester et al., KDD 1996) on physical distances, with big-fish's defaults. A spot within
    reach of the cores of several foci belongs to the first of these.

    Parameters
    ----------
    spots
        With `y_px`, `x_px` and, in a stack, `z_px`; clumps split before (`decompose_clumps`).
    spacing_um
        Size of a voxel per axis (z, y, x or y, x), µm.
    radius_um
        Spots are neighbours up to this distance, µm. 0.35 is somewhat more than the optical resolution.
    min_spots
        A spot with so many neighbours, itself included, is the core of a focus.

    Raises
    ------
    ValueError
        When there is not one positive spacing per axis, or `radius_um` or `min_spots` is not positive.
    """
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    if len(spacing_um) != len(axes) or min(spacing_um) <= 0:
        raise InputError(f"spacing_um: expected one positive number (µm) for each of {axes}, got {spacing_um}.")
    if radius_um <= 0 or min_spots < 1:
        raise InputError(f"radius_um must be above 0 and min_spots 1 or more, got {radius_um} and {min_spots}.")
    if len(spots) == 0:
        return spots.assign(focus_id=np.zeros(0, dtype=np.int64))
    places = spots[axes].to_numpy(dtype=np.float64) * np.asarray(spacing_um)
    return spots.assign(focus_id=_dense(places, radius=radius_um, min_points=min_spots))


def _dense(places: NDArray[np.float64], *, radius: float, min_points: int) -> NDArray[np.int64]:
    """(n,): number of each point's cluster, 0 = none; the same as scikit-learn's DBSCAN plus 1."""
    # Imported where it is used: most images have no foci to join.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_points = len(places)
    pairs = cKDTree(places).query_pairs(radius, output_type="ndarray")
    is_core = 1 + np.bincount(pairs.ravel(), minlength=n_points) >= min_points
    first, second = pairs[is_core[pairs].all(axis=1)].T
    graph = coo_matrix((np.ones(len(first), dtype=bool), (first, second)), shape=(n_points, n_points))
    _, group = connected_components(graph, directed=False)
    _, first_seen, number = np.unique(group[is_core], return_index=True, return_inverse=True)
    cluster = np.zeros(n_points, dtype=np.int64)
    cluster[is_core] = 1 + np.argsort(np.argsort(first_seen))[number]
    # Each end of a pair, with its other end: what lies near a core, and is none, joins the first of the clusters.
    for near, core in (pairs.T, pairs.T[::-1]):
        joins = ~is_core[near] & is_core[core]
        best = np.full(n_points, n_points + 1, dtype=np.int64)
        np.minimum.at(best, near[joins], cluster[core[joins]])
        is_nearer = (best <= n_points) & ~is_core & ((cluster == 0) | (best < cluster))
        cluster[is_nearer] = best[is_nearer]
    return cluster


def foci_table(spots: pd.DataFrame) -> pd.DataFrame:
    """One row per focus of spots with `focus_id` and `label_in_site`.

    Returns
    -------
    pandas.DataFrame
        Table SPOT_FOCI, with `z_px` in a stack. A focus belongs to the cell of most of its spots, of two with as many
        to the one with the smaller label.
    """
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    inside = spots[spots["focus_id"] > 0]
    groups = inside.groupby("focus_id", sort=True)
    counts = inside.groupby(["focus_id", "label_in_site"]).size().reset_index(name="n")
    counts = counts.sort_values(["focus_id", "n", "label_in_site"], ascending=[True, False, True])
    cell = counts.drop_duplicates("focus_id").set_index("focus_id")["label_in_site"]
    table = pd.DataFrame({"n_spots": groups.size(), **{axis: groups[axis].mean() for axis in axes}})
    table["label_in_site"] = cell.reindex(table.index).astype(np.int64)
    table = table.rename_axis("focus_id").reset_index().astype({"focus_id": np.int64, "n_spots": np.int64})
    return table[[*SPOT_FOCI.names, *(axis for axis in axes if axis == "z_px")]]


def count_per_cell(spots: pd.DataFrame, *, cell_ids: Iterable[int]) -> pd.DataFrame:
    """Spots, free spots, spots in foci and foci of every cell.

    Parameters
    ----------
    spots
        With `label_in_site`, `focus_id` and, if known, `nucleus_id` (else no spot counts as inside a nucleus).
    cell_ids
        Labels of all cells; those without spots count 0. Spots outside every cell are not counted.

    Returns
    -------
    pandas.DataFrame
        Table SPOTS_PER_CELL, in the order of `cell_ids`.

    Raises
    ------
    ValueError
        When a spot lies in a cell that is not listed.
    """
    ids = np.fromiter(cell_ids, dtype=np.int64)
    inside = spots[spots["label_in_site"] > 0]
    unknown = sorted(set(inside["label_in_site"]) - set(ids.tolist()))
    if unknown:
        raise InputError(f"cell_ids: expected the cells of all spots, but {unknown[:5]} are not listed.")

    def counted(frame: pd.DataFrame) -> NDArray[np.int64]:
        return np.asarray(frame.groupby("label_in_site").size().reindex(ids, fill_value=0), dtype=np.int64)

    is_clumped = inside["focus_id"] > 0
    in_nucleus = inside["nucleus_id"] > 0 if "nucleus_id" in inside else np.zeros(len(inside), dtype=bool)
    return pd.DataFrame(
        {
            "label_in_site": ids,
            "n_spots": counted(inside),
            "n_free": counted(inside[~is_clumped]),
            "n_in_foci": counted(inside[is_clumped]),
            "n_foci": counted(foci_table(spots)),
            "n_in_nucleus": counted(inside[in_nucleus]),
        }
    )[SPOTS_PER_CELL.names]
