"""U-Net from image planes to one map, in the form of LaChance and Cohen 2020: ELU, dropout, He initialisation."""

from typing import Any

import keras
from keras import layers

from wellspring.errors import InputError
from wellspring.models.tiling import receptive_margin_px

__all__ = ["MARGIN_LAYERS", "build_unet_maps", "margin_of"]

# Convolutions of a level, which `receptive_margin_px` counts with.
MARGIN_LAYERS = 2


def build_unet_maps(
    inputs: Any, *, width: int, n_levels: int, dropout: float, activation: str = "elu", n_maps: int = 1
) -> Any:
    """The graph from planes to maps of the same size (LaChance and Cohen 2020).

    On each level two 3 x 3 convolutions with ELU and, between them, dropout; pooling by 2; transposed convolutions of
    2 x 2 on the way up, joined with the maps of the same level. No batch normalization: a tile then gives what the
    whole image gives. The last convolution is 3 x 3 to the maps themselves. One plane, a width of 16 and 4 levels have
    1,938,625 parameters, as in the source.

    Parameters
    ----------
    inputs : (B, Y, X, P) float32 tensor
        Standardised planes; Y and X are multiples of 2 to the power of `n_levels`.
    width
        Filters of the first level; each level below has twice as many.
    n_levels
        How often maps are halved.
    dropout
        Share of values left out on the first two levels; twice as much on the next two, three times at the bottom. With
        4 levels: 0.1, 0.1, 0.2, 0.2, 0.3.
    activation
        Of the maps: ``elu`` (values of -1 or more) or ``sigmoid``.

    Returns
    -------
    (B, Y, X, n_maps) float32 tensor

    Raises
    ------
    ValueError
        When `width` or `n_levels` is below 1, or `dropout` is not in [0, 1/3).
    """
    if width < 1 or n_levels < 1 or not 0 <= dropout < 1 / 3:
        raise InputError(
            f"U-Net: expected width and levels of 1 or more and dropout from 0 to below 1/3, got {width}, {n_levels}, "
            f"{dropout}. Correct the settings of the model."
        )
    features: Any = inputs
    kept = []
    for level in range(n_levels):
        features = _double(features, width << level, dropout=dropout * (1 + level // 2), name=f"down_{level + 1}")
        kept.append(features)
        features = layers.MaxPooling2D(2, name=f"pooling_{level + 1}")(features)
    features = _double(features, width << n_levels, dropout=dropout * (1 + n_levels // 2), name="bottom")
    for level in reversed(range(n_levels)):
        features = layers.Conv2DTranspose(
            width << level, 2, strides=2, kernel_initializer=_he(), name=f"up_{level + 1}"
        )(features)
        features = layers.Concatenate(name=f"joined_{level + 1}")([kept[level], features])
        if level:
            features = _double(features, width << level, dropout=dropout * (1 + level // 2), name=f"joined_{level + 1}")
    features = _convolution(features, width, name="joined_1_convolution_1")
    features = layers.Dropout(dropout, name="joined_1_dropout")(features)
    return layers.Conv2D(
        n_maps, 3, padding="same", activation=activation, kernel_initializer=_he(), name="maps", dtype="float32"
    )(features)


def margin_of(*, n_levels: int) -> int:
    """Pixels around a tile that its maps depend on: a multiple of 2 to the power of `n_levels`."""
    return receptive_margin_px(n_levels=n_levels, n_convolutions=MARGIN_LAYERS)


def _double(features: Any, n_filters: int, *, dropout: float, name: str) -> Any:
    features = _convolution(features, n_filters, name=f"{name}_convolution_1")
    features = layers.Dropout(dropout, name=f"{name}_dropout")(features)
    return _convolution(features, n_filters, name=f"{name}_convolution_2")


def _convolution(features: Any, n_filters: int, *, name: str) -> Any:
    return layers.Conv2D(n_filters, 3, padding="same", activation="elu", kernel_initializer=_he(), name=name)(features)


def _he() -> keras.initializers.Initializer:
    """He's normal initialisation, drawn from Keras' seed; one object for each layer, as each draws its own values."""
    return keras.initializers.HeNormal()
