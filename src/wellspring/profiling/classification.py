"""How well profiles separate known classes on samples that were never seen: linear SVM, grouped by sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from wellspring.errors import InputError
from wellspring.profiling.profiles import Profiles
from wellspring.statistics import percentile_interval, permutation_p_value, roc_area

__all__ = ["Unseen", "classification_metrics", "classification_rows", "network_rows", "unseen_scores"]

_KEYS = ("plate", "well", "sample", "label")
METRICS = ("accuracy", "recall", "precision", "f1", "auroc")


@dataclass(frozen=True)
class Unseen:
    """Wells that were predicted without their sample, of all folds.

    Attributes
    ----------
    wells : DataFrame
        Columns plate, well, sample, label; a row per well.
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
        parts.append(wells.loc[~seen, list(_KEYS)])
        truth.append(is_positive[~seen])
        scores.append(np.asarray(model.decision_function(profiles.values[~seen]), dtype=np.float64))
    if not parts:
        return Unseen(pd.DataFrame(columns=list(_KEYS)), np.array([], dtype=bool), np.array([]))
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
    n_permutations: int,
    n_bootstraps: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Accuracy, recall, precision, F1 and area under the curve on unseen wells (table B.2.1 of Dincu 2021).

    Intervals: bootstrap over samples, whose wells go together; draws of one class only, which have no recall or area,
    do not count. The p-value of accuracy and of the area is the share of permutations of the samples' classes that do
    as well, (1 + such) / (1 + all); embeddings stay as they are, so it tests whether unseen wells follow their class.
    For an embedding that was given the classes of the seen samples, p of the area is somewhat too small: scores of
    different folds are further apart than after a permutation. That of the accuracy, which asks for the sign, is not.
    Permutations that leave a fold with one class to learn, as folds of the true classes never do, do not count.

    Returns
    -------
    DataFrame
        Columns metric, value, lower, upper, p_value; empty when no fold has unseen wells.
    """
    unseen = unseen_scores(spaces, positive=positive)
    if not len(unseen.score):
        return pd.DataFrame(columns=["metric", "value", "lower", "upper", "p_value"])
    found = classification_metrics(unseen.is_positive, unseen.score)
    lower, upper = _bootstrap(unseen, n_bootstraps=n_bootstraps, rng=rng)
    p_values = _p_values(spaces, found, positive=positive, n_permutations=n_permutations, rng=rng)
    rows = [(name, found[name], lower[name], upper[name], p_values.get(name, np.nan)) for name in METRICS]
    return pd.DataFrame(rows, columns=["metric", "value", "lower", "upper", "p_value"])


def network_rows(
    scores: pd.DataFrame,
    annotations: pd.DataFrame,
    *,
    positive: Sequence[str],
    n_bootstraps: int,
    rng: np.random.Generator,
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
        cross-entropy), accuracy, recall, precision, f1, auroc. Intervals of unseen fields only: bootstrap over samples.
        Empty when there are no scores.

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
        lower, upper = dict[str, float](), dict[str, float]()
        if split == "unseen":
            lower, upper = _bootstrap(Unseen(table, is_positive, score - 0.5), n_bootstraps=n_bootstraps, rng=rng)
        ends = ((lower.get(name, np.nan), upper.get(name, np.nan)) for name in found)
        rows += [(name, found[name], *pair, np.nan, split) for name, pair in zip(found, ends, strict=True)]
    return pd.DataFrame(rows, columns=["metric", "value", "lower", "upper", "p_value", "scope"])


def _cross_entropy(is_positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    return float(log_loss(is_positive, score, labels=[False, True]))


def _bootstrap(
    unseen: Unseen, *, n_bootstraps: int, rng: np.random.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    samples = unseen.wells["sample"].to_numpy(dtype=np.str_)
    names = np.unique(samples)
    rows_of = [np.flatnonzero(samples == name) for name in names]
    drawn = []
    for _ in range(n_bootstraps):
        rows = np.concatenate([rows_of[one] for one in rng.integers(0, len(names), len(names))])
        if len(set(unseen.is_positive[rows])) == 2:
            drawn.append(classification_metrics(unseen.is_positive[rows], unseen.score[rows]))
    table = pd.DataFrame(drawn, columns=list(METRICS), dtype=np.float64)
    lower, upper = percentile_interval(table.to_numpy())
    return dict(zip(METRICS, lower.tolist(), strict=True)), dict(zip(METRICS, upper.tolist(), strict=True))


def _p_values(
    spaces: Mapping[int, Profiles],
    found: Mapping[str, float],
    *,
    positive: Sequence[str],
    n_permutations: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    wells = pd.concat([profiles.wells for profiles in spaces.values()])[["sample", "label"]].drop_duplicates()
    n_wells = len(unseen_scores(spaces, positive=positive).score)
    as_good = {"accuracy": 0, "auroc": 0}
    n_counted = 0
    for _ in range(n_permutations):
        labels = dict(zip(wells["sample"], rng.permutation(wells["label"].to_numpy(dtype=object)), strict=True))
        unseen = unseen_scores(spaces, positive=positive, labels=labels)
        if len(unseen.score) < n_wells:
            continue
        n_counted += 1
        null = classification_metrics(unseen.is_positive, unseen.score)
        for name in as_good:
            as_good[name] += int(null[name] >= found[name])
    if not n_permutations:
        return {}
    return {name: float(permutation_p_value(n, n_permutations=n_counted)) for name, n in as_good.items()}
