"""Embeddings from the bottleneck of a network that predicts a stain."""

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["BOTTOM", "Tiles", "bottleneck_of", "field_embedding", "tile_embeddings"]

BOTTOM = "bottom_convolution_2"
"""The last layer on the lowest level of `wellspring.models.unet.build_unet_maps`."""


@dataclass(frozen=True)
class Tiles:
    """Embeddings of the tiles of one field.

    Attributes
    ----------
    y_px, x_px : (n,) int
        First row and column of each tile.
    values : (n, 2C) float32
        Mean, then standard deviation, of each channel of the bottleneck over the tile.
    """

    y_px: NDArray[np.int64]
    x_px: NDArray[np.int64]
    values: NDArray[np.float32]


def bottleneck_of(model: keras.Model, *, layer: str = BOTTOM) -> keras.Model:
    """The network from its input, camera counts, to its bottleneck.

    Raises
    ------
    ValueError
        When the model has no such layer.
    """
    if layer not in {one.name for one in model.layers}:
        raise InputError(f"embedding: expected a model with the layer {layer}, got one without. Name another layer.")
    return keras.Model(model.inputs[0], model.get_layer(layer).output, name="bottleneck")


def tile_embeddings(bottleneck: keras.Model, planes: NDArray[np.number], *, tile_px: int = 128) -> Tiles:
    """Embeddings of the tiles of one field.

    Tiles do not overlap; the last row and column of tiles end at the field's border and so may overlap with those
    before. Each tile is computed by itself.

    Parameters
    ----------
    bottleneck
        From `bottleneck_of`.
    planes : (P, Y, X) or (Y, X) number
        Camera counts, as the model was trained on.
    tile_px
        Side of a tile, a multiple of the network's step (16 px with 4 levels).

    Raises
    ------
    ValueError
        When the field is smaller than a tile, or not finite.
    """
    image = np.asarray(planes, dtype=np.float32)
    image = image[None] if image.ndim == 2 else image
    if image.ndim != 3 or min(image.shape[1:]) < tile_px or not np.isfinite(image).all():
        raise InputError(
            f"embedding: expected finite planes of {tile_px} x {tile_px} px or more, got an array of shape "
            f"{np.shape(planes)} or NaN. Choose smaller tiles, or leave the field out."
        )
    starts = [_starts(side, tile_px) for side in image.shape[1:]]
    places = np.array([(y, x) for y in starts[0] for x in starts[1]], dtype=np.int64)
    found = []
    for y, x in places:
        tile = np.moveaxis(image[:, y : y + tile_px, x : x + tile_px], 0, -1)[None]
        maps = keras.ops.convert_to_numpy(bottleneck(tile, training=False))[0].astype(np.float32)
        found.append(np.concatenate([maps.mean(axis=(0, 1)), maps.std(axis=(0, 1))]))
    return Tiles(places[:, 0], places[:, 1], np.stack(found))


def field_embedding(bottleneck: keras.Model, planes: NDArray[np.number], *, tile_px: int = 128) -> NDArray[np.float32]:
    """(2C,) mean of `tile_embeddings`: one row per field, as tiles of a field are no independent observations."""
    return np.asarray(tile_embeddings(bottleneck, planes, tile_px=tile_px).values.mean(axis=0))


def _starts(side: int, tile: int) -> list[int]:
    """First pixels of the tiles along a side; the last tile ends at the border."""
    found = list(range(0, side - tile + 1, tile))
    return found if found[-1] + tile == side else [*found, side - tile]
