"""Clusters of wells without their classes, and how well they agree with these (table 6.1 of Dincu 2021)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import (
    adjusted_rand_score,
    davies_bouldin_score,
    homogeneity_completeness_v_measure,
    silhouette_score,
    v_measure_score,
)
from sklearn.preprocessing import StandardScaler

from wellspring.profiling.dendrograms import directed
from wellspring.profiling.permutations import fold_of_samples, held_out_p_value, permuted_labels
from wellspring.profiling.profiles import Profiles
from wellspring.statistics import permutation_p_value

__all__ = [
    "ClusterLabels",
    "agreement_p_value",
    "cluster_labels",
    "cluster_metrics",
    "cluster_stability",
    "unseen_clusters",
]

_LEAST_WELLS = 5


@dataclass(frozen=True)
class ClusterLabels:
    """Cluster of each well, (n,) int64, by three methods."""

    kmeans: NDArray[np.int64]
    agglomerative: NDArray[np.int64]
    hdbscan: NDArray[np.int64]


def cluster_labels(values: NDArray[np.float64], *, n_clusters: int, seed: int) -> ClusterLabels:
    """K-means (Euclidean), agglomerative clustering (cosine distance, average linkage) and HDBSCAN.

    Below 5 wells there is one cluster.

    Parameters
    ----------
    values : (n, d) float
    n_clusters
        Of the first two.
    """
    n = len(values)
    if n < _LEAST_WELLS:
        one = np.zeros(n, dtype=np.int64)
        return ClusterLabels(one, one, one)
    k = min(n_clusters, len(np.unique(values, axis=0)))
    kmeans = KMeans(k, n_init=10, random_state=seed).fit_predict(values)
    merged = AgglomerativeClustering(k, metric="cosine", linkage="average").fit_predict(directed(values))
    dense = HDBSCAN(min_cluster_size=max(2, min(5, n // 4)), copy=True).fit_predict(
        StandardScaler().fit_transform(values)
    )
    return ClusterLabels(kmeans.astype(np.int64), merged.astype(np.int64), dense.astype(np.int64))


def cluster_metrics(
    values: NDArray[np.float64], clusters: NDArray[np.int64], labels: NDArray[np.str_]
) -> dict[str, float]:
    """Homogeneity, completeness and V-measure against known classes; Davies-Bouldin index and silhouette; sizes.

    ``smaller`` and ``larger`` are the wells of the smallest and the largest cluster; the first is 0 where there is one
    cluster. Davies-Bouldin index and silhouette are NaN where there is one cluster, or as many as wells; the first
    three where there is one class.
    """
    homogeneity, completeness, v_measure = (
        homogeneity_completeness_v_measure(labels, clusters) if len(set(labels.tolist())) > 1 else (np.nan,) * 3
    )
    sizes = np.unique(clusters, return_counts=True)[1]
    n_clusters = len(sizes)
    defined = 2 <= n_clusters < len(values)
    return {
        "homogeneity": float(homogeneity),
        "completeness": float(completeness),
        "v_measure": float(v_measure),
        "davies_bouldin": float(davies_bouldin_score(values, clusters)) if defined else float("nan"),
        "silhouette": float(silhouette_score(values, clusters)) if defined else float("nan"),
        "smaller": float(sizes.min()) if n_clusters > 1 else 0.0,
        "larger": float(sizes.max(initial=0)),
    }


def unseen_clusters(spaces: Mapping[int, Profiles], *, n_clusters: int, seed: int) -> pd.DataFrame:
    """Cluster of each well by k-means centres that were found without its sample.

    In the space of each fold, k-means is fitted to the wells that the fold has seen, and those that it has not go to
    the nearest centre. The clusters of a fold get the numbers of those of all wells (fold 0) with which they share most
    seen wells, one to one, so that folds can be put together; classes are not asked.

    Returns
    -------
    DataFrame
        Columns plate, well, sample, label, cluster, fold; without the wells of a fold that has seen fewer than 5 wells,
        or fewer different ones than clusters, and without any when there are no folds.
    """
    parts = []
    whole = spaces[0]
    reference = cluster_labels(whole.values, n_clusters=n_clusters, seed=seed).kmeans
    known = {key: int(one) for key, one in zip(_keys(whole.wells), reference, strict=True)}
    for fold, profiles in sorted(spaces.items()):
        seen = profiles.wells["is_seen"].to_numpy(dtype=bool)
        if fold == 0 or seen.all() or seen.sum() < _LEAST_WELLS:
            continue
        if len(np.unique(profiles.values[seen], axis=0)) < n_clusters:
            continue
        model = KMeans(n_clusters, n_init=10, random_state=seed).fit(profiles.values[seen])
        as_whole = np.array([known[key] for key in _keys(profiles.wells[seen])])
        shared = np.zeros((n_clusters, n_clusters), dtype=np.int64)
        np.add.at(shared, (model.labels_, as_whole), 1)
        name_of = linear_sum_assignment(shared, maximize=True)[1]
        own = profiles.wells.loc[~seen, ["plate", "well", "sample", "label"]]
        parts.append(own.assign(cluster=name_of[model.predict(profiles.values[~seen])].astype(np.int64), fold=fold))
    columns = ["plate", "well", "sample", "label", "cluster", "fold"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _keys(wells: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(wells["plate"], wells["well"], strict=True))


def agreement_p_value(
    wells: pd.DataFrame, *, needs_classes: bool = False, n_permutations: int, rng: np.random.Generator
) -> float:
    """Share of permutations of the samples' classes with a V-measure as high, (1 + such) / (1 + all).

    Parameters
    ----------
    wells
        Columns sample, label, fold, cluster; wells of a sample keep one class, and folds theirs.
    needs_classes
        Whether the clusters were found in a space that was made with the classes of the seen samples: then the p-value
        is that of `held_out_p_value`.

    Returns
    -------
    float
        NaN without wells or permutations, or as of `held_out_p_value`.
    """
    if not len(wells) or not n_permutations:
        return float("nan")
    if needs_classes:
        return held_out_p_value(wells, _agreement, n_permutations=n_permutations, rng=rng)
    samples, names = fold_of_samples(wells), wells["sample"].tolist()
    found, as_high = _agreement(wells, wells["label"].to_numpy(dtype=object)), 0
    for _ in range(n_permutations):
        labels = permuted_labels(samples, rng=rng)
        as_high += int(_agreement(wells, np.array([labels[name] for name in names])) >= found - 1e-12)
    return float(permutation_p_value(as_high, n_permutations=n_permutations))


def _agreement(wells: pd.DataFrame, labels: NDArray[np.object_]) -> float:
    return float(v_measure_score(labels, wells["cluster"].to_numpy()))


def cluster_stability(
    values: NDArray[np.float64], *, n_clusters: int, n_bootstraps: int, rng: np.random.Generator
) -> float:
    """Mean adjusted Rand index between k-means of all wells and k-means fitted to bootstrap samples of them.

    1: the same clusters whichever wells were there; 0: no more alike than by chance. NaN below 5 wells.
    """
    if len(values) < _LEAST_WELLS or len(np.unique(values, axis=0)) < n_clusters:
        return float("nan")
    whole = KMeans(n_clusters, n_init=10, random_state=0).fit_predict(values)
    found = []
    for _ in range(n_bootstraps):
        rows = rng.integers(0, len(values), len(values))
        if len(np.unique(values[rows], axis=0)) >= n_clusters:
            model = KMeans(n_clusters, n_init=3, random_state=0).fit(values[rows])
            found.append(adjusted_rand_score(whole, model.predict(values)))
    return float(np.mean(found)) if found else float("nan")
