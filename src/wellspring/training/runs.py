"""One run: a model, a regime and a seed, from the dataset to weights, history and predictions."""

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
from wellspring.models.devices import computing_in
from wellspring.training.augmentation import Augmentation, augmentation_layers, size_ratios
from wellspring.training.batches import Cells, ImageSource, TrainingBatches, ValidationBatches, held_in_memory
from wellspring.training.checkpoints import Checkpoint, fingerprint
from wellspring.training.fitting import Schedule, target_scale, train
from wellspring.training.prediction import input_places, predicted, predictions_table

__all__ = ["Augmentation", "Data", "Fitted", "Run", "Schedule", "augmentation_for", "fit_run", "opened"]

# Images below this size, in all, are read once and kept.
_MEMORY_BYTES = 2**30


@dataclass(frozen=True)
class Run:
    """What tells runs apart."""

    model: str
    regime: str
    seed: int

    @property
    def label(self) -> str:
        """The run in words."""
        return f"{self.model} {self.regime} {self.seed}"


@dataclass(frozen=True)
class Data:
    """A manifest, the normalization of its images, their loader, and the threads that may read them."""

    manifest: pd.DataFrame
    normalization: pd.DataFrame
    loader: ImageSource
    threads: int

    def cells(self, split: str) -> Cells:
        """The cells of a split, kept in memory where they are small."""
        places = np.flatnonzero(self.manifest["split"] == split)
        return held_in_memory(Cells(self.loader, places, self.threads), max_bytes=_MEMORY_BYTES)

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


def opened(
    manifest: pd.DataFrame,
    normalization: pd.DataFrame,
    *,
    crops_folder: Path,
    target_channel: str,
    image_size: int,
    threads: int,
) -> Data:
    """Make a manifest's images readable. See `wellspring.dataset.loader.CropLoader`."""
    loader = CropLoader(
        manifest,
        crops_folder=crops_folder,
        normalization=normalization,
        image_size=image_size,
        exclude_channel=target_channel,
    )
    return Data(manifest=manifest, normalization=normalization, loader=loader, threads=threads)


def augmentation_for(
    data: Data, *, regime: str, shift: float, noise_sd: float, zoom: bool, flip: bool, rotate: bool
) -> Augmentation:
    """What is changed at random in a regime: channels are shifted in ``structure`` alone.

    The sizes that nuclei are zoomed to follow the training cells' ``cell_size_ratio``; no training cells, no zoom.
    """
    ratios = data.of_training("cell_size_ratio")
    return Augmentation(
        shift=shift if regime == "structure" else 0.0,
        noise_sd=noise_sd,
        zoom=size_ratios(ratios) if zoom and len(ratios) else None,
        flip=flip,
        rotate=rotate,
    )


def fit_run(
    data: Data,
    run: Run,
    *,
    input_channels: Sequence[str] | None,
    augmentation: Augmentation,
    schedule: Schedule,
    resume_folder: Path,
    code: str,
    report: Callable[[str], None],
) -> Fitted:
    """Build and train one model, and predict every cell with it.

    Training may compute in mixed precision (``schedule.device``). The model that is returned, and that makes the
    predictions, has the same weights in float32, so that what comes after computes alike on any machine. The start is
    drawn from Keras' global seed, which is the caller's to set.

    Parameters
    ----------
    input_channels
        Names of the channels that the model sees; None: all but the target.
    resume_folder
        Where the state is kept after each epoch; the caller's to remove.
    code
        Digest of the code: a state that other code has left is not gone on from.
    report
        Takes lines of progress.

    Raises
    ------
    ValueError
        When a split has no cells, an input channel is not in the dataset, the images are too small for the model, or
        the training diverges.
    """
    training = TrainingBatches(data.cells("train"), batch_size=schedule.batch_size, seed=run.seed)
    validation = ValidationBatches(data.cells("validation"), batch_size=schedule.batch_size)
    build = _builder(data, run, input_channels=input_channels)
    settings = [asdict(run), asdict(augmentation), asdict(schedule), build.keywords, code, keras.backend.backend()]
    mark = fingerprint(settings, tables=[data.manifest, data.normalization])
    with computing_in(schedule.device.dtype_policy):
        model = build()
        history = train(
            model,
            augmentation_layers(augmentation, seed=run.seed),
            training=training,
            validation=validation,
            schedule=schedule,
            checkpoint=Checkpoint(resume_folder / "state.npz", fingerprint=mark),
            report=report,
            label=run.label,
        )
    with computing_in("float32"):
        exact = build()
    exact.set_weights(model.get_weights())
    cells = Cells(data.loader, np.arange(len(data.manifest)), data.threads)
    values = predicted(exact, cells, batch_size=schedule.batch_size, jit_compile=schedule.device.jit_compile)
    table = predictions_table(data.manifest, values, model=run.model, regime=run.regime, seed=run.seed)
    return Fitted(model=exact, history=history, predictions=table)


def _builder(data: Data, run: Run, *, input_channels: Sequence[str] | None) -> "partial[keras.Model]":
    """Builds the run's model, for this dataset's images and targets."""
    mean, std = target_scale(data.of_training("target"))
    return partial(
        build_regressor,
        run.model,
        image_size=data.loader.image_size,
        n_channels=data.loader.n_channels,
        input_channels=input_places(input_channels, channels=data.loader.channels),
        target_mean=mean,
        target_std=std,
    )
