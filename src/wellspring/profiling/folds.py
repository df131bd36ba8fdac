"""Which samples a method is fitted with, and which it never sees."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["sample_folds", "validation_samples"]


def sample_folds(samples: Sequence[str], labels: Sequence[str], *, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Fold 1 to `n_folds` of each well: all wells of a sample are in one, classes spread evenly.

    Parameters
    ----------
    samples, labels
        Biological sample and class of each well.

    Returns
    -------
    (n_wells,) int64

    Raises
    ------
    ValueError
        When there is one class only, a sample has two classes, or a class has fewer samples than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    classes: dict[str, set[str]] = {}
    of_sample: dict[str, str] = {}
    for sample, label in zip(samples, labels, strict=True):
        if of_sample.setdefault(sample, label) != label:
            raise InputError(
                f"profiling: sample {sample!r} has the classes {sorted({of_sample[sample], label})}; expected one. "
                "Correct the sheet, or profiling.sample and profiling.label."
            )
        classes.setdefault(label, set()).add(sample)
    if len(classes) < 2:
        raise InputError(
            f"profiling.label: expected two classes or more among the wells with kept sites, got {sorted(classes)}. "
            "Add wells of another class, or name another column."
        )
    few = {label: len(found) for label, found in classes.items() if len(found) < n_folds}
    if few:
        raise InputError(
            f"profiling.folds: {n_folds} folds need as many samples of each class, but {few} have fewer. Lower "
            "profiling.folds (2 at least), or add samples: what is never unseen cannot be judged."
        )
    splitter = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    folds = np.zeros(len(samples), dtype=np.int64)
    for number, (_, unseen) in enumerate(splitter.split(np.zeros(len(samples)), labels, samples), start=1):
        folds[unseen] = number
    return folds


def validation_samples(samples: Sequence[str], labels: Sequence[str], *, share: float, seed: int) -> set[str]:
    """About `share` of the samples of each class, at least one, where a class has two or more."""
    rng = np.random.default_rng(seed)
    chosen: set[str] = set()
    pairs = sorted(set(zip(labels, samples, strict=True)))
    for label in sorted(set(labels)):
        own = [sample for name, sample in pairs if name == label]
        if len(own) > 1:
            n_chosen = min(len(own) - 1, max(1, round(share * len(own))))
            chosen |= set(rng.permutation(own)[:n_chosen].tolist())
    return chosen
