"""How well profiles separate known classes on samples that were never seen: linear SVM, grouped by sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from wellspring.errors import InputError
from wellspring.profiling.intervals import metric_intervals
from wellspring.profiling.permutations import fold_of_samples, held_out_p_value, permuted_labels
from wellspring.profiling.profiles import Profiles
from wellspring.statistics import permutation_p_value, roc_area

__all__ = ["Unseen", "classification_metrics", "classification_rows", "network_rows", "unseen_scores"]

_KEYS = ("plate", "well", "sample", "label")
_TESTED = ("accuracy", "auroc")
# Equal metrics differ by less where they were summed in another order.
_ROUNDING = 1e-12
METRICS = ("accuracy", "recall", "precision", "f1", "auroc")


@dataclass(frozen=True)
class Unseen:
    """Wells that were predicted without their sample, of all folds.

    Attributes
    ----------
    wells : DataFrame
        Columns plate, well, sample, label, fold; a row per well.
    is_positive : (n,) bool
    score : (n,) float64
        Distance from the boundary, above 0: positive.
    """

    wells: pd.DataFrame
    is_positive: NDArray[np.bool_]
    score: NDArray[np.float64]


def unseen_scores(
    spaces: Mapping[int, Profiles], *, positive: Sequence[str], labels: Mapping[str, str] | None = None
) -> Unseen:
    """Fit a linear SVM on the wells that each fold has seen and score those that it has not.

    Features are standardised by the seen wells; classes weigh the same. The embedding of a fold was fitted without
    the samples that are scored in it, so nothing of them is known to either.

    Parameters
    ----------
    spaces
        Profiles by fold; fold 0 is not used.
    positive
        Classes that count as positive.
    labels
        Class of each sample, where it is not the wells' own: for permutations.
    """
    parts, truth, scores = [], [], []
    for fold, profiles in sorted(spaces.items()):
        if fold == 0:
            continue
        wells = profiles.wells
        label = wells["label"] if labels is None else wells["sample"].map(labels)
        is_positive = label.isin(list(positive)).to_numpy()
        seen = wells["is_seen"].to_numpy()
        if len(set(is_positive[seen])) < 2 or seen.all():
            continue
        model = make_pipeline(StandardScaler(), SVC(kernel="linear", class_weight="balanced"))
        model.fit(profiles.values[seen], is_positive[seen])
        parts.append(wells.loc[~seen, list(_KEYS)].assign(fold=fold))
        truth.append(is_positive[~seen])
        scores.append(np.asarray(model.decision_function(profiles.values[~seen]), dtype=np.float64))
    if not parts:
        return Unseen(pd.DataFrame(columns=[*_KEYS, "fold"]), np.array([], dtype=bool), np.array([]))
    return Unseen(pd.concat(parts, ignore_index=True), np.concatenate(truth), np.concatenate(scores))


def classification_metrics(is_positive: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, float]:
    """Metrics of table B.2.1 of Dincu 2021 and the area under the curve, as scikit-learn defines them.

    They are written out since scikit-learn's checks take most of the time of hundreds of permutations. What is not
    defined is 0, and NaN for the area.
    """
    predicted = score > 0
    n_positive, n_called = int(is_positive.sum()), int(predicted.sum())
    n_both = int((is_positive & predicted).sum())
    return {
        "accuracy": float((is_positive == predicted).mean()),
        "recall": n_both / n_positive if n_positive else 0.0,
        "precision": n_both / n_called if n_called else 0.0,
        "f1": 2 * n_both / (n_positive + n_called) if n_positive + n_called else 0.0,
        "auroc": roc_area(score, is_positive),
    }


def classification_rows(
    spaces: Mapping[int, Profiles],
    *,
    positive: Sequence[str],
    needs_classes: bool = False,
    n_permutations: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Accuracy, recall, precision, F1 and area under the curve on unseen wells (table B.2.1 of Dincu 2021).

    Intervals: see `metric_intervals`. The p-value of accuracy and of the area is the share of permutations of the
    samples' classes that do as well, (1 + such) / (1 + all). Classes are permuted among the samples that are unseen in
    the same fold, and boundaries are fitted anew; embeddings stay as they are, which is right where they were not given
    the classes. Where they were, the p-value is that of `held_out_p_value`, and NaN where too few samples are held out.

    Parameters
    ----------
    needs_classes
        Whether the embedding was fitted with the classes of the seen samples.

    Returns
    -------
    DataFrame
        Columns metric, value, lower, upper, p_value; empty when no fold has unseen wells.
    """
    unseen = unseen_scores(spaces, positive=positive)
    if not len(unseen.score):
        return pd.DataFrame(columns=["metric", "value", "lower", "upper", "p_value"])
    found = classification_metrics(unseen.is_positive, unseen.score)
    ends = metric_intervals(classification_metrics, unseen.wells, unseen.is_positive, unseen.score)
    if needs_classes:
        p_values = _held_out_p_values(unseen, positive=positive, n_permutations=n_permutations, rng=rng)
    else:
        p_values = _p_values(spaces, found, unseen, positive=positive, n_permutations=n_permutations, rng=rng)
    rows = [(name, found[name], *ends[name], p_values.get(name, np.nan)) for name in METRICS]
    return pd.DataFrame(rows, columns=["metric", "value", "lower", "upper", "p_value"])


def network_rows(
    scores: pd.DataFrame,
    annotations: pd.DataFrame,
    *,
    positive: Sequence[str],
) -> pd.DataFrame:
    """What a network's own last layer says of the classes of fields: the rest of table B.2.1 of Dincu 2021.

    Fields of the networks that left samples out, all folds together; where nothing was left out, of the one network.

    Parameters
    ----------
    scores
        Table `NETWORK_SCORES`.
    annotations
        Columns plate, well, sample, label.

    Returns
    -------
    DataFrame
        Columns metric, value, lower, upper, p_value and scope (train, validation, unseen): loss (mean binary
        cross-entropy), accuracy, recall, precision, f1, auroc. Intervals as of `metric_intervals`, of unseen fields
        only, and none of the loss. Empty when there are no scores.

    Raises
    ------
    ValueError
        When a score is NaN or infinite.
    """
    if not np.isfinite(scores["score"]).all():
        raise InputError(
            "profiling: expected numbers, but the network's own last values are not finite. The network diverged: "
            "lower profiling.networks.learning_rate, then run the rule profiling_embed again."
        )
    own = scores[scores["fold"] > 0] if (scores["fold"] > 0).any() else scores
    fields = own.merge(annotations[["plate", "well", "sample", "label"]], on=["plate", "well"], validate="m:1")
    rows = []
    for split, table in fields.groupby("split", sort=False):
        score, is_positive = table["score"].to_numpy(), table["label"].isin(list(positive)).to_numpy()
        found = {"loss": _cross_entropy(is_positive, score), **classification_metrics(is_positive, score - 0.5)}
        ends = dict[str, tuple[float, float]]()
        if split == "unseen":
            ends = metric_intervals(classification_metrics, table, is_positive, score - 0.5)
        rows += [(name, found[name], *ends.get(name, (np.nan, np.nan)), np.nan, split) for name in found]
    return pd.DataFrame(rows, columns=["metric", "value", "lower", "upper", "p_value", "scope"])


def _cross_entropy(is_positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    return float(log_loss(is_positive, score, labels=[False, True]))


def _p_values(
    spaces: Mapping[int, Profiles],
    found: Mapping[str, float],
    unseen: Unseen,
    *,
    positive: Sequence[str],
    n_permutations: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    samples = fold_of_samples(unseen.wells)
    as_good = dict.fromkeys(_TESTED, 0)
    for _ in range(n_permutations):
        other = unseen_scores(spaces, positive=positive, labels=permuted_labels(samples, rng=rng))
        null = classification_metrics(other.is_positive, other.score)
        for name in as_good:
            as_good[name] += int(null[name] >= found[name] - _ROUNDING)
    if not n_permutations:
        return {}
    return {name: float(permutation_p_value(n, n_permutations=n_permutations)) for name, n in as_good.items()}


def _held_out_p_values(
    unseen: Unseen, *, positive: Sequence[str], n_permutations: int, rng: np.random.Generator
) -> dict[str, float]:
    wells = unseen.wells.assign(score=unseen.score)

    def statistic(own: pd.DataFrame, labels: NDArray[np.object_], *, name: str) -> float:
        is_positive = np.array([label in positive for label in labels])
        return classification_metrics(is_positive, own["score"].to_numpy())[name]

    return {
        name: held_out_p_value(wells, partial(statistic, name=name), n_permutations=n_permutations, rng=rng)
        for name in _TESTED
    }
