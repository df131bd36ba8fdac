"""Weights of the user's own: the shipped network, trained further on annotated sites, judged on wells it never saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.models.weights import Weights, read_weights, write_weights
from wellspring.segmentation.learned.augmenting import Annotated
from wellspring.segmentation.learned.examples import MOST_EXAMPLES, AnnotatedSite, Example
from wellspring.segmentation.learned.scale import N_INPUTS
from wellspring.segmentation.learned.scores import scores_of, verdict_of
from wellspring.segmentation.learned.segmenting import segment_nuclei
from wellspring.segmentation.learned.targets import TARGETS, TASK
from wellspring.segmentation.settings import SHIPPED_WEIGHTS

if TYPE_CHECKING:
    import keras

    from wellspring.segmentation.learned.training import Plan

__all__ = ["AnnotatedSite", "FineTuned", "fine_tune", "split_wells"]

_HELD_OUT_SHARE = 0.3


@dataclass(frozen=True)
class FineTuned:
    """What a fine-tuning gave.

    Attributes
    ----------
    weights : Weights
    scores : pandas.DataFrame
        A row per held-out site and method (classical, shipped, fine-tuned): well, name, method, dice, f1, ap.
    verdict : str
        Which method to use, and by how much it is ahead.
    examples : tuple of Example
        Of the first held-out sites.
    """

    weights: Weights
    scores: pd.DataFrame
    verdict: str
    examples: tuple[Example, ...]


def split_wells(sites: Sequence[AnnotatedSite], *, seed: int) -> tuple[list[AnnotatedSite], list[AnnotatedSite]]:
    """Sites to train on and held-out ones; a well is in one of the two, three tenths of the wells are held out.

    Raises
    ------
    InputError
        When there are no sites, sites of one well only, labels of another size than their image, or no labelled
        nucleus.
    """
    if not sites:
        raise InputError("annotations: expected annotated sites of two wells or more, got none. Annotate some sites.")
    for site in sites:
        if site.image.shape != site.labels.shape or site.image.ndim != 2:
            raise InputError(
                f"{site.name}: expected an image (Y, X) and labels of its size, got {site.image.shape} and "
                f"{site.labels.shape}. Give the labels of this very image."
            )
    wells = sorted({site.well for site in sites})
    if len(wells) < 2:
        raise InputError(
            f"annotations: expected annotated sites of two wells or more, since one is held out, got {wells[0]} alone. "
            "Annotate sites of another well."
        )
    n_held_out = max(1, round(_HELD_OUT_SHARE * len(wells)))
    held_out = set(np.random.default_rng(seed).permutation(wells)[:n_held_out].tolist())
    parts = [[site for site in sites if (site.well in held_out) == is_out] for is_out in (False, True)]
    for part, words in zip(parts, ("to train on", "held out"), strict=True):
        if not any(site.labels.any() for site in part):
            raise InputError(
                f"annotations: expected labelled nuclei in the wells {words}, got "
                f"{sorted({site.well for site in part})} without any. Annotate nuclei there, or change the seed."
            )
    return parts[0], parts[1]


def fine_tune(
    sites: Sequence[AnnotatedSite],
    *,
    folder: Path,
    plan: "Plan",
    start: Path = SHIPPED_WEIGHTS,
    report: Callable[[str], None] = print,
) -> FineTuned:
    """Train the network further on annotated sites, and judge it on held-out wells.

    Parameters
    ----------
    sites
        Of two wells or more; empty label images are sites without nuclei.
    folder
        Of the checkpoint, from which a run that was stopped resumes, and of the weights after each epoch.
    plan
        Its seed splits the wells too.
    start
        Weights to start from.
    report
        Gets a line per epoch.

    Raises
    ------
    InputError
        As `split_wells` and `read_weights`.
    """
    training, held_out = split_wells(sites, seed=plan.seed)
    first = read_weights(start, task=TASK, n_inputs=N_INPUTS, n_outputs=len(TARGETS))
    from wellspring.segmentation.learned.training import train, weights_of

    images = [Annotated(one.image.astype(np.float32), one.labels.astype(np.int32)) for one in training]
    about = {"from": start.name, "n_sites": len(images), "wells": sorted({site.well for site in training})}

    def each_epoch(n_done: int, _model: "keras.Model", logs: Mapping[str, float]) -> None:
        """Report how far it is."""
        report(f"epoch {n_done} of {plan.n_epochs}, loss {logs['loss']:.4f}")

    model = train(images, plan=plan, folder=folder, start=first, each_epoch=each_epoch)
    weights = weights_of(model, plan=plan, about=about)
    write_weights(weights, folder / "weights.npz")
    scores, examples = _judged(held_out, {"shipped": start, "fine-tuned": folder / "weights.npz"})
    return FineTuned(weights, scores, verdict_of(scores), examples)


def _judged(sites: Sequence[AnnotatedSite], weights: Mapping[str, Path]) -> tuple[pd.DataFrame, tuple[Example, ...]]:
    from wellspring.segmentation.nuclei import segment_nuclei as classical

    rows: list[dict[str, object]] = []
    examples: list[Example] = []
    for site in sites:
        found = {"classical": classical(site.image)}
        found |= {name: segment_nuclei(site.image, weights=path) for name, path in weights.items()}
        rows += [
            {"well": site.well, "name": site.name, "method": method, **asdict(scores_of(site.labels, labels))}
            for method, labels in found.items()
        ]
        if len(examples) < MOST_EXAMPLES:
            examples.append(Example(site.name, site.image, {"annotated": site.labels, **found}))
    return pd.DataFrame(rows), tuple(examples)
