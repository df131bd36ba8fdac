"""Embeddings without a network: principal components of fields read well by well, features of cells."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import IncrementalPCA
from sklearn.preprocessing import StandardScaler

from wellspring.cells.shards import Shard
from wellspring.cells.tables import CELLS
from wellspring.errors import InputError
from wellspring.profiling.design import Design, FieldFolds, embedding_table, field_folds
from wellspring.profiling.features import field_features
from wellspring.profiling.fields import Fields, each_well, read_keys, standardized
from wellspring.tables import read_table

__all__ = ["embedded_features", "features_of_fields", "fit_pca", "pca_fields", "reduced_wells"]

Embed = Callable[[NDArray[np.uint16]], NDArray[np.float32]]
_BATCH = 64


def reduced_wells(
    method: str,
    fields: Sequence[Path],
    *,
    cells: Sequence[tuple[Path, Path]],
    design: Design,
    n_components: int,
    report: Callable[[str], None],
) -> pd.DataFrame:
    """Embeddings of all wells: ``features`` from the cells (see `features_of_fields`), ``pca`` from the fields.

    Parameters
    ----------
    fields
        A file of fields per well.
    cells
        As of `features_of_fields`.
    n_components
        As of `pca_fields`.

    Returns
    -------
    DataFrame
        Table `EMBEDDING`.

    Raises
    ------
    FileNotFoundError, ValueError
        For another method, as of `read_keys`, `features_of_fields`, `field_folds`.
    """
    keys = read_keys(fields)
    folds = field_folds(keys, design=design)
    if method == "features":
        return embedded_features(folds, features_of_fields(keys, cells))
    if method != "pca":
        raise InputError(f"profiling.methods: {method!r} needs a network; expected pca or features.")
    return pca_fields(folds, lambda: each_well(fields), n_components=n_components, report=report)


def pca_fields(
    folds: FieldFolds, wells: Callable[[], Iterable[Fields]], *, n_components: int, report: Callable[[str], None]
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
        report(f"pca: fold {number} of {folds.numbers[-1]}, {int(seen.sum())} of {len(seen)} fields")
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
    model: IncrementalPCA | None = None
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


def features_of_fields(keys: pd.DataFrame, cells: Sequence[tuple[Path, Path]]) -> pd.DataFrame:
    """Features of each field, rows as in `keys`; one well is read at a time.

    Parameters
    ----------
    keys
        Columns plate, well, site.
    cells
        (table of cells, crop shard) of each well, named ``{plate}/{well}``.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a file.
    """
    parts = []
    for table, crops in cells:
        own = keys[(keys["plate"] == table.parent.name) & (keys["well"] == table.stem)]
        if len(own):
            found = field_features(read_table(table, CELLS), Shard(crops), sites=own["site"].tolist())
            parts.append(found.drop(columns="site").set_index(own.index))
    return pd.concat(parts).reindex(keys.index).fillna(0.0)


def embedded_features(folds: FieldFolds, features: pd.DataFrame) -> pd.DataFrame:
    """Features that nothing was fitted for, as an embedding; each is standardised by the fields that a fold has seen.

    Parameters
    ----------
    features
        A row per field of `folds`, numbers only; missing ones become 0.

    Returns
    -------
    DataFrame
        Table `EMBEDDING`.
    """
    values = features.fillna(0.0).to_numpy(dtype=np.float64)
    tables = []
    for number in folds.numbers:
        seen = folds.seen(number)
        scaled = StandardScaler().fit(values[seen]).transform(values)
        tables.append(embedding_table(folds.keys, scaled.astype(np.float32), fold=number, is_seen=seen))
    return pd.concat(tables, ignore_index=True)
