"""Random changes of training images, as Keras layers on batches whose last channel is the mask.

Each layer draws from its own seeded generator, whose state is part of the model's variables, and does nothing unless
it is called with ``training=True``. Order and parameters are those of Becker 2021, table 4.4.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

__all__ = [
    "Augmentation",
    "CentralZoom",
    "ChannelShift",
    "HorizontalFlip",
    "MeasuredNoise",
    "QuarterTurn",
    "SizeRatios",
    "augmentation_layers",
    "size_ratios",
]


@dataclass(frozen=True)
class SizeRatios:
    """The cell size ratios of the training cells: mean, standard deviation and minimum."""

    mean: float
    sd: float
    minimum: float


@dataclass(frozen=True)
class Augmentation:
    """What is changed at random.

    Attributes
    ----------
    shift : float
        Half-width of the shift of each channel, in units of the normalised images; 0: none.
    noise_sd : float
        Standard deviation of the noise on measured pixels, in the same units; 0: none.
    zoom : SizeRatios or None
        Distribution that the size of the nuclei is drawn from; None: no zoom.
    flip, rotate : bool
        Horizontal flips; quarter turns.
    """

    shift: float = 0.0
    noise_sd: float = 0.0
    zoom: SizeRatios | None = None
    flip: bool = False
    rotate: bool = False


def size_ratios(ratios: NDArray[np.float64]) -> SizeRatios:
    """Fit the distribution of the cell size ratios: (n,) float64 in (0, 1], n at least 1; population deviation."""
    return SizeRatios(mean=float(np.mean(ratios)), sd=float(np.std(ratios)), minimum=float(np.min(ratios)))


def augmentation_layers(augmentation: Augmentation, *, seed: int) -> list[keras.layers.Layer]:
    """The layers that do it, in the thesis' order: shift, noise, zoom, flip, turn. None of them, no layers."""
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(5) >> 1]
    layers: list[keras.layers.Layer] = []
    if augmentation.shift > 0:
        layers.append(ChannelShift(augmentation.shift, seed=seeds[0], name="channel_shift"))
    if augmentation.noise_sd > 0:
        layers.append(MeasuredNoise(augmentation.noise_sd, seed=seeds[1], name="measured_noise"))
    if augmentation.zoom is not None:
        zoom = augmentation.zoom
        layers.append(CentralZoom(zoom.mean, zoom.sd, zoom.minimum, seed=seeds[2], name="central_zoom"))
    if augmentation.flip:
        layers.append(HorizontalFlip(seed=seeds[3], name="horizontal_flip"))
    if augmentation.rotate:
        layers.append(QuarterTurn(seed=seeds[4], name="quarter_turn"))
    return layers


class _RandomChange(keras.layers.Layer):
    """A layer that changes (B, S, S, C) images in training only. Always float32: zooms and masks need it."""

    def __init__(self, *, seed: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """The changed images in training, else the images."""
        return self.changed(images) if training else images

    def changed(self, images: Any) -> Any:
        """The images, changed at random."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made again from."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="wellspring")
class ChannelShift(_RandomChange):
    """Add to the measured pixels of each channel one number from U(-half_width, half_width).

    One draw per image and channel (Becker 2021, equation 3.2, says per cell; that work's code drew one vector per
    batch). The mask stays as it is, and so do pixels that were not measured.
    """

    def __init__(self, half_width: float, *, seed: int, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.half_width = half_width

    def changed(self, images: Any) -> Any:
        """(B, S, S, C) images with shifted channels."""
        n_images, _, _, n_channels = ops.shape(images)
        shape = (n_images, 1, 1, n_channels)
        shift = keras.random.uniform(shape, -self.half_width, self.half_width, seed=self.seed_generator)
        return images + images[..., -1:] * (shift * _not_mask(images))

    def get_config(self) -> dict[str, Any]:
        """What the layer is made again from."""
        return {**super().get_config(), "half_width": self.half_width}


@keras.saving.register_keras_serializable(package="wellspring")
class MeasuredNoise(_RandomChange):
    """Add independent normal noise to every measured pixel of every channel but the mask."""

    def __init__(self, sd: float, *, seed: int, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.sd = sd

    def changed(self, images: Any) -> Any:
        """(B, S, S, C) images with noise."""
        noise = keras.random.normal(ops.shape(images), stddev=self.sd, seed=self.seed_generator)
        return images + images[..., -1:] * (noise * _not_mask(images))

    def get_config(self) -> dict[str, Any]:
        """What the layer is made again from."""
        return {**super().get_config(), "sd": self.sd}


@keras.saving.register_keras_serializable(package="wellspring")
class CentralZoom(_RandomChange):
    """Scale each image about its centre, so that its nucleus gets a size drawn from the training cells' sizes.

    The size ratio is 1 - 2 * smallest margin / S, from the mask; the new one is drawn from N(mean, sd) and held to
    [minimum, 1], so a nucleus is never cut (Becker 2021, section 3.3.2). Images are scaled bilinearly, as two products
    with interpolation matrices. Two departures, both at the rim of the nucleus: a new pixel is measured where at
    least half of its bilinear weight lies on measured pixels, and its value is the weighted mean of the measured
    ones alone. So the mask stays binary and no zeros from outside are mixed into the values.
    """

    def __init__(self, mean: float, sd: float, minimum: float, *, seed: int, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.mean, self.sd, self.minimum = mean, sd, minimum

    def changed(self, images: Any) -> Any:
        """(B, S, S, C) images with scaled nuclei. An image without measured pixels stays without."""
        n_images = ops.shape(images)[0]
        target = keras.random.normal((n_images,), self.mean, self.sd, seed=self.seed_generator)
        target = ops.clip(target, self.minimum, 1.0)
        return scaled(images, target / size_ratio(images[..., -1]))

    def get_config(self) -> dict[str, Any]:
        """What the layer is made again from."""
        return {**super().get_config(), "mean": self.mean, "sd": self.sd, "minimum": self.minimum}


@keras.saving.register_keras_serializable(package="wellspring")
class HorizontalFlip(_RandomChange):
    """Flip each image left to right with probability one half."""

    def changed(self, images: Any) -> Any:
        """(B, S, S, C) images, some of them flipped."""
        draw = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=self.seed_generator)
        return ops.where(draw < 0.5, ops.flip(images, axis=2), images)


@keras.saving.register_keras_serializable(package="wellspring")
class QuarterTurn(_RandomChange):
    """Turn each image by 0, 90, 180 or 270 degrees.

    One draw per image. The thesis' code made one per batch, which leaves the images of a batch alike and adds nothing.
    """

    def changed(self, images: Any) -> Any:
        """(B, S, S, C) images, turned counter-clockwise."""
        turns = keras.random.randint((ops.shape(images)[0], 1, 1, 1), 0, 4, seed=self.seed_generator)
        images = ops.where(turns % 2 == 1, ops.flip(ops.swapaxes(images, 1, 2), axis=1), images)
        return ops.where(turns >= 2, ops.flip(images, axis=(1, 2)), images)


def size_ratio(mask: Any) -> Any:
    """Size ratio of each mask: (B, S, S) 0/1 to (B,) in (0, 1]; 1 where nothing is measured."""
    size = mask.shape[1]
    margins = []
    for axis in (1, 2):
        hit = ops.max(mask, axis=axis)
        margins += [ops.argmax(hit, axis=1), ops.argmax(ops.flip(hit, axis=1), axis=1)]
    margin = ops.min(ops.stack(margins, axis=1), axis=1)
    return 1.0 - 2.0 * ops.cast(margin, "float32") / size


def scaled(images: Any, scale: Any) -> Any:
    """Scale (B, S, S, C) images about their centres by the factors (B,), bilinearly; the last channel is the mask."""
    _, size, _, n_channels = images.shape
    index = ops.arange(size, dtype="float32")
    centre = (size - 1) / 2
    source = (index[None, :] - centre) / scale[:, None] + centre
    weights = ops.maximum(0.0, 1.0 - ops.abs(source[:, :, None] - index[None, None, :]))
    rows = ops.matmul(weights, ops.reshape(images, (-1, size, size * n_channels)))
    both = ops.matmul(weights[:, None], ops.reshape(rows, (-1, size, size, n_channels)))
    mask = ops.cast(both[..., -1:] >= 0.5, "float32")
    values = both[..., :-1] / ops.maximum(both[..., -1:], 0.5)
    return ops.concatenate([values * mask, mask], axis=-1)


def _not_mask(images: Any) -> NDArray[np.float32]:
    """(C,) float32: 1 for the channels, 0 for the mask."""
    chosen = np.ones(images.shape[-1], dtype=np.float32)
    chosen[-1] = 0
    return chosen
