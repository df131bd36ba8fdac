"""What can be read from embeddings: clusters, corrupted or clean, severity; and pictures of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.planes import plane_of
from wellspring.statistics import roc_area

__all__ = ["CLUSTERINGS", "MAPS", "cluster_labels", "corrupted_f1", "picture", "severity_probe", "trust"]

CLUSTERINGS = ("kmeans", "dbscan", "hdbscan")
MAPS = ("pca", "umap", "pacmap")
_Rows = NDArray[np.floating]


def cluster_labels(rows: _Rows, *, method: str, n_clusters: int = 2, seed: int = 0) -> NDArray[np.int64]:
    """Clusters of (n, d) rows in the space of principal components; -1 is noise.

    ``kmeans`` finds `n_clusters`. ``dbscan`` takes as radius the 90th percentile of the distance to the fifth
    neighbour. ``hdbscan`` needs five rows for a cluster.

    Raises
    ------
    ValueError
        For another method, or fewer than ten rows.
    """
    from sklearn.cluster import DBSCAN, HDBSCAN, KMeans
    from sklearn.neighbors import NearestNeighbors

    if method not in CLUSTERINGS or len(rows) < 10:
        names = ", ".join(CLUSTERINGS)
        raise InputError(f"clusters: expected {names} of ten rows or more, got {method} of {len(rows)}.")
    if method == "kmeans":
        return np.asarray(KMeans(n_clusters, n_init=10, random_state=seed).fit_predict(rows), dtype=np.int64)
    if method == "hdbscan":
        return np.asarray(HDBSCAN(min_cluster_size=5, copy=True).fit_predict(rows), dtype=np.int64)
    gaps, _ = NearestNeighbors(n_neighbors=6).fit(rows).kneighbors(rows)
    radius = float(np.percentile(gaps[:, 5], 90))
    return np.asarray(DBSCAN(eps=max(radius, 1e-12), min_samples=5).fit_predict(rows), dtype=np.int64)


def corrupted_f1(
    clusters: NDArray[np.integer], is_corrupted: NDArray[np.bool_], fields: Sequence[str], *, rng: np.random.Generator
) -> float:
    """F1 of calling rows corrupted by their cluster, where half of the fields name the clusters and the others judge.

    A cluster is called corrupted when more than half of its rows from the naming fields are; one without such rows is
    not. All rows of a field, corrupted or not, are on one side. The mean over 20 halves; 0 where nothing is called
    corrupted.
    """
    codes = np.unique(np.asarray(fields), return_inverse=True)[1]
    found = []
    for _ in range(20):
        names = rng.permutation(codes.max() + 1) < (codes.max() + 1) // 2
        is_naming = names[codes]
        called = {
            one for one in np.unique(clusters[is_naming]) if is_corrupted[is_naming & (clusters == one)].mean() > 0.5
        }
        said, true = np.isin(clusters[~is_naming], list(called)), is_corrupted[~is_naming]
        n_right = int((said & true).sum())
        found.append(2 * n_right / max(int(said.sum() + true.sum()), 1))
    return float(np.mean(found))


def severity_probe(rows: _Rows, is_corrupted: NDArray[np.bool_], fields: Sequence[str], *, n_folds: int = 5) -> float:
    """Area under the ROC curve of a logistic regression that calls rows corrupted, on fields that it was not fitted to.

    A map that shows corruption has a high area; one with 0.5 shows nothing of it. Rows are standardised with the fitted
    fields.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scores = np.zeros(len(rows))
    for fitted, judged in GroupKFold(n_folds).split(rows, is_corrupted, list(fields)):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        scores[judged] = model.fit(rows[fitted], is_corrupted[fitted]).decision_function(rows[judged])
    return roc_area(scores, is_corrupted)


def picture(rows: _Rows, *, method: str, seed: int = 0) -> NDArray[np.float64]:
    """(n, 2) places for a picture: the first two columns (``pca``), UMAP or PaCMAP. Nothing is computed from them.

    Raises
    ------
    ValueError
        For another method, or when PaCMAP, which the extra ``maps`` installs, is not there.
    """
    if method == "pca":
        return np.asarray(rows[:, :2], dtype=np.float64)
    if method == "umap":
        return plane_of("umap", np.asarray(rows, dtype=np.float64), seed=seed)
    if method == "pacmap":
        try:
            import pacmap
        except ImportError as error:
            raise InputError("maps: PaCMAP is not installed. Install it: pip install 'wellspring[maps]'.") from error
        return np.asarray(pacmap.PaCMAP(n_components=2, random_state=seed).fit_transform(rows), dtype=np.float64)
    raise InputError(f"maps: expected one of {', '.join(MAPS)}, got {method}.")


def trust(rows: _Rows, places: _Rows, *, n_neighbors: int = 5) -> float:
    """Trustworthiness of a picture: 1 where neighbours in it are neighbours in the rows (Venna and Kaski 2001)."""
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(rows, places, n_neighbors=n_neighbors))
