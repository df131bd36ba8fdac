"""The network of one stain: from camera counts of the light to the stain's unit, its scaling and origin inside."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
from keras import ops

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.labelling.scaling import PlaneScale, StainScale
from wellspring.labelling.settings import ModelSettings
from wellspring.models.unet import build_unet_maps, margin_of

__all__ = [
    "VALUE",
    "FromBlocks",
    "RelativeLight",
    "StainIntensity",
    "Standardised",
    "ToBlocks",
    "build_label_model",
    "load_label_model",
    "margin_px",
    "record_of",
    "remember",
    "save_label_model",
    "stain_scale_of",
    "step_px",
    "value_of",
]

# The layer whose output is trained: the stain in units of `StainScale.value`.
VALUE = "value"
_RESULT = "stain"


@keras.saving.register_keras_serializable("wellspring")
class Standardised(keras.layers.Layer):
    """Planes minus their means, divided by their standard deviations, both of the training fields."""

    def __init__(self, means: Sequence[float], sds: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.means, self.sds = [float(v) for v in means], [float(v) for v in sds]

    def call(self, inputs: Any) -> Any:
        """(B, Y, X, P) camera counts to standard deviations."""
        return (inputs - ops.convert_to_tensor(self.means, "float32")) / ops.convert_to_tensor(self.sds, "float32")

    def get_config(self) -> dict[str, Any]:
        """What saving stores."""
        return {**super().get_config(), "means": self.means, "sds": self.sds}


@keras.saving.register_keras_serializable("wellspring")
class RelativeLight(keras.layers.Layer):
    """Intensity over its mean in a square around each pixel, minus 1: `wellspring.labelling.light.relative_light`."""

    def __init__(self, window_px: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.window_px = int(window_px)

    def call(self, inputs: Any) -> Any:
        """(B, Y, X, P) camera counts to shares of the surroundings; what lies outside does not count."""
        around = inputs
        for axis in (1, 2):
            n_inside = _sums_along(ops.ones_like(around[:1, ..., :1]), axis=axis, length=self.window_px)
            around = _sums_along(around, axis=axis, length=self.window_px) / n_inside
        return ops.where(around > 0, inputs / ops.maximum(around, 1e-6), 1.0) - 1

    def get_config(self) -> dict[str, Any]:
        """What saving stores."""
        return {**super().get_config(), "window_px": self.window_px}


def _sums_along(values: Any, *, axis: int, length: int) -> Any:
    """Sums of `length` neighbours (odd) around each position; what lies outside counts as 0.

    Sums of 1, 2, 4, ... neighbours are doubled and put together: a tenth of the time of pooling, and exact, which a
    running sum is not.
    """
    half, rank = length // 2, len(values.shape)
    doubled = ops.pad(values, [(half, half) if one == axis else (0, 0) for one in range(rank)])

    def cut(of: Any, first: int, last: int) -> Any:
        """From `first` on, without the `last` at the end."""
        return of[tuple(slice(first, -last or None) if one == axis else slice(None) for one in range(rank))]

    total, begin, size = None, 0, 1
    while begin < length:
        if length & size:
            own = cut(doubled, begin, length - begin - size)
            total = own if total is None else total + own
            begin += size
        doubled, size = cut(doubled, 0, size) + cut(doubled, size, 0), 2 * size
    return total


class _Blocks(keras.layers.Layer):
    """A layer that knows the side of the blocks."""

    def __init__(self, block_px: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block_px = int(block_px)

    def get_config(self) -> dict[str, Any]:
        """What saving stores."""
        return {**super().get_config(), "block_px": self.block_px}


@keras.saving.register_keras_serializable("wellspring")
class ToBlocks(_Blocks):
    """Blocks of pixels as channels: (B, Y, X, P) to (B, Y / b, X / b, b b P)."""

    def call(self, inputs: Any) -> Any:
        """Y and X are multiples of the block's side."""
        side, shape = self.block_px, ops.shape(inputs)
        n_planes = inputs.shape[-1]
        rows, columns = shape[1] // side, shape[2] // side
        cut = ops.reshape(inputs, (-1, rows, side, columns, side, n_planes))
        return ops.reshape(ops.transpose(cut, (0, 1, 3, 2, 4, 5)), (-1, rows, columns, side * side * n_planes))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The shape after."""
        batch, rows, columns, n_planes = input_shape
        sides = [None if length is None else length // self.block_px for length in (rows, columns)]
        return (batch, *sides, self.block_px**2 * (n_planes or 1))


@keras.saving.register_keras_serializable("wellspring")
class FromBlocks(_Blocks):
    """The inverse of `ToBlocks` for one map: (B, Y / b, X / b, b b) to (B, Y, X, 1)."""

    def call(self, inputs: Any) -> Any:
        """Channels back to their pixels."""
        side, shape = self.block_px, ops.shape(inputs)
        cut = ops.reshape(inputs, (-1, shape[1], shape[2], side, side))
        return ops.reshape(ops.transpose(cut, (0, 1, 3, 2, 4)), (-1, shape[1] * side, shape[2] * side, 1))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The shape after."""
        batch, rows, columns, _ = input_shape
        sides = [None if length is None else length * self.block_px for length in (rows, columns)]
        return (batch, *sides, 1)


@keras.saving.register_keras_serializable("wellspring")
class StainIntensity(keras.layers.Layer):
    """The stain in its own unit; it carries what the model was trained on, which no other file holds."""

    def __init__(self, scale: Mapping[str, Any], record: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.record = dict(scale), dict(record)

    def call(self, inputs: Any) -> Any:
        """As `StainScale.intensity`, on the network's device."""
        scale = StainScale(**self.scale)
        if scale.kind == "mask":
            return inputs
        changed = inputs * scale.sd
        changed = ops.sinh(changed) if scale.kind == "asinh" else changed
        return ops.maximum(changed * scale.softness + scale.background, 0.0)

    def get_config(self) -> dict[str, Any]:
        """What saving stores."""
        return {**super().get_config(), "scale": self.scale, "record": self.record}


def build_label_model(
    *, planes: Sequence[PlaneScale], scale: StainScale, settings: ModelSettings, record: Mapping[str, Any]
) -> keras.Model:
    """A network with fresh weights (Keras' seed): (B, Y, X, P) camera counts to (B, Y, X, 1) in the stain's unit.

    Y and X are multiples of `step_px`. With blocks of one pixel the network is `build_unet_maps` as it is.

    Parameters
    ----------
    planes
        The scale of each plane of transmitted light; with ``window_px``, that of `relative_light`.
    record
        What the model is trained on: stain, dtype, pixel_size_um (or None), lowest (of the light, camera counts).
    """
    inputs = keras.Input((None, None, len(planes)), name="light")
    features = RelativeLight(settings.window_px, name="relative")(inputs) if settings.window_px else inputs
    features = Standardised([one.mean for one in planes], [one.sd for one in planes], name="standardised")(features)
    if settings.block_px > 1:
        features = ToBlocks(settings.block_px, name="to_blocks")(features)
    maps = build_unet_maps(
        features,
        width=settings.width,
        n_levels=settings.n_levels,
        dropout=settings.dropout,
        activation="sigmoid" if scale.kind == "mask" else "elu",
        n_maps=settings.block_px**2,
    )
    value = FromBlocks(settings.block_px, name=VALUE)(maps)
    own = {**record, "n_planes": len(planes), **asdict(settings)}
    result = StainIntensity(scale.to_dict(), own, name=_RESULT, dtype="float32")(value)
    return keras.Model(inputs, result, name="labelling")


def record_of(model: keras.Model) -> dict[str, Any]:
    """What a model was trained on; see `build_label_model`.

    Raises
    ------
    ValueError
        When it is not a model of a stain.
    """
    layer = next((one for one in model.layers if isinstance(one, StainIntensity)), None)
    if layer is None:
        raise InputError(
            "model: expected one that wellspring label-train or the stage labelling saved, got another Keras model. "
            "Name the right file."
        )
    return dict(layer.record)


def remember(model: keras.Model, name: str, value: Mapping[str, Any]) -> None:
    """Add values that JSON can hold to what the model keeps of its training fields."""
    layer = next(one for one in model.layers if isinstance(one, StainIntensity))
    layer.record = {**layer.record, name: dict(value)}


def step_px(model: keras.Model) -> int:
    """Images are computed on a grid of so many pixels."""
    record = record_of(model)
    return int(record["block_px"] * 2 ** record["n_levels"])


def margin_px(model: keras.Model) -> int:
    """Pixels around a tile that its maps depend on."""
    record = record_of(model)
    own, step = record["block_px"] * margin_of(n_levels=record["n_levels"]), step_px(model)
    return int(-(-(own + record["window_px"] // 2) // step) * step)


def save_label_model(model: keras.Model, path: Path) -> None:
    """Write the model to ``path``, which ends in ``.keras``; it is complete or absent."""
    with replaced_when_whole(Path(path)) as temporary:
        model.save(temporary)


def load_label_model(path: Path) -> keras.Model:
    """Load a saved model of a stain, on whichever backend Keras runs. Not compiled.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, it is no Keras model, or one of something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a model of a stain, found no file. Train one with label-train.")
    with as_readable(path, expected="a model that wellspring label-train saved"):
        model = keras.saving.load_model(path, compile=False)
    record_of(model)
    return model


def value_of(model: keras.Model) -> keras.Model:
    """The same network up to the value that is trained."""
    return keras.Model(model.input, model.get_layer(VALUE).output, name="labelling_value")


def stain_scale_of(model: keras.Model) -> StainScale:
    """The scale that is stored in a model."""
    layer = next(one for one in model.layers if isinstance(one, StainIntensity))
    return StainScale(**layer.scale)
