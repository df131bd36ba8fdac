"""Molecules of one cell in the parts of it: density of points or of intensity relative to the whole cytoplasm."""

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["cumulative_share", "point_weights", "relative_densities"]


def point_weights(points: NDArray[np.floating], *, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(Y, X) float64: how many points (n, 2), y and x in px, are in each pixel; those beyond the image are left out."""
    rows, columns = (np.rint(points[:, axis]).astype(np.intp) for axis in (0, 1))
    is_inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    flat = rows[is_inside] * shape[1] + columns[is_inside]
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def relative_densities(
    weights: NDArray[np.floating],
    parts: NDArray[np.integer],
    *,
    n_parts: int,
    volume: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Density of each part over that of all parts together: 1 where molecules are spread evenly.

    Parameters
    ----------
    weights : (Y, X) float
        Points in a pixel, or its intensity.
    parts : (Y, X) int
        1 to `n_parts`; 0 does not count.
    volume : (Y, X) float, or None
        Height of the cell over each pixel, in any unit; None: all the same, so that densities are per area.

    Returns
    -------
    (n_parts,) float64
        NaN in a part without volume, and everywhere without molecules.

    Raises
    ------
    ValueError
        When shapes differ or a weight is below 0.
    """
    if weights.shape != parts.shape or (volume is not None and volume.shape != parts.shape):
        raise InputError(
            f"densities: expected maps of shape {parts.shape}, got {weights.shape}. Give maps of one image."
        )
    if weights.size and weights.min() < 0:
        raise InputError(f"densities: expected weights of 0 or more, got {weights.min()}. Subtract no more background.")
    label = parts.ravel()
    space = np.ones(label.shape) if volume is None else volume.ravel().astype(np.float64)
    found, size = (
        np.bincount(label, weights=values, minlength=n_parts + 1)[1 : n_parts + 1]
        for values in (weights.ravel().astype(np.float64), space)
    )
    if found.sum() == 0 or size.sum() == 0:
        return np.full(n_parts, np.nan)
    shares = np.divide(size, size.sum(), out=np.full(n_parts, np.nan), where=size > 0)
    return np.asarray(found / found.sum() / shares)


def cumulative_share(
    weights: NDArray[np.floating],
    isoline: NDArray[np.floating],
    *,
    n: int = 100,
    volume: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the molecules, and of the volume, between the membrane and each isoline.

    Parameters
    ----------
    weights, volume
        As of `relative_densities`.
    isoline : (Y, X) float
        0 (membrane) to 100 (nuclear edge); NaN outside the cytoplasm.

    Returns
    -------
    molecules, volume : (n,) float64
        Up to isoline 100 / n, 200 / n, ..., 100. The first is NaN without molecules, both are without cytoplasm.
    """
    is_known = np.isfinite(isoline)
    bins = np.minimum((isoline[is_known] * n / 100).astype(np.intp), n - 1)
    space = np.ones(len(bins)) if volume is None else volume[is_known].astype(np.float64)
    curves = []
    for values in (weights[is_known].astype(np.float64), space):
        total = values.sum()
        counts = np.bincount(bins, weights=values, minlength=n)
        curves.append(np.cumsum(counts) / total if total > 0 else np.full(n, np.nan))
    return curves[0], curves[1]
