"""Principal components of whole fields, which are read well by well."""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import IncrementalPCA

from wellspring.errors import InputError
from wellspring.profiling.design import Design, FieldFolds, embedding_table, field_folds
from wellspring.profiling.embeddings.pca import PcaSettings
from wellspring.profiling.fields import Fields, each_well, read_keys, standardized

__all__ = ["embed_fields", "fit_pca", "pca_fields"]

Embed = Callable[[NDArray[np.uint16]], NDArray[np.float32]]
_BATCH = 64


def embed_fields(
    fields: list[Path],
    *,
    cells: list[Path],
    design: Design,
    settings: PcaSettings,
    notify: Callable[[str], None],
) -> pd.DataFrame:
    """Table `EMBEDDING` of all wells, by `pca_fields`; `cells` are not read.

    Raises
    ------
    FileNotFoundError, ValueError
        As of `read_keys`, `each_well`, `field_folds`.
    """
    folds = field_folds(read_keys(fields), design=design)
    return pca_fields(folds, lambda: each_well(fields), n_components=settings.pca_components, notify=notify)


def pca_fields(
    folds: FieldFolds, wells: Callable[[], Iterable[Fields]], *, n_components: int, notify: Callable[[str], None]
) -> pd.DataFrame:
    """Principal components of the flattened, standardised fields, fitted and applied batch by batch.

    Every fold reads the wells once, and once more all of them are embedded: memory holds a well and a batch, however
    many wells there are. Validation fields count too: nothing is tuned.

    Parameters
    ----------
    wells
        Reads the fields anew, well by well, in the order of `folds`.
    n_components
        As many in every fold as the smallest can have (see `fit_pca`), and no more than values of a field.

    Returns
    -------
    DataFrame
        Table `EMBEDDING`.
    """
    least = min(int(folds.seen(number).sum()) for number in folds.numbers)
    embeds: list[Embed] = []
    for number in folds.numbers:
        seen = folds.seen(number)
        notify(f"pca: fold {number} of {folds.numbers[-1]}, {int(seen.sum())} of {len(seen)} fields")
        embeds.append(fit_pca(_seen_images(wells(), seen), n_components=min(n_components, max(1, least - 1))))
    parts: list[list[NDArray[np.float32]]] = [[] for _ in folds.numbers]
    for well in wells():
        for own, embed in zip(parts, embeds, strict=True):
            own.append(embed(well.images))
    tables = [
        embedding_table(folds.keys, np.concatenate(own), fold=number, is_seen=folds.seen(number))
        for number, own in zip(folds.numbers, parts, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def _seen_images(wells: Iterable[Fields], seen: NDArray[np.bool_]) -> Iterator[NDArray[np.uint16]]:
    """The images of each well that are `seen`; (n,) for the fields of all wells."""
    begin = 0
    for well in wells:
        end = begin + len(well.images)
        yield well.images[seen[begin:end]]
        begin = end


def fit_pca(parts: Iterable[NDArray[np.uint16]], *, n_components: int) -> Embed:
    """Fit principal components to images that come in `parts`, (n_i, C, S, S) uint16 each.

    At most one component fewer than fields should be asked for: along a further one the fields that were fitted do not
    vary at all, and others would lie any number of deviations off.

    Returns
    -------
    callable
        (n, C, S, S) uint16 to (n, d) float32, batch by batch; d is `n_components`, or the values of a field where
        these are fewer.

    Raises
    ------
    ValueError
        Without a field.
    """
    model: Any = None
    for batch in _batches(parts, size=max(_BATCH, n_components)):
        if model is None:
            model = IncrementalPCA(n_components=min(n_components, math.prod(batch.shape[1:])))
        model.partial_fit(_flat(batch))
    if model is None:
        raise InputError("profiling: expected at least one field to fit on, got none.")
    fitted = model

    def embed(images: NDArray[np.uint16]) -> NDArray[np.float32]:
        found = [fitted.transform(_flat(images[at : at + _BATCH])) for at in range(0, len(images), _BATCH)]
        return np.concatenate([np.zeros((0, fitted.n_components_)), *found]).astype(np.float32)

    return embed


def _batches(parts: Iterable[NDArray[np.uint16]], *, size: int) -> Iterator[NDArray[np.uint16]]:
    """The parts as batches of `size`; the last has up to twice as many, since a fit needs as many as components."""
    held: NDArray[np.uint16] | None = None
    for part in parts:
        held = part if held is None else np.concatenate([held, part])
        while len(held) >= 2 * size:
            yield held[:size]
            held = held[size:]
    if held is not None and len(held):
        yield held


def _flat(images: NDArray[np.uint16]) -> NDArray[np.float32]:
    return standardized(images).reshape(len(images), -1)
