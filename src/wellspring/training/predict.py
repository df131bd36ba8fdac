"""A trained model used on new wells: their crops, prepared as those that it was trained on, and a value per cell."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wellspring.cells.shards import Shard
from wellspring.dataset.loader import CropLoader
from wellspring.dataset.tables import NORMALIZATION
from wellspring.errors import InputError
from wellspring.tables import read_table, write_table
from wellspring.training.prediction import predicted
from wellspring.training.sources import Cells
from wellspring.training.tables import NEW_PREDICTIONS

if TYPE_CHECKING:
    import keras

__all__ = ["default_normalization", "excluded_channel", "predict_wells", "shard_files"]

# results/training/model/regime/seed/model.keras
_ABOVE_THE_MODEL = 4
_LAYERS = ("channel_filter", "target")


@dataclass(frozen=True)
class _Inputs:
    """What the model is given: cells (plate, well, object_id, row, is_cropped), and their images."""

    cells: pd.DataFrame
    loader: CropLoader


def predict_wells(
    model: Path,
    crops: Sequence[Path],
    *,
    normalization: Path | None,
    target_channel: str | None,
    output: Path,
    batch_size: int,
    threads: int,
) -> pd.DataFrame:
    """Predict every cell of some crop shards with a saved model; write table `NEW_PREDICTIONS` to `output`.

    Intensities are normalised as in the model's run (its `normalization`), with the background of the new wells. No
    cell is left out: the filter of the model's run (``dataset.filter``) is not applied.

    Parameters
    ----------
    model
        A file ``model.keras`` of the rule training_fit.
    crops
        Shards ``plate/well.arrow``, or folders of such.
    normalization
        Table `NORMALIZATION` of the model's run; None: where that run has it, see `default_normalization`.
    target_channel
        See `excluded_channel`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not what it should be, or model, normalization and crops do not belong together.
    """
    if batch_size < 1 or threads < 1:
        raise InputError(f"--batch-size, --threads: expected 1 or more, got {batch_size} and {threads}.")
    scaling = read_table(normalization or default_normalization(model), NORMALIZATION)
    shards = [Shard(path) for path in shard_files(crops)]
    names = [str(name) for name in scaling["channel"]]
    excluded = [excluded_channel(shard, names, target_channel=target_channel) for shard in shards]
    if len(set(excluded)) > 1:
        raise InputError("--crops: some wells have the target channel and others lack it. Predict them separately.")
    network = _loaded(model, n_channels=len(names), threads=threads)
    inputs = _opened(shards, scaling, excluded=excluded[0], image_size=int(network.input_shape[1]))
    cells = Cells(inputs.loader, np.arange(len(inputs.cells)), threads)
    found = inputs.cells.assign(prediction=predicted(network, cells, batch_size=batch_size))[NEW_PREDICTIONS.names]
    write_table(found, output, NEW_PREDICTIONS)
    return found


def default_normalization(model: Path) -> Path:
    """``results/dataset/normalization.parquet`` of the run that ``results/training/MODEL/REGIME/SEED/`` belongs to.

    Raises
    ------
    FileNotFoundError
        When it is not there.
    """
    folders = Path(model).absolute().parents
    path = folders[min(_ABOVE_THE_MODEL, len(folders) - 1)] / "dataset" / "normalization.parquet"
    if not path.is_file():
        raise FileNotFoundError(
            f"--normalization: expected the normalization of the model's run at {path}, found none. Name the file "
            "dataset/normalization.parquet of the results that the model comes from."
        )
    return path


def shard_files(paths: Sequence[Path]) -> list[Path]:
    """The crop shards in files and folders (``plate/well.arrow``), each once.

    Raises
    ------
    FileNotFoundError
        When a path does not exist, or there is no shard in a folder.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        inner = sorted(path.glob("*/*.arrow")) if path.is_dir() else [path]
        if not inner or not path.exists():
            raise FileNotFoundError(
                f"--crops: expected crop shards PLATE/WELL.arrow at {path}, found none. Run the rule cells_crop of "
                "the new wells, and name its folder, results/cells/crops."
            )
        found += inner
    return list(dict.fromkeys(found))


def excluded_channel(shard: Shard, names: Sequence[str], *, target_channel: str | None) -> str | None:
    """The channel of the crops that the model does not see, the target; None where the crops lack it.

    Parameters
    ----------
    shard
        Crops of one well.
    names
        Channels of the normalization, the target included.
    target_channel
        The target's name; needed where the crops have all channels.

    Raises
    ------
    ValueError
        When the crops do not have the channels of the normalization, in their order, all or all but the target.
    """
    if target_channel is not None and target_channel not in names:
        known = f"a channel of the normalization, {list(names)}"
        raise InputError(f"--target-channel: expected {known}, got {target_channel!r}.")
    own = list(shard.header.channels)
    missing = [name for name in names if name not in own]
    expected = [name for name in names if name in own]
    if own != expected or len(missing) > 1 or (missing and target_channel not in (None, *missing)):
        raise InputError(
            f"{shard.path}: expected the channels {list(names)} in this order, all or all but the target"
            f"{'' if target_channel is None else f' {target_channel!r}'}, found {own}. Crop the new wells with the "
            "channels of the model's run, named alike."
        )
    if missing:
        return None
    if target_channel is None:
        raise InputError(
            f"{shard.path}: has all channels of the normalization, so --target-channel must name the one that the "
            f"model predicts (dataset.target_channel of its run), one of {own}."
        )
    return target_channel


def _loaded(path: Path, *, n_channels: int, threads: int) -> "keras.Model":
    """The model, checked: of this workflow, and for as many channels as the normalization has."""
    # TensorFlow writes when it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.models import load_regressor
    from wellspring.models.devices import prepared_device

    prepared_device(threads=threads)
    model = load_regressor(path)
    names = {layer.name for layer in model.layers}
    if not names.issuperset(_LAYERS):
        raise InputError(f"{path}: expected a model of the rule training_fit, found one without the layers {_LAYERS}.")
    # Without the target, and with the mask.
    if model.input_shape[-1] != n_channels:
        raise InputError(
            f"{path}: the model takes images of {model.input_shape[-1] - 1} channels and the target, but the "
            f"normalization has {n_channels} channels. Give the normalization of the model's own run."
        )
    return model


def _opened(shards: Sequence[Shard], scaling: pd.DataFrame, *, excluded: str | None, image_size: int) -> _Inputs:
    """All cells of the shards."""
    folders = {shard.path.parents[1] for shard in shards}
    if len(folders) > 1:
        raise InputError(
            f"--crops: expected shards PLATE/WELL.arrow of one folder, got those of {sorted(map(str, folders))}. "
            "Predict them one folder at a time."
        )
    own = [name in shards[0].header.channels for name in scaling["channel"]]
    rows = []
    for shard in shards:
        for row in range(len(shard)):
            crop = shard.read(row)
            is_cropped = max(crop.height, crop.width) > image_size
            rows.append((shard.path.parent.name, shard.path.stem, crop.object_id, row, is_cropped))
    cells = pd.DataFrame(rows, columns=["plate", "well", "object_id", "row", "is_cropped"])
    cells = cells.astype({"plate": "str", "well": "str", "object_id": "int64", "row": "int64", "is_cropped": "bool"})
    loader = CropLoader(
        cells.assign(target=np.nan),
        crops_folder=folders.pop(),
        normalization=scaling[own],
        image_size=image_size,
        exclude_channel=excluded,
    )
    return _Inputs(cells, loader)
