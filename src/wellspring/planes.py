"""Rows of features in a plane in which near ones stay near: UMAP and t-SNE."""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["plane_of"]

_LEAST_ROWS = 5


def plane_of(method: str, values: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Two coordinates of each row by ``umap`` (McInnes 2018) or ``tsne`` (van der Maaten 2008), Euclidean distances.

    15 neighbours and a perplexity of 30, fewer where there are few rows. The same seed gives the same map.

    Parameters
    ----------
    values : (n, d) float64

    Returns
    -------
    (n, 2) float64
        NaN below 5 rows, or where all are equal.

    Raises
    ------
    ValueError
        For another method.
    """
    if method not in ("umap", "tsne"):
        raise InputError(f"expected umap or tsne, got {method!r}.")
    n = len(values)
    if n < _LEAST_ROWS or len(np.unique(values, axis=0)) < _LEAST_ROWS:
        return np.full((n, 2), np.nan)
    if method == "tsne":
        from sklearn.manifold import TSNE

        model: Any = TSNE(2, perplexity=min(30.0, (n - 1) / 3), init="random", random_state=seed)
    else:
        model = _umap_class()(n_components=2, n_neighbors=min(15, n - 1), init="random", random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(values), dtype=np.float64)


def _umap_class() -> Any:
    """The class UMAP. Its package would load TensorFlow for a variant that is not used: it sees none."""
    hidden: Any = None if "tensorflow" in sys.modules else {"tensorflow": None}
    sys.modules.update(hidden or {})
    try:
        with warnings.catch_warnings():
            # That the variant is missing.
            warnings.simplefilter("ignore", ImportWarning)
            from umap import UMAP
    finally:
        if hidden:
            del sys.modules["tensorflow"]
    return UMAP
