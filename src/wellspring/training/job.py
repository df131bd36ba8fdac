"""The job of a training: from the dataset and the config's settings to weights, history and predictions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.dataset.loader import CropLoader
from wellspring.models import build_regressor
from wellspring.models.devices import Device, computing_in
from wellspring.training.augmentation import Augmentation, augmentation_layers, size_ratios
from wellspring.training.batches import TrainingBatches, ValidationBatches
from wellspring.training.checkpoints import Checkpoint, fingerprint
from wellspring.training.fitting import Schedule, target_scale, train
from wellspring.training.prediction import input_places, predicted, predictions_table
from wellspring.training.runs import Run
from wellspring.training.settings import AugmentationSettings, ImageSettings, TrainingSettings
from wellspring.training.sources import Cells, ImageSource, held_in_memory

__all__ = ["Data", "Fitted", "augmentation_for", "data_of", "run"]

# Images below this size, in all, are read once and kept.
_MEMORY_BYTES = 2**30


@dataclass(frozen=True)
class Data:
    """A manifest, the normalization of its images, their loader, and the threads that may read them."""

    manifest: pd.DataFrame
    normalization: pd.DataFrame
    loader: ImageSource
    threads: int

    def cells(self, split: str) -> Cells:
        """The cells of a split, kept in memory where they are small."""
        indices = np.flatnonzero(self.manifest["split"] == split)
        return held_in_memory(Cells(self.loader, indices, self.threads), max_bytes=_MEMORY_BYTES)

    def of_training(self, column: str) -> NDArray[np.float64]:
        """A column's values in the training cells, (n,) float64; n may be 0."""
        values: NDArray[np.float64] = self.manifest.loc[self.manifest["split"] == "train", column].to_numpy(np.float64)
        return values


@dataclass(frozen=True)
class Fitted:
    """A trained model (float32, with its best weights), and the tables `HISTORY` and `PREDICTIONS` (all splits)."""

    model: keras.Model
    history: pd.DataFrame
    predictions: pd.DataFrame


def data_of(
    manifest: pd.DataFrame,
    normalization: pd.DataFrame,
    *,
    crops_folder: Path,
    images: ImageSettings,
    threads: int,
) -> Data:
    """Make a manifest's images readable. See `wellspring.dataset.loader.CropLoader`."""
    loader = CropLoader(
        manifest,
        crops_folder=crops_folder,
        normalization=normalization,
        image_size=images.image_size,
        exclude_channel=images.target_channel,
    )
    return Data(manifest=manifest, normalization=normalization, loader=loader, threads=threads)


def augmentation_for(data: Data, *, regime: str, settings: AugmentationSettings) -> Augmentation:
    """What is changed at random in a regime: channels are shifted in ``structure`` alone.

    The sizes that nuclei are zoomed to follow the training cells' ``cell_size_ratio``; no training cells, no zoom.
    """
    ratios = data.of_training("cell_size_ratio")
    return Augmentation(
        shift=settings.shift if regime == "structure" else 0.0,
        noise_sd=settings.noise_sd,
        zoom=size_ratios(ratios) if settings.zoom and len(ratios) else None,
        flip=settings.flip,
        rotate=settings.rotate,
    )


def run(
    data: Data,
    which: Run,
    *,
    input_channels: Sequence[str] | None,
    settings: TrainingSettings,
    learning_rate: float,
    device: Device,
    resume_folder: Path,
    code: str,
    report: Callable[[str], None],
) -> Fitted:
    """Build and train one model, and predict every cell with it.

    Training may compute in mixed precision (`device`). The model that is returned, and that makes the
    predictions, has the same weights in float32, so that what comes after computes alike on any machine. The start is
    drawn from Keras' global seed, which is the caller's to set.

    Parameters
    ----------
    input_channels
        Names of the channels that the model sees; None: all but the target.
    learning_rate
        Of the run's architecture.
    resume_folder
        Where the state is kept after each epoch; the caller's to remove.
    code
        Digest of the code: a training does not resume from a state that other code has left.
    report
        Takes lines of progress.

    Raises
    ------
    ValueError
        When a split has no cells, an input channel is not in the dataset, the images are too small for the model, or
        the training diverges.
    """
    schedule = Schedule(
        epochs=settings.epochs,
        patience=settings.patience,
        batch_size=settings.batch_size,
        huber_delta=settings.huber_delta,
        learning_rate=learning_rate,
        device=device,
    )
    # First, since they say which split has no cells.
    training = TrainingBatches(data.cells("train"), batch_size=schedule.batch_size, seed=which.seed)
    validation = ValidationBatches(data.cells("validation"), batch_size=schedule.batch_size)
    augmentation = augmentation_for(data, regime=which.regime, settings=settings.augmentation)
    build = _builder(data, which, input_channels=input_channels)
    parts = [asdict(which), asdict(augmentation), asdict(schedule), build.keywords, code, keras.backend.backend()]
    mark = fingerprint(parts, tables=[data.manifest, data.normalization])
    with computing_in(device.dtype_policy):
        model = build()
        history = train(
            model,
            augmentation_layers(augmentation, seed=which.seed),
            training=training,
            validation=validation,
            schedule=schedule,
            checkpoint=Checkpoint(resume_folder / "state.npz", fingerprint=mark),
            report=report,
            label=which.label,
        )
    with computing_in("float32"):
        exact = build()
    exact.set_weights(model.get_weights())
    cells = Cells(data.loader, np.arange(len(data.manifest)), data.threads)
    values = predicted(exact, cells, batch_size=schedule.batch_size, jit_compile=device.jit_compile)
    return Fitted(model=exact, history=history, predictions=predictions_table(data.manifest, values, run=which))


def _builder(data: Data, which: Run, *, input_channels: Sequence[str] | None) -> "partial[keras.Model]":
    """Builds the run's model, for this dataset's images and targets."""
    mean, std = target_scale(data.of_training("target"))
    return partial(
        build_regressor,
        which.model,
        image_size=data.loader.image_size,
        n_channels=data.loader.n_channels,
        input_channels=input_places(input_channels, channels=data.loader.channels),
        target_mean=mean,
        target_std=std,
    )
