"""One method on all wells: fitted once with all samples, and once without those of each fold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from wellspring.profiling.embedding import Training, fit_embedder
from wellspring.profiling.fields import Fields
from wellspring.profiling.folds import sample_folds, validation_samples
from wellspring.tables import empty_table
from wellspring.tables.profiling import EMBEDDING_PREFIX, MULTIPLIED, PROFILE_HISTORY

__all__ = [
    "Design",
    "EmbeddedFields",
    "embedded_features",
    "embedded_fields",
    "embedding_table",
    "multiplication_curves",
]


@dataclass(frozen=True)
class Design:
    """Whom the fields belong to.

    Attributes
    ----------
    annotations : DataFrame
        Columns plate, well, sample, label; a row per well.
    positive : tuple of str
        Classes that count as positive; none: nothing is judged, and there are no folds.
    n_folds, seed : int
    """

    annotations: pd.DataFrame
    positive: tuple[str, ...]
    n_folds: int
    seed: int


@dataclass(frozen=True)
class EmbeddedFields:
    """Tables `EMBEDDING` and `PROFILE_HISTORY`."""

    embedding: pd.DataFrame
    history: pd.DataFrame


def embedded_fields(
    method: str, fields: Fields, *, design: Design, settings: Mapping[str, Any], report: Callable[[str], None]
) -> EmbeddedFields:
    """Fit `method` with all samples (fold 0) and without those of each fold, and embed every field each time.

    A network's validation fields belong to samples that it is not trained on.

    Raises
    ------
    ValueError
        As of `sample_folds`, `fit_embedder`.
    """
    keys = fields.keys.merge(design.annotations, on=["plate", "well"], how="left", validate="m:1")
    samples, labels = keys["sample"].tolist(), keys["label"].tolist()
    folds = _folds(samples, labels, design=design)
    n_folds = int(folds.max(initial=0))
    # As many components in every fold as the smallest can have (see `fit_pca`).
    least = min(int((folds != fold).sum()) for fold in range(n_folds + 1))
    settings = {**settings, "pca_components": min(int(settings["pca_components"]), max(1, least - 1))}
    is_positive = keys["label"].isin(design.positive).to_numpy()
    tables, histories = [], []
    for fold in range(n_folds + 1):
        seen = folds != fold
        own = keys[seen]
        chosen = validation_samples(own["sample"].tolist(), own["label"].tolist(), share=0.25, seed=design.seed + fold)
        training = Training(
            images=fields.images[seen],
            is_positive=is_positive[seen],
            is_validation=own["sample"].isin(chosen).to_numpy(),
            settings=settings,
            seed=design.seed + fold,
        )
        report(f"{method}: fold {fold} of {n_folds}, {int(seen.sum())} of {len(seen)} fields")
        fitted = fit_embedder(method, training)
        tables.append(embedding_table(fields.keys, fitted.embed(fields.images), fold=fold, is_seen=seen))
        histories.append(fitted.history.assign(fold=fold))
    known = [one for one in histories if len(one)]
    history = pd.concat(known, ignore_index=True) if known else empty_table(PROFILE_HISTORY)
    return EmbeddedFields(pd.concat(tables, ignore_index=True), history[PROFILE_HISTORY.names])


def _folds(samples: Sequence[str], labels: Sequence[str], *, design: Design) -> NDArray[np.int64]:
    """As of `sample_folds`; -1 for all, seen by everything, where nothing is judged."""
    if not design.positive:
        return np.full(len(samples), -1, dtype=np.int64)
    return sample_folds(samples, labels, n_folds=design.n_folds, seed=design.seed)


def multiplication_curves(
    method: str,
    fields: Fields,
    *,
    design: Design,
    settings: Mapping[str, Any],
    factors: Sequence[int],
    report: Callable[[str], None],
) -> pd.DataFrame:
    """Losses of a network for several multiplications of the same fields (Dincu 2021, figure C.1).

    All samples take part; the validation fields are of samples that are not trained on, the same for every factor.

    Returns
    -------
    DataFrame
        Table `MULTIPLIED`.
    """
    keys = fields.keys.merge(design.annotations, on=["plate", "well"], how="left", validate="m:1")
    samples, labels = keys["sample"].tolist(), keys["label"].tolist()
    sample_folds(samples, labels, n_folds=design.n_folds, seed=design.seed)
    chosen = validation_samples(samples, labels, share=0.25, seed=design.seed)
    parts = []
    for factor in factors:
        report(f"{method}: fields {factor} times")
        training = Training(
            images=fields.images,
            is_positive=keys["label"].isin(design.positive).to_numpy(),
            is_validation=keys["sample"].isin(chosen).to_numpy(),
            settings={**settings, "multiplication": factor},
            seed=design.seed,
        )
        parts.append(fit_embedder(method, training).history.assign(method=method, multiplication=factor))
    table = pd.concat(parts, ignore_index=True) if parts else empty_table(MULTIPLIED)
    return table[MULTIPLIED.names]


def embedded_features(keys: pd.DataFrame, features: pd.DataFrame, *, design: Design) -> EmbeddedFields:
    """Features that nothing was fitted for, as an embedding; each is standardised by the fields that a fold has seen.

    Parameters
    ----------
    keys
        Columns plate, well, site.
    features
        A row per row of `keys`, numbers only; missing ones become 0.
    """
    joined = keys.merge(design.annotations, on=["plate", "well"], how="left", validate="m:1")
    folds = _folds(joined["sample"].tolist(), joined["label"].tolist(), design=design)
    values = features.fillna(0.0).to_numpy(dtype=np.float64)
    tables = []
    for fold in range(int(folds.max(initial=0)) + 1):
        seen = folds != fold
        scaled = StandardScaler().fit(values[seen]).transform(values)
        tables.append(embedding_table(keys, scaled.astype(np.float32), fold=fold, is_seen=seen))
    return EmbeddedFields(pd.concat(tables, ignore_index=True), empty_table(PROFILE_HISTORY))


def embedding_table(
    keys: pd.DataFrame, values: NDArray[np.float32], *, fold: int, is_seen: Sequence[bool] | NDArray[np.bool_]
) -> pd.DataFrame:
    """Table `EMBEDDING` of vectors (n, d) whose `keys` are plate, well and site."""
    names = [f"{EMBEDDING_PREFIX}{number:03d}" for number in range(values.shape[1])]
    head = keys[["plate", "well", "site"]].reset_index(drop=True).assign(fold=fold, is_seen=np.asarray(is_seen))
    return pd.concat([head, pd.DataFrame(values.astype(np.float64), columns=names)], axis=1)
