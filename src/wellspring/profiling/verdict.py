"""Every judgement on one embedding: table `VERDICT` and the wells' clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.metrics import homogeneity_completeness_v_measure

from wellspring.planes import plane_of
from wellspring.profiling.batch_effects import batch_rows, whitened
from wellspring.profiling.classification import classification_rows, network_rows, unseen_scores
from wellspring.profiling.clustering import (
    agreement_p_value,
    cluster_labels,
    cluster_metrics,
    cluster_stability,
    unseen_clusters,
)
from wellspring.profiling.profiles import Profiles, robust_standardized
from wellspring.profiling.retrieval import retrieval
from wellspring.profiling.tables import CLUSTERS, VERDICT

__all__ = ["Judgement", "judged"]

_MOST_CLUSTERS = 6


@dataclass(frozen=True)
class Judgement:
    """Tables `VERDICT` and `CLUSTERS` of one method."""

    verdict: pd.DataFrame
    clusters: pd.DataFrame


def judged(
    method: str,
    spaces: Mapping[int, Profiles],
    *,
    scores: pd.DataFrame | None = None,
    positive: Sequence[str],
    controls: Sequence[str],
    batch_columns: Sequence[str],
    needs_classes: bool,
    n_permutations: int,
    n_bootstraps: int,
    seed: int,
) -> Judgement:
    """Judge one method by classification, clusters, retrieval and batch effects.

    Parameters
    ----------
    method
        Name of the embedding.
    spaces
        Profiles by fold, fold 0 fitted with all samples.
    scores
        Table `NETWORK_SCORES` of a classifying network.
    positive
        Classes that count as positive in the classification.
    controls
        Classes that the whitening takes as its reference.
    batch_columns
        Annotations of the wells whose share of the variance is reported.
    needs_classes
        Whether the embedding was fitted with the known classes, so that their share of the variance is no evidence, and
        p-values are those of held-out samples.

    Returns
    -------
    Judgement
        Clusters, retrieval and batches of scope ``all`` use fold 0; so do those of scope ``components``, k-means in the
        plane of its first two principal components, as Dincu (2021) has it. Clusters of scope ``unseen``: see
        `unseen_clusters`; their index and silhouette are means over the folds, weighted by wells. ``robust z`` is the
        classification after `robust_standardized`.
    """
    rng = np.random.default_rng(seed)
    classified = classification_rows(
        spaces, positive=positive, needs_classes=needs_classes, n_permutations=n_permutations, rng=rng
    )
    parts = [classified.assign(question="classification", scope="unseen")]
    even = {fold: robust_standardized(profiles) for fold, profiles in spaces.items()}
    corrected = classification_rows(even, positive=positive, n_permutations=0, rng=rng)
    parts.append(corrected.assign(question="classification", scope="robust z"))
    whole = spaces[0]
    parts.append(_rows(_clustered(whole, n_bootstraps=n_bootstraps, rng=rng, seed=seed), "clusters", "all"))
    parts.append(_rows(_in_plane(whole, seed=seed), "clusters", "components"))
    assigned = unseen_clusters(spaces, n_clusters=2, seed=seed)
    p_value = agreement_p_value(assigned, needs_classes=needs_classes, n_permutations=n_permutations, rng=rng)
    parts.append(_unseen_rows(spaces, assigned, p_value=p_value))
    samples, plates = _texts(whole, "sample"), _texts(whole, "plate")
    found = retrieval(whole.values, samples, plates=plates, n_permutations=n_permutations, rng=rng)
    parts.append(_rows({"mean_average_precision": found.mean, "share_found": found.share_found}, "retrieval", "all"))
    is_control = whole.wells["label"].isin(list(controls)).to_numpy()
    forms = {"before": whole, "robust z": even[0], "whitened": whitened(whole, is_control=is_control)}
    informed = tuple(forms) if needs_classes else ("whitened",)
    parts.append(batch_rows(forms, columns=batch_columns, informed=informed, n_permutations=n_permutations, rng=rng))
    if scores is not None:
        own = network_rows(scores, whole.wells, positive=positive)
        parts.append(own.assign(question="network"))
    verdict = pd.concat([part for part in parts if len(part)], ignore_index=True).assign(method=method)
    return Judgement(verdict[VERDICT.names], _cluster_table(method, spaces, assigned, positive=positive, seed=seed))


def _rows(values: Mapping[str, float], question: str, scope: str) -> pd.DataFrame:
    rows = [(name, value, np.nan, np.nan, np.nan) for name, value in values.items()]
    table = pd.DataFrame(rows, columns=["metric", "value", "lower", "upper", "p_value"])
    return table.assign(question=question, scope=scope)


def _texts(profiles: Profiles, column: str) -> NDArray[np.str_]:
    return np.asarray(profiles.wells[column].tolist(), dtype=np.str_)


def _clustered(profiles: Profiles, *, n_bootstraps: int, rng: np.random.Generator, seed: int) -> dict[str, float]:
    labels = _texts(profiles, "label")
    found: dict[str, float] = {}
    for name, clusters in vars(cluster_labels(profiles.values, n_clusters=2, seed=seed)).items():
        found |= {f"{name} {key}": v for key, v in cluster_metrics(profiles.values, clusters, labels).items()}
    for k in range(3, min(_MOST_CLUSTERS, len(profiles.values) - 1) + 1):
        clusters = cluster_labels(profiles.values, n_clusters=k, seed=seed).kmeans
        metrics = cluster_metrics(profiles.values, clusters, labels)
        found |= {f"kmeans {k} {key}": metrics[key] for key in ("v_measure", "silhouette")}
    n_drawn = min(50, n_bootstraps)
    return found | {"kmeans stability": cluster_stability(profiles.values, n_clusters=2, n_bootstraps=n_drawn, rng=rng)}


def _in_plane(profiles: Profiles, *, seed: int) -> dict[str, float]:
    plane = _principal_plane(profiles.values)
    clusters = cluster_labels(plane, n_clusters=2, seed=seed).kmeans
    return {f"kmeans {key}": v for key, v in cluster_metrics(plane, clusters, _texts(profiles, "label")).items()}


def _principal_plane(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """First two principal components, (n, 2); 0 where there are fewer, or nothing varies."""
    plane = np.zeros((len(values), 2))
    n_components = min(2, *values.shape)
    if (values != values[:1]).any():
        plane[:, :n_components] = PCA(n_components).fit_transform(values)
    return plane


def _unseen_rows(spaces: Mapping[int, Profiles], assigned: pd.DataFrame, *, p_value: float) -> pd.DataFrame:
    if not len(assigned):
        return _rows({}, "clusters", "unseen")
    names = ("kmeans homogeneity", "kmeans completeness", "kmeans v_measure")
    agreement = homogeneity_completeness_v_measure(assigned["label"], assigned["cluster"])
    found = dict(zip(names, map(float, agreement), strict=True))
    n_first = int((assigned["cluster"] == assigned["cluster"].iloc[0]).sum())
    sizes = sorted((n_first, len(assigned) - n_first))
    found |= {"kmeans smaller": float(sizes[0]), "kmeans larger": float(sizes[1])}
    shapes, weights = [], []
    for profiles in spaces.values():
        unseen = profiles.at(~profiles.wells["is_seen"].to_numpy(dtype=bool))
        keyed = unseen.wells[["plate", "well"]].merge(assigned, on=["plate", "well"])
        if len(keyed) and len(keyed) == len(unseen.values):
            shapes.append(
                cluster_metrics(unseen.values, keyed["cluster"].to_numpy(dtype=np.int64), _texts(unseen, "label"))
            )
            weights.append(len(keyed))
    for name in ("davies_bouldin", "silhouette"):
        values = np.array([shape[name] for shape in shapes])
        is_defined = np.isfinite(values)
        mean = np.average(values[is_defined], weights=np.array(weights)[is_defined]) if is_defined.any() else np.nan
        found[f"kmeans {name}"] = float(mean)
    table = _rows(found, "clusters", "unseen")
    return table.assign(p_value=np.where(table["metric"] == "kmeans v_measure", p_value, np.nan))


def _cluster_table(
    method: str, spaces: Mapping[int, Profiles], assigned: pd.DataFrame, *, positive: Sequence[str], seed: int
) -> pd.DataFrame:
    whole = spaces[0]
    labels = cluster_labels(whole.values, n_clusters=2, seed=seed)
    table = whole.wells[["plate", "well", "sample", "label"]].assign(method=method, **vars(labels))
    table[["pc_1", "pc_2"]] = _principal_plane(whole.values)
    for name in ("umap", "tsne"):
        table[[f"{name}_1", f"{name}_2"]] = plane_of(name, whole.values, seed=seed)
    unseen = unseen_scores(spaces, positive=positive)
    scored = unseen.wells[["plate", "well"]].assign(unseen_score=unseen.score)
    table = table.merge(scored, on=["plate", "well"], how="left", validate="1:1")
    table["kmeans_3"] = cluster_labels(whole.values, n_clusters=3, seed=seed).kmeans
    three = unseen_clusters(spaces, n_clusters=3, seed=seed)
    for name, found in (("unseen_kmeans", assigned), ("unseen_kmeans_3", three)):
        placed = found[["plate", "well"]].assign(**{name: found["cluster"]})
        table = table.merge(placed, on=["plate", "well"], how="left", validate="1:1")
        table[name] = table[name].fillna(-1).astype(np.int64)
    table["unseen_score"] = table["unseen_score"].astype(np.float64)
    return table[CLUSTERS.names]
