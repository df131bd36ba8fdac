"""Simulated DIC fields, clean and blurred, as a network and its bottleneck see them; what benchmarks share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.labelling.corruptions.kinds import corrupted, light_of
from wellspring.labelling.drift.space import fit_space, projected
from wellspring.labelling.optics import Microscope
from wellspring.simulation.labelling_camera import Camera, FieldLight, draw_field, flat_field
from wellspring.simulation.labelling_cells import CellLine

__all__ = ["N_HELD_OUT", "RADII", "Study", "blurred_study"]

_CAMERA = Camera(size_px=128)
_N_TRAINING, _N_REFERENCE, N_HELD_OUT = 100, 240, 120
# Level of Pankova (2022), table 5, to radius of the disk, px.
RADII = {1: 0.5, 2: 1.0, 3: 1.5, 4: 2.0}
_Rows = NDArray[np.float64]
_Image = NDArray[np.number]
_Scaled = NDArray[np.float32]


@dataclass(frozen=True)
class Study:
    """Fields of random density, one a well.

    Attributes
    ----------
    reference : (240, d) float
        Embeddings, in principal components of the training fields, in the order of imaging.
    held_out : dict of int to (120, d) float
        By level of the blur; 0: none.
    training, clean : (n, Y, X) float32
        Scaled light of the training fields, and of the held-out ones.
    blurred : dict of int to (120, Y, X) float32
        Scaled light of the held-out fields by level.
    """

    reference: _Rows
    held_out: dict[int, _Rows]
    training: _Scaled
    clean: _Scaled
    blurred: dict[int, _Scaled]


def blurred_study() -> Study:
    """Fields of random density, one a well; a network is trained on some, the alarm calibrated on others."""
    from wellspring.labelling.embeddings.bottleneck import bottleneck_of, field_embedding

    flat = flat_field(_CAMERA, rng=np.random.default_rng([7, 0]))
    n = _N_TRAINING + _N_REFERENCE + N_HELD_OUT
    drawn = [_drawn(number, flat) for number in range(n)]
    light = np.stack([one[0] for one in drawn])
    network, scaled = _trained(light[:_N_TRAINING], np.stack([one[1] for one in drawn[:_N_TRAINING]]))
    bottleneck = bottleneck_of(network)

    def embedded(images: NDArray[np.number]) -> _Rows:
        return np.stack([field_embedding(bottleneck, scaled(image)) for image in images]).astype(np.float64)

    space = fit_space(embedded(light[:_N_TRAINING]))
    plate = light_of(light[:_N_TRAINING, None], offset=100.0, microscope=Microscope(contrast="dic", pixel_um=0.65))
    held = light[_N_TRAINING + _N_REFERENCE :]
    levels, blurred = {0: projected(space, embedded(held))}, {}
    for level, radius in RADII.items():
        rng = np.random.default_rng(level)
        worse = [corrupted(one[None], kind="blur", value=radius, light=plate, rng=rng).planes[0] for one in held]
        levels[level] = projected(space, embedded(np.stack(worse)))
        blurred[level] = scaled(np.stack(worse))
    reference = projected(space, embedded(light[_N_TRAINING : _N_TRAINING + _N_REFERENCE]))
    return Study(reference, levels, scaled(light[:_N_TRAINING]), scaled(held), blurred)


def _drawn(number: int, flat: NDArray[np.float64]) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    rng = np.random.default_rng([7, 1, number])
    field = draw_field(
        per_mm2=float(rng.uniform(150, 900)),
        camera=_CAMERA,
        line=CellLine(),
        flat=flat,
        light=FieldLight(),
        rng=rng,
    )
    return field.images["DIC"], field.images["nucleus"]


def _trained(light: NDArray[np.uint16], stain: NDArray[np.uint16]) -> tuple[Any, Callable[[_Image], _Scaled]]:
    """A small U-Net after a few epochs, and the scaling of its input."""
    import keras

    from wellspring.models.unet import build_unet_maps

    keras.utils.set_random_seed(1)
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, build_unet_maps(inputs, width=8, n_levels=3, dropout=0.1))
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    middle, spread = float(light.mean()), float(light.std())

    def scaled(image: NDArray[np.number]) -> NDArray[np.float32]:
        return ((image.astype(np.float32) - middle) / spread).astype(np.float32)

    target = (stain.astype(np.float32) - stain.mean()) / stain.std()
    model.fit(scaled(light)[..., None], target[..., None], epochs=8, batch_size=8, verbose=0)
    return model, scaled
