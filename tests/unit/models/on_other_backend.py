"""Run by test_backends.py under another KERAS_BACKEND: load, predict, differentiate, train, go on, save.

Arguments: a folder with ``{linear,simple_cnn}.keras`` and ``images.npy``. Writes ``results.npz`` and
``saved_{linear,simple_cnn}.keras`` there.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from wellspring.models import build_regressor, load_regressor
from wellspring.models.devices import prepared_device
from wellspring.models.gradients import input_gradients
from wellspring.training.augmentation import Augmentation, SizeRatios, augmentation_layers, scaled
from wellspring.training.batches import Cells, TrainingBatches, ValidationBatches
from wellspring.training.checkpoints import Checkpoint
from wellspring.training.fitting import Schedule, train

EVERYTHING = Augmentation(shift=1.0, noise_sd=0.1, zoom=SizeRatios(0.7, 0.1, 0.5), flip=True, rotate=True)


class Source:
    """The images, each with its number as the target."""

    def __init__(self, images):
        self.images = images

    def batch(self, indices, *, out=None):
        return self.images[indices], np.asarray(indices, np.float32)


def trained(folder, images, *, name, epochs, report=str):
    """Some epochs on the first 8 images; the history without times."""
    keras.utils.set_random_seed(1)
    model = build_regressor(name, image_size=8, n_channels=3, input_channels=[0, 1], target_mean=4.0)
    cells = Cells(Source(images), np.arange(8))
    history = train(
        model,
        augmentation_layers(EVERYTHING, seed=1),
        training=TrainingBatches(cells, batch_size=4, seed=1),
        validation=ValidationBatches(cells, batch_size=64),
        schedule=Schedule(epochs, patience=4, batch_size=4, learning_rate=0.01, device=prepared_device(threads=2)),
        checkpoint=Checkpoint(folder / "state.npz", "mark"),
        report=report,
        label="run",
    )
    return history[["loss", "mae", "val_loss", "val_mae"]].to_numpy()


def stop_after_two(line):
    """Interrupt a training."""
    if "2/4" in line:
        raise KeyboardInterrupt


def main(folder):
    """Do it all."""
    images = np.load(folder / "images.npy")
    results = {"backend": keras.backend.backend()}
    for name in ("linear", "simple_cnn"):
        large = build_regressor(name, image_size=224, n_channels=38, input_channels=range(33))
        results[f"{name}/parameters"] = sum(int(np.prod(weight.shape)) for weight in large.trainable_weights)
        model = load_regressor(folder / f"{name}.keras")
        results[f"{name}/predictions"], results[f"{name}/gradients"] = input_gradients(model)(images)
        model.save(folder / f"saved_{name}.keras")
    results["scaled"] = np.asarray(scaled(images, np.linspace(0.6, 1.4, len(images), dtype=np.float32)))
    results["simple_cnn/history"] = trained(folder / "cnn", images, name="simple_cnn", epochs=2)
    results["whole"] = trained(folder / "whole", images, name="linear", epochs=4)
    try:
        trained(folder / "parts", images, name="linear", epochs=4, report=stop_after_two)
    except KeyboardInterrupt:
        results["parts"] = trained(folder / "parts", images, name="linear", epochs=4)
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
