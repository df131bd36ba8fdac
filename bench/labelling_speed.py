"""A training step of a stain's network, crops drawn and augmented on the way, compared with a plain Keras fit.

The fit has the same network, loss and optimizer, and crops that lie ready in memory. Both ways take turns; best of
their rounds, processor time of all threads, which other jobs of the machine do not lengthen much.
"""

import os
import time

import numpy as np

from bench.table import Row

_SIDE_PX, _N_FIELDS = 512, 4
_CROP_PX, _BATCH, _STEPS, _ROUNDS = 256, 2, 6, 3
_TARGET = 0.95


def run() -> list[Row]:
    """Time the default network of ``wellspring label-train``."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.labelling.crops import CropSource
    from wellspring.labelling.fields import Field
    from wellspring.labelling.light import relative_light
    from wellspring.labelling.losses import loss_named
    from wellspring.labelling.network import build_label_model, value_of
    from wellspring.labelling.scaling import plane_scales, stain_scale
    from wellspring.labelling.settings import Augmentation, ModelSettings
    from wellspring.models.memory import keep_freed_memory

    keep_freed_memory()
    rng = np.random.default_rng(0)
    images = rng.poisson(3000, (_N_FIELDS, 2, _SIDE_PX, _SIDE_PX)).astype(np.uint16)
    fields = [Field(str(n), str(n), one[:1], one[1]) for n, one in enumerate(images)]
    settings, scale = ModelSettings(), stain_scale(list(images[:, 1]), kind="asinh")
    light = [relative_light(one.planes, window_px=settings.window_px) for one in fields]
    record = {"stain": "n", "dtype": "uint16", "pixel_size_um": None, "lowest": 0.0}
    network = build_label_model(planes=plane_scales(light), scale=scale, settings=settings, record=record)
    trainer = value_of(network)
    trainer.compile(keras.optimizers.Adam(1e-3), loss=loss_named("mse", target="asinh", threshold=1.0))
    source = CropSource(
        fields=fields, scale=scale, crop_px=_CROP_PX, batch_size=_BATCH, augmentation=Augmentation(), seed=1
    )
    ready = [source.batch(step) for step in range(_STEPS)]
    inputs, targets = (np.concatenate([one[place] for one in ready]) for place in (0, 1))
    best = {"ours": np.inf, "fit": np.inf}
    for number in range(_ROUNDS + 1):
        start = time.process_time()
        for step in range(_STEPS):
            trainer.train_on_batch(*source.batch(step))
        ours = time.process_time() - start
        start = time.process_time()
        trainer.fit(inputs, targets, batch_size=_BATCH, verbose=0)
        fit = time.process_time() - start
        if number > 0:  # The first round compiles.
            best = {"ours": min(best["ours"], ours), "fit": min(best["fit"], fit)}
    ratio = best["fit"] / best["ours"]
    what = f"training steps of {_BATCH} crops of {_CROP_PX} px"
    rate = _STEPS / best["ours"]
    unit = "steps per processor second"
    return [Row("labelling_speed", what, rate, unit, "plain fit", ratio, f"at least {_TARGET}", ratio >= _TARGET)]
