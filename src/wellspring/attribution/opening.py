"""A trained model and its cells, opened for a job that asks for gradients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.baselines import NEEDS_CELLS, Baselines
from wellspring.attribution.insertion import Subject
from wellspring.attribution.methods import Method
from wellspring.attribution.paths import Gradients
from wellspring.attribution.removal import fill_values
from wellspring.attribution.runs import Settings
from wellspring.attribution.scores import Scoring, scoring_of
from wellspring.attribution.validation import Candidate, Subjects, candidates
from wellspring.dataset.loader import CropLoader
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.jobs import log_device
from wellspring.tables import read_table

if TYPE_CHECKING:
    import keras

    from wellspring.training.batches import ImageSource

__all__ = ["Opened", "baselines_of", "grid_of", "opened_cells", "settings_of"]


@dataclass(frozen=True)
class Opened:
    """A model, its cells, and where it came from.

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
        return [self.loader.channels[place] for place in self.inputs]

    def baselines(self, block: Mapping[str, Any]) -> Baselines:
        """As `baselines_of`, of these cells."""
        return baselines_of(block, loader=self.loader, manifest=self.manifest)

    def images(self, places: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        """The image of each place, (S, S, C) float32."""
        return (self.loader.batch([place])[0][0] for place in places)

    def subjects(self, cells: pd.DataFrame) -> Subjects:
        """The cells, with what stands for a value that is removed."""
        places = [int(place) for place in cells["place"]]
        inputs = np.asarray(self.inputs, dtype=np.int64)
        fill = fill_values(self.normalization, channels=self.channels)
        blur = Baselines("blur", np.empty((0, 1, 1, 1), dtype=np.float32))
        found = [
            Subject(image, blurred=blur.of(image, rng=np.random.default_rng(0))[0], inputs=inputs, fill=fill)
            for image in self.images(places)
        ]
        return Subjects(found, self.channels, places)

    def fingerprint(self, *settings: Any) -> str:
        """Digest of the model, the cells and the settings (values that JSON can hold)."""
        from wellspring.training.checkpoints import fingerprint

        weights = self.model_file.read_bytes().hex()
        return fingerprint([*settings, weights], tables=[self.manifest, self.normalization])


def opened_cells(inputs: Mapping[str, str], *, params: Mapping[str, Any], threads: int) -> Opened:
    """Open ``model``, ``manifest`` and ``normalization`` of a rule's `inputs`, as its `params` say.

    Parameters
    ----------
    params
        ``crops_folder``, ``target_channel``, ``input_channels``, ``image_size``.
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
    manifest = read_table(Path(inputs["manifest"]), MANIFEST)
    scaling = read_table(Path(inputs["normalization"]), NORMALIZATION)
    images = {"crops_folder": Path(params["crops_folder"]), "exclude_channel": params["target_channel"]}
    loader = CropLoader(manifest, normalization=scaling, image_size=params["image_size"], **images)
    names: Sequence[str] | None = params["input_channels"]
    places = input_places(names, channels=loader.channels)
    file = Path(inputs["model"])
    return Opened(load_regressor(file), file, manifest, scaling, loader, places)


def baselines_of(block: Mapping[str, Any], *, loader: "ImageSource", manifest: pd.DataFrame) -> Baselines:
    """The baselines that a block ``baseline`` of the config names. Its training cells are drawn with seed 0."""
    cells = np.empty((0, loader.image_size, loader.image_size, loader.n_channels), dtype=np.float32)
    if block["method"] in NEEDS_CELLS:
        places = np.flatnonzero(manifest["split"] == "train")
        drawn = np.random.default_rng(0).permutation(places)[: block["cells"]]
        cells = loader.batch(np.sort(drawn))[0]
    return Baselines(block["method"], cells, sigma_px=block.get("sigma_px"))


def settings_of(block: Mapping[str, Any]) -> Settings:
    """How the config's block ``attribution`` wants cells explained."""
    names = ("rule", "steps", "tolerance", "max_steps", "batch_size")
    return Settings(scoring=scoring_of(block), **{name: block[name] for name in names})


def grid_of(opened: Opened, block: Mapping[str, Any], *, noise_sd: float) -> list[Candidate]:
    """The ways to make maps that the config's block ``attribution.validation`` compares."""
    scorings = []
    for name in block["methods"]:
        method = Method(*name.split("/"))
        has_copies = method.copies != "none"
        points = block["points"] if has_copies else block["steps"]
        estimator = "offset" if has_copies else "trapezoid"
        scorings.append(Scoring(method, estimator, points=points, samples=block["samples"], noise_sd=noise_sd))
    starts = [opened.baselines({"method": name, "cells": block["baseline_cells"]}) for name in block["baselines"]]
    return candidates(scorings, starts)
