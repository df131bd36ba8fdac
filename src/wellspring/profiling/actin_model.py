"""A U-Net that finds the actin inside cells: tiles, training, judgement on samples that it has not seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.profiling.actin import actin_truth, intersection_over_union, weight_map
from wellspring.profiling.field_batches import augmented
from wellspring.profiling.fields import NO_FIELDS, preprocessed_site, standardized
from wellspring.profiling.folds import sample_folds, validation_samples
from wellspring.profiling.settings import ActinSettings
from wellspring.profiling.tables import ACTIN, PROFILE_HISTORY
from wellspring.profiling.unet import bottleneck_values, build_unet
from wellspring.raw.images import SiteImage

__all__ = ["ActinResults", "ActinTiles", "joined_tiles", "judged_actin", "well_tiles"]


@dataclass(frozen=True)
class ActinTiles:
    """Tiles of fields, with their truth.

    Attributes
    ----------
    keys : DataFrame
        Columns plate, well, site.
    images : (n, 2, S, S) uint16
        Actin, borders.
    masks : (n, 3, S, S) bool
        As of `ActinTruth`: inside, actin, borders.
    """

    keys: pd.DataFrame
    images: NDArray[np.uint16]
    masks: NDArray[np.bool_]


@dataclass(frozen=True)
class ActinResults:
    """Tables `ACTIN` and `PROFILE_HISTORY`."""

    tiles: pd.DataFrame
    history: pd.DataFrame


def well_tiles(
    sites: Iterable[SiteImage], *, key: tuple[str, str], steps: Sequence[Mapping[str, Any]], settings: ActinSettings
) -> ActinTiles:
    """The central tile of each site of a well, and its truth.

    Parameters
    ----------
    sites
        Corrected images of the kept sites, whose planes are ``settings.channels``.
    key
        Plate and well.
    steps
        As of `wellspring.quality.preprocessing.preprocessed`.

    Raises
    ------
    ValueError
        When fields are smaller than a tile.
    """
    size, found, images, masks = settings.tile_size_px, [], [], []
    for one in sites:
        image = preprocessed_site(one, channels=settings.channels, steps=steps)
        if min(image.shape[1:]) < size:
            raise InputError(
                f"profiling.actin.tile_size_px: {size} px, but the fields of {key[0]}/{key[1]} have "
                f"{image.shape[1]} x {image.shape[2]}. Lower it."
            )
        y, x = ((length - size) // 2 for length in image.shape[1:])
        actin, borders, nuclei = image[:, y : y + size, x : x + size]
        truth = actin_truth(actin, borders, nuclei, border_px=settings.border_px)
        found.append((*key, one.site))
        images.append(np.stack([actin, borders]))
        masks.append(np.stack([truth.inside, truth.actin, truth.borders]))
    keys = pd.DataFrame(found, columns=["plate", "well", "site"]).astype("str")
    shape = (len(found), -1, size, size) if found else (0, 2, size, size)
    return ActinTiles(
        keys,
        np.array(images, dtype=np.uint16).reshape(shape),
        np.array(masks, dtype=bool).reshape(shape if found else (0, 3, size, size)),
    )


def joined_tiles(wells: Sequence[ActinTiles]) -> ActinTiles:
    """The tiles of several wells.

    Raises
    ------
    ValueError
        When there is none.
    """
    if not any(len(one.keys) for one in wells):
        raise InputError(NO_FIELDS)
    return ActinTiles(
        pd.concat([one.keys for one in wells], ignore_index=True),
        np.concatenate([one.images for one in wells]),
        np.concatenate([one.masks for one in wells]),
    )


def judged_actin(
    tiles: ActinTiles, *, annotations: pd.DataFrame, n_folds: int, settings: ActinSettings, seed: int
) -> ActinResults:
    """Train without the samples of the first fold, and compare the tiles of these with their truth.

    Parameters
    ----------
    annotations
        Columns plate, well, sample, label.

    Raises
    ------
    ValueError
        As of `sample_folds`.
    """
    own = tiles.keys.merge(annotations, on=["plate", "well"], how="left", validate="m:1")
    samples, labels = own["sample"].tolist(), own["label"].tolist()
    unseen = sample_folds(samples, labels, n_folds=n_folds, seed=seed) == 1
    known = own[~unseen]
    chosen = validation_samples(known["sample"].tolist(), known["label"].tolist(), share=0.25, seed=seed)
    valid = own["sample"].isin(chosen).to_numpy() & ~unseen
    model = build_unet(image_size=tiles.images.shape[2], n_channels=2, width=settings.width, n_levels=settings.n_levels)
    history = _trained(model, tiles, rows=(~unseen & ~valid, valid), settings=settings, seed=seed)
    rows = []
    for row in range(len(own)):
        split = "unseen" if unseen[row] else "validation" if valid[row] else "train"
        found = np.asarray(model.predict_on_batch(_inputs(tiles.images[row : row + 1])))[0, ..., 0] > 0.5
        inside, actin, _ = tiles.masks[row]
        rows.append((split, intersection_over_union(found, inside), intersection_over_union(actin, inside)))
    table = pd.DataFrame(rows, columns=["split", "iou", "iou_of_actin"])
    table = pd.concat([tiles.keys, table], axis=1)
    table["bottleneck_values"] = bottleneck_values(model)
    table["input_values"] = int(np.prod(model.input_shape[1:]))
    return ActinResults(table[ACTIN.names], history.assign(fold=1)[PROFILE_HISTORY.names])


def _trained(
    model: keras.Model,
    tiles: ActinTiles,
    *,
    rows: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    settings: ActinSettings,
    seed: int,
) -> pd.DataFrame:
    train, valid = (_TileBatches(tiles, np.flatnonzero(own), settings=settings, seed=seed) for own in rows)
    watched = "val_loss" if rows[1].any() else "loss"
    epochs = settings.epochs
    best = keras.callbacks.EarlyStopping(watched, patience=epochs, restore_best_weights=True)
    model.compile(optimizer=keras.optimizers.Adam(settings.learning_rate), loss="binary_crossentropy")
    done = model.fit(
        train, validation_data=valid if rows[1].any() else None, epochs=epochs, callbacks=[best], verbose=0
    )
    losses = {name: np.asarray(values, dtype=np.float64) for name, values in done.history.items()}
    numbers = np.arange(1, len(losses["loss"]) + 1)
    other = losses.get("val_loss", np.full(len(numbers), np.nan))
    return pd.DataFrame({"network": "unet", "epoch": numbers, "loss": losses["loss"], "val_loss": other})


def _inputs(images: NDArray[np.uint16]) -> NDArray[np.float32]:
    return np.moveaxis(standardized(images), 1, -1)


class _TileBatches(keras.utils.PyDataset):
    """Batches of turned and mirrored tiles: inputs, truth, weights."""

    def __init__(self, tiles: ActinTiles, rows: NDArray[np.intp], *, settings: ActinSettings, seed: int) -> None:
        super().__init__()
        self._tiles, self._rows = tiles, rows.copy()
        self._size, self._importance = settings.batch_size, settings.importance
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return -(-len(self._rows) // self._size)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        rows = self._rows[index * self._size : (index + 1) * self._size]
        both = np.concatenate([self._tiles.images[rows], self._tiles.masks[rows].astype(np.uint16)], axis=1)
        turned = np.stack([augmented(one, rng=self._rng, crop=False) for one in both])
        inside, weights = turned[:, 2].astype(np.float32), weight_map(turned[:, 3:] > 0, importance=self._importance)
        return _inputs(turned[:, :2]), inside[..., None], weights

    def on_epoch_end(self) -> None:
        self._rng.shuffle(self._rows)
