"""Boosted decision trees as plain arrays: fitted by scikit-learn, stored and used without it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trees", "fit_trees"]

# Samples times trees that are walked at once.
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Trees:
    """Trees of all classes, their nodes one after the other.

    Attributes
    ----------
    roots : (n_trees,) int32
        Node with which each tree starts.
    of_class : (n_trees,) int32
        To whose score its leaves are added.
    feature : (n_nodes,) int32
        By which a node divides; -1: it is a leaf.
    threshold : (n_nodes,) float64
        A sample goes left if its feature is no larger.
    is_missing_left : (n_nodes,) bool
        Where a sample without that feature goes.
    left, right : (n_nodes,) int32
    value : (n_nodes,) float32
        Of a leaf.
    baseline : (n_classes,) float32
    """

    roots: NDArray[np.int32]
    of_class: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    is_missing_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    baseline: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, n_classes) sums of the leaves of samples (n, n_features), before they become probabilities."""
        table = np.asarray(features, dtype=np.float32)
        step = max(_BLOCK // max(len(self.roots), 1), 1)
        parts = [self._scores(table[start : start + step]) for start in range(0, len(table), step)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.baseline)))

    def _scores(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        node = np.repeat(self.roots[:, None], len(table), axis=1)
        sample = np.broadcast_to(np.arange(len(table)), node.shape)
        active = self.feature[node] >= 0
        while active.any():
            at, row = node[active], sample[active]
            value = table[row, self.feature[at]]
            goes_left = np.where(np.isnan(value), self.is_missing_left[at], value <= self.threshold[at])
            node[active] = np.where(goes_left, self.left[at], self.right[at])
            active[active] = self.feature[node[active]] >= 0
        total = np.zeros((len(self.baseline), len(table)))
        np.add.at(total, self.of_class, self.value[node])
        return np.asarray(total.T + self.baseline)


def fit_trees(
    features: NDArray[np.float32],
    classes: NDArray[np.integer],
    *,
    n_rounds: int,
    learning_rate: float,
    n_leaves: int,
    l2: float,
    seed: int,
    weights: Sequence[float] | NDArray[np.float64] | None = None,
) -> Trees:
    """Gradient boosting on histograms (`sklearn.ensemble.HistGradientBoostingClassifier`), as `Trees`.

    Parameters
    ----------
    features : (n, n_features) float32
        NaN: not known.
    classes : (n,) int
        From 0; two classes or more, each with a sample.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=n_rounds,
        learning_rate=learning_rate,
        max_leaf_nodes=n_leaves,
        min_samples_leaf=20,
        l2_regularization=l2,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(features, classes, sample_weight=weights)
    rounds = model._predictors
    # Of two classes there is one tree a round, whose score is that of the second; the first has 0.
    n_trees = len(rounds[0])
    first = 1 if n_trees == 1 else 0
    nodes = [tree.nodes for one in rounds for tree in one]
    starts = np.cumsum([0, *(len(one) for one in nodes)])[:-1].astype(np.int32)
    joined = np.concatenate(nodes)
    shift = np.repeat(starts, [len(one) for one in nodes])
    is_leaf = joined["is_leaf"].astype(bool)
    baseline = np.asarray(model._baseline_prediction, dtype=np.float32).ravel()
    return Trees(
        roots=starts,
        of_class=np.tile(np.arange(first, first + n_trees, dtype=np.int32), len(rounds)),
        feature=np.where(is_leaf, -1, joined["feature_idx"]).astype(np.int32),
        threshold=joined["num_threshold"].astype(np.float64),
        is_missing_left=joined["missing_go_to_left"].astype(bool),
        left=(joined["left"].astype(np.int32) + shift).astype(np.int32),
        right=(joined["right"].astype(np.int32) + shift).astype(np.int32),
        value=np.where(is_leaf, joined["value"], 0).astype(np.float32),
        baseline=np.concatenate([np.zeros(first, np.float32), baseline]),
    )
