"""The space of embeddings in which drift is measured: principal components of the training fields, whitened."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from wellspring.errors import InputError
from wellspring.labelling.drift.kernels import checked_rows

__all__ = ["Space", "distance", "distance_limit", "fit_space", "nearest_rows", "projected"]


@dataclass(frozen=True)
class Space:
    """Mean and scale of embeddings, and their components.

    Attributes
    ----------
    mean, scale : (d,) float
        Of the training fields.
    components : (k, d) float
        Of standardised embeddings, each over its standard deviation.
    explained : float
        Share of the variance.
    n : int
        Rows it was fitted to.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    components: NDArray[np.float64]
    explained: float
    n: int


def fit_space(embeddings: ArrayLike, *, explained: float = 0.9, most: int = 32) -> Space:
    """Principal components of standardised training embeddings.

    Parameters
    ----------
    embeddings : (n, d) float
        A row per training field. Columns that do not vary are left out.
    explained
        Components are taken until they hold this share of the variance; at most `most`, and at most a fifth of the
        rows, so that their variances are known.

    Raises
    ------
    ValueError
        With fewer than ten rows, NaN, or equal rows.
    """
    rows = checked_rows(embeddings, name="drift training embeddings", least=10)
    mean, spread = rows.mean(axis=0), rows.std(axis=0, ddof=1)
    varies = spread > 1e-9 * np.maximum(np.abs(mean), 1e-9)
    scale = np.where(varies, spread, np.inf)
    _, singular, axes = np.linalg.svd((rows - mean) / scale, full_matrices=False)
    shares = np.cumsum(singular**2) / (singular**2).sum()
    n_kept = min(int(np.searchsorted(shares, explained) + 1), most, max(len(rows) // 5, 1), int((singular > 0).sum()))
    deviations = singular[:n_kept] / np.sqrt(len(rows) - 1)
    return Space(mean, scale, axes[:n_kept] / deviations[:, None], float(shares[n_kept - 1]), len(rows))


def projected(space: Space, embeddings: ArrayLike) -> NDArray[np.float64]:
    """(n, k) whitened coordinates of (n, d) embeddings.

    Raises
    ------
    ValueError
        When rows have another number of columns, or NaN.
    """
    rows = np.asarray(embeddings, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(space.mean) or not np.isfinite(rows).all():
        raise InputError(
            f"drift: expected embeddings of {len(space.mean)} finite numbers, got an array of shape {rows.shape} or "
            "NaN. Use the model that the space was made with."
        )
    return np.asarray(((rows - space.mean) / space.scale) @ space.components.T)


def distance(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) Mahalanobis distances of whitened coordinates from the middle of the training fields."""
    return np.asarray(np.sqrt((coordinates**2).sum(axis=1)))


def distance_limit(space: Space, *, expected_run: float) -> float:
    """The distance that a new field like the training fields exceeds once in `expected_run` (Hotelling's T²)."""
    n, k = space.n, len(space.components)
    factor = k * (n - 1) * (n + 1) / (n * (n - k))
    return float(np.sqrt(factor * stats.f.isf(1 / expected_run, k, n - k)))


def nearest_rows(
    reference: NDArray[np.float64], rows: NDArray[np.float64], *, n: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(m, n) places of the nearest rows of the reference, nearest first, and their distances."""
    gaps = np.sqrt(((rows[:, None, :] - reference[None, :, :]) ** 2).sum(axis=2))
    order = np.argsort(gaps, axis=1, kind="stable")[:, :n]
    return order, np.take_along_axis(gaps, order, axis=1)
