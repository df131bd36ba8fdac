"""Dendrograms of wells by cosine distance."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["dendrogram_linkage", "directed"]


def directed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`values` (n, d) in which a vector of zeros, which has no direction, gets an equal share of each axis."""
    zero = np.abs(values).sum(axis=1, keepdims=True) == 0
    return np.where(zero, 1e-12, values)


def dendrogram_linkage(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n - 1, 4) linkage by average cosine distance, as `scipy.cluster.hierarchy.dendrogram` takes it."""
    from scipy.cluster.hierarchy import linkage

    return np.asarray(linkage(directed(values), method="average", metric="cosine"))
