"""One network on all wells: fitted once with all samples, and once without those of each fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from wellspring.profiling.design import Design, embedding_table, field_folds
from wellspring.profiling.embeddings import Embedding
from wellspring.profiling.fields import Fields
from wellspring.profiling.folds import sample_folds, validation_samples
from wellspring.profiling.network_fits import Fitted, Training, fit_of
from wellspring.profiling.tables import MULTIPLIED, NETWORK_SCORES, PROFILE_HISTORY
from wellspring.tables import empty_table

__all__ = ["EmbeddedFields", "embedded_fields", "multiplication_curves"]


@dataclass(frozen=True)
class EmbeddedFields:
    """Tables `EMBEDDING`, `PROFILE_HISTORY` and, of a classifier, `NETWORK_SCORES` (without rows of any other)."""

    embedding: pd.DataFrame
    history: pd.DataFrame
    scores: pd.DataFrame


def embedded_fields(
    network: Embedding, fields: Fields, *, design: Design, settings: Any, notify: Callable[[str], None]
) -> EmbeddedFields:
    """Fit `network` with all samples (fold 0) and without those of each fold, and embed every field each time.

    Validation fields belong to samples that the network is not trained on.

    Parameters
    ----------
    settings
        Of the class ``network.settings_kind``.
    notify
        Called with a line before each fit.

    Raises
    ------
    ValueError
        As of `field_folds`, or when the embedding has no network.
    """
    fit = fit_of(network)
    folds = field_folds(fields.keys, design=design)
    is_positive = folds.keys["label"].isin(design.positive).to_numpy()
    embeddings, histories, scores = [], [], [empty_table(NETWORK_SCORES)]
    for number in folds.numbers:
        seen = folds.seen(number)
        own = folds.keys[seen]
        seed = design.seed + number
        chosen = validation_samples(own["sample"].tolist(), own["label"].tolist(), share=0.25, seed=seed)
        is_validation = folds.keys["sample"].isin(chosen).to_numpy() & seen
        training = Training(
            images=fields.images[seen],
            is_positive=is_positive[seen],
            is_validation=is_validation[seen],
            seed=seed,
        )
        notify(f"{network.name}: fold {number} of {folds.numbers[-1]}, {int(seen.sum())} of {len(seen)} fields")
        fitted = fit(training, settings=settings)
        embeddings.append(embedding_table(fields.keys, fitted.embed(fields.images), fold=number, is_seen=seen))
        histories.append(fitted.history.assign(fold=number))
        split = np.where(~seen, "unseen", np.where(is_validation, "validation", "train"))
        scores.append(_scores(fitted, fields, fold=number, split=split.tolist()))
    history = pd.concat(histories, ignore_index=True)[PROFILE_HISTORY.names]
    kept = [one for one in scores if len(one)] or scores[:1]
    return EmbeddedFields(pd.concat(embeddings, ignore_index=True), history, pd.concat(kept, ignore_index=True))


def _scores(fitted: Fitted, fields: Fields, *, fold: int, split: Sequence[str]) -> pd.DataFrame:
    if fitted.score is None:
        return empty_table(NETWORK_SCORES)
    table = fields.keys[["plate", "well", "site"]].assign(fold=fold, split=pd.Series(split, dtype="str"))
    return table.assign(score=fitted.score(fields.images)[:, 0].astype(np.float64))[NETWORK_SCORES.names]


def multiplication_curves(
    network: Embedding,
    fields: Fields,
    *,
    design: Design,
    settings: Any,
    factors: Sequence[int],
    notify: Callable[[str], None],
) -> pd.DataFrame:
    """Losses of a network for several multiplications of the same fields (Dincu 2021, figure C.1).

    All samples take part; the validation fields are of samples that are not trained on, the same for every factor.

    Returns
    -------
    DataFrame
        Table `MULTIPLIED`.
    """
    fit = fit_of(network)
    people = design.annotations[["plate", "well", "sample", "label"]]
    keys = fields.keys.merge(people, on=["plate", "well"], how="left", validate="m:1")
    samples, labels = keys["sample"].tolist(), keys["label"].tolist()
    sample_folds(samples, labels, n_folds=design.n_folds, seed=design.seed)
    chosen = validation_samples(samples, labels, share=0.25, seed=design.seed)
    parts = []
    for factor in factors:
        notify(f"{network.name}: fields {factor} times")
        training = Training(
            images=fields.images,
            is_positive=keys["label"].isin(design.positive).to_numpy(),
            is_validation=keys["sample"].isin(chosen).to_numpy(),
            seed=design.seed,
        )
        history = fit(training, settings=replace(settings, multiplication=factor)).history
        parts.append(history.assign(method=network.name, multiplication=factor))
    table = pd.concat(parts, ignore_index=True) if parts else empty_table(MULTIPLIED)
    return table[MULTIPLIED.names]
