"""Loading a trained model and its cells, for jobs that explain or test it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.maps.baselines import NEEDS_CELLS, Baselines
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.maps.paths import Gradients
from wellspring.attribution.maps.scores import Scoring
from wellspring.attribution.roar.removal import fill_values
from wellspring.attribution.settings import Baseline, BlurBaseline, CellsBaseline, PlainBaseline, ValidationSettings
from wellspring.attribution.validation.insertion import Subject
from wellspring.attribution.validation.measuring import Candidate, Subjects, candidates
from wellspring.dataset.loader import CropLoader
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.jobs import log_device
from wellspring.settings import settings_of
from wellspring.tables import read_table
from wellspring.training.settings import ImageSettings

if TYPE_CHECKING:
    import keras

    from wellspring.training.sources import ImageSource

__all__ = ["ExplainedModel", "baselines_of", "candidates_of", "load_model"]


@dataclass(frozen=True)
class ExplainedModel:
    """A trained model with the cells that it is explained on.

    Attributes
    ----------
    model : keras.Model
    model_file : Path
    manifest, normalization : DataFrame
    loader : CropLoader
        Of the manifest's cells.
    inputs : tuple of int
        Places, among the loader's channels, of those that the model sees.
    """

    model: "keras.Model"
    model_file: Path
    manifest: pd.DataFrame
    normalization: pd.DataFrame
    loader: CropLoader
    inputs: tuple[int, ...]

    @cached_property
    def gradients(self) -> Gradients:
        """The model's values and gradients for a batch of images, compiled once."""
        from wellspring.models.gradients import input_gradients

        return input_gradients(self.model)

    def randomised(self, *, seed: int) -> Iterator[str]:
        """The model made random layer by layer, see `wellspring.models.randomising.randomised_from_top`."""
        from wellspring.models.randomising import randomised_from_top

        return randomised_from_top(self.model, seed=seed)

    @property
    def channels(self) -> list[str]:
        """Names of the channels that the model sees."""
        return [self.loader.channels[index] for index in self.inputs]

    def baselines(self, settings: Baseline) -> Baselines:
        """As `baselines_of`, of these cells."""
        return baselines_of(settings, loader=self.loader, manifest=self.manifest)

    def images(self, places: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        """The image of each place, (S, S, C) float32."""
        return (self.loader.batch([index])[0][0] for index in places)

    def subjects(self, cells: pd.DataFrame) -> Subjects:
        """The cells, with what replaces a value that is removed."""
        indices = [int(index) for index in cells["place"]]
        inputs = np.asarray(self.inputs, dtype=np.int64)
        fill = fill_values(self.normalization, channels=self.channels)
        blur = Baselines("blur", np.empty((0, 1, 1, 1), dtype=np.float32))
        found = [
            Subject(image, blurred=blur.of(image, rng=np.random.default_rng(0))[0], inputs=inputs, fill=fill)
            for image in self.images(indices)
        ]
        return Subjects(found, self.channels, indices)

    def fingerprint(self, *settings: Any) -> str:
        """Digest of the model, the cells and the settings (values that JSON can hold)."""
        from wellspring.training.checkpoints import fingerprint

        weights = self.model_file.read_bytes().hex()
        return fingerprint([*settings, weights], tables=[self.manifest, self.normalization])


def load_model(
    model: Path, manifest: Path, normalization: Path, *, crops_folder: Path, images: ImageSettings, threads: int
) -> ExplainedModel:
    """Load a model and open its cells.

    Parameters
    ----------
    model, manifest, normalization
        Files of the run.
    crops_folder
        Of the shards, ``plate/well.arrow``.
    threads
        Processor threads that the model may take.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or damaged, or an input channel is not in the dataset.
    """
    from wellspring.models import load_regressor
    from wellspring.models.devices import device_name, prepared_device
    from wellspring.training.prediction import input_places

    prepared_device(threads=threads)
    log_device(device_name())
    cells = read_table(manifest, MANIFEST)
    scaling = read_table(normalization, NORMALIZATION)
    loader = CropLoader(
        cells,
        crops_folder=crops_folder,
        normalization=scaling,
        image_size=images.image_size,
        exclude_channel=images.target_channel,
    )
    inputs = input_places(images.input_channels, channels=loader.channels)
    return ExplainedModel(load_regressor(model), model, cells, scaling, loader, inputs)


def baselines_of(settings: Baseline, *, loader: "ImageSource", manifest: pd.DataFrame) -> Baselines:
    """The baselines that the config names. Their training cells are drawn with seed 0."""
    cells = np.empty((0, loader.image_size, loader.image_size, loader.n_channels), dtype=np.float32)
    if isinstance(settings, CellsBaseline):
        indices = np.flatnonzero(manifest["split"] == "train")
        drawn = np.random.default_rng(0).permutation(indices)[: settings.cells]
        cells = loader.batch(np.sort(drawn))[0]
    sigma_px = settings.sigma_px if isinstance(settings, BlurBaseline) else None
    return Baselines(settings.method, cells, sigma_px=sigma_px)


def candidates_of(model: ExplainedModel, settings: ValidationSettings, *, noise_sd: float) -> list[Candidate]:
    """The map methods that the config's block ``attribution.validation`` compares, each with its baselines."""
    scorings = []
    for name in settings.methods:
        method = MapMethod(*name.split("/"))
        has_copies = method.copies != "none"
        points = settings.points if has_copies else settings.steps
        estimator = "offset" if has_copies else "trapezoid"
        scorings.append(Scoring(method, estimator, points=points, samples=settings.samples, noise_sd=noise_sd))
    starts = [model.baselines(_tested_baseline(name, cells=settings.baseline_cells)) for name in settings.baselines]
    return candidates(scorings, starts)


def _tested_baseline(name: str, *, cells: int) -> Baseline:
    if name in NEEDS_CELLS:
        return settings_of(CellsBaseline, {"method": name, "cells": cells})
    if name == "blur":
        return BlurBaseline(method="blur", sigma_px=None)
    return settings_of(PlainBaseline, {"method": name})
