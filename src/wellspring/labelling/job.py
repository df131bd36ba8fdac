"""Jobs of the workflow: indexes and settings to models and predicted stains. Imports Keras."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.labelling.fields import Field
from wellspring.labelling.learning import Learned, learn_stain
from wellspring.labelling.network import load_label_model, stain_scale_of
from wellspring.labelling.predict import predict_image
from wellspring.labelling.settings import ModelSettings, TrainingSettings
from wellspring.labelling.tables import LABELLING_SPLITS
from wellspring.labelling.well_images import fields_of_well, write_predicted
from wellspring.raw.index import WellIndex

__all__ = ["predict_well", "train_stain"]


def train_stain(
    wells: Sequence[WellIndex],
    *,
    light: Sequence[str],
    stain: str,
    splits: Mapping[str, str] | None,
    steps: Sequence[Mapping[str, Any]],
    model: ModelSettings,
    training: TrainingSettings,
    output: Path,
    about: Path,
    report: Callable[[str], None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train a stain's network with the wells that have it; write the model, and its scale for jobs without Keras.

    Parameters
    ----------
    splits
        ``plate/well`` to its split, of the sheet; None: every fifth well chooses the weights, another is held out.
    steps
        Preprocessing of the stain.
    about
        JSON file for the scale, the threshold and the bright end of the stain.

    Returns
    -------
    DataFrame, DataFrame
        Tables `LABELLING_SPLITS` and `LABELLING_HISTORY`.

    Raises
    ------
    ValueError
        When no well has the stain, or the sheet gives one of them no split.
    """
    stained = [one for one in wells if not one.left_out and stain in one.channels]
    if not stained:
        raise InputError(
            f"labelling.stains: no well has the channel {stain!r}; nothing can be learned. Correct the config."
        )
    given = [None if splits is None else splits.get(one.name) for one in stained]
    missing = [one.name for one, split in zip(stained, given, strict=True) if splits is not None and not split]
    if missing:
        raise InputError(
            f"labelling.split: {', '.join(missing[:5])} have the stain {stain} and no split in the sheet. Write train, "
            "validation or test."
        )
    keys, fields, wanted = [], [], []
    for well, split in zip(stained, given, strict=True):
        for site, one in fields_of_well(well, light=light, stain=stain, steps=steps):
            keys.append((well.plate, well.well, site))
            fields.append(one)
            wanted.append(split)
    learned = learn_stain(
        fields,
        wanted,
        stain=stain,
        model=model,
        training=training,
        output=output,
        source="labelling.split",
        report=report,
        has_test=True,
    )
    _write_about(learned, about)
    table = pd.DataFrame(keys, columns=["plate", "well", "site"])
    table = table.assign(stain=stain, group=list(learned.groups), split=list(learned.splits))
    return table[LABELLING_SPLITS.names], learned.history


def _write_about(learned: Learned, path: Path) -> None:
    """The stain's scale, threshold and bright end, as JSON."""
    scale = stain_scale_of(learned.model)
    known = {"scale": scale.to_dict(), "threshold": learned.threshold, "brightest": learned.brightest}
    with replaced_when_whole(path) as temporary:
        temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def predict_well(
    well: WellIndex, models: Sequence[Path], *, light: Sequence[str], stains: Sequence[str], output: Path
) -> None:
    """Predict all stains of a well and write them to one file.

    Raises
    ------
    ValueError
        As `predict_image`.
    """
    networks = [load_label_model(path) for path in models]
    kinds = [stain_scale_of(one).kind == "mask" for one in networks]

    def images() -> Iterator[tuple[str, list[NDArray[np.float32]]]]:
        """The predicted stains of each site, one site at a time."""
        for site, one in fields_of_well(well, light=light, stain=None):
            yield site, [_predicted(network, one) for network in networks]

    write_predicted(output, images(), stains=stains, is_probability=kinds, pixel_size_um=well.pixel_size_um)


def _predicted(network: Any, field: Field) -> NDArray[np.float32]:
    return predict_image(network, field.planes, pixel_size_um=field.pixel_size_um, source=field.name)


def training_settings(block: Mapping[str, Any], *, seed: int) -> TrainingSettings:
    """The block ``labelling.training`` as settings."""
    from wellspring.settings import settings_of

    return replace(settings_of(TrainingSettings, block), seed=seed)
