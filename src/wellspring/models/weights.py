"""Weights of a network in one file: arrays of numbers and a description, no code."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

if TYPE_CHECKING:
    import keras

__all__ = ["FORMAT", "Weights", "into_model", "of_model", "read_weights", "write_weights"]

# Raised when a network of the same description would no longer mean the same.
FORMAT = 1
_ABOUT = "about"


@dataclass(frozen=True)
class Weights:
    """Arrays of a network by the paths of its variables, and what it takes to build and use it.

    Attributes
    ----------
    task : str
        What the maps show, for instance "nuclei".
    n_inputs, n_outputs : int
        Channels of images and maps.
    widths : tuple of int
        As of `build_unet`.
    arrays : dict
    about : dict
        What else a reader wants to know: training data, licence, steps, thresholds.
    """

    task: str
    n_inputs: int
    n_outputs: int
    widths: tuple[int, ...]
    arrays: Mapping[str, NDArray[np.float32]] = field(repr=False)
    about: Mapping[str, Any] = field(default_factory=dict)


def write_weights(weights: Weights, path: Path) -> None:
    """Write one compressed .npz, numbers as float16, in place once whole."""
    about = {key: value for key, value in asdict(weights).items() if key != "arrays"}
    text = np.array(json.dumps({**about, "format": FORMAT}))
    arrays = {name: np.asarray(value, dtype=np.float16) for name, value in weights.arrays.items()}
    temporary = path.with_name(f".{path.name}.part.npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(temporary, allow_pickle=False, **{_ABOUT: text, **arrays})
    temporary.replace(path)


def read_weights(path: Path, *, task: str, n_inputs: int, n_outputs: int) -> Weights:
    """Read what `write_weights` wrote.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    InputError
        When the file is truncated or no file of weights, of another version, for another task, or for images of other
        channels.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the weights of a network (.npz), found no such file. {_REMEDY}")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            about = json.loads(str(file[_ABOUT]))
            arrays = {name: file[name].astype(np.float32) for name in file.files if name != _ABOUT}
        found = (about.pop("format"), about["task"], about["n_inputs"], about["n_outputs"])
        widths = tuple(int(width) for width in about["widths"])
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: expected weights that wellspring wrote (.npz), got a file that is truncated or something else "
            f"({type(error).__name__}). {_REMEDY}"
        ) from error
    wanted = (FORMAT, task, n_inputs, n_outputs)
    if found != wanted:
        names = ("format", "task", "input channels", "output channels")
        differs = [f"{n} {w} (got {f})" for n, w, f in zip(names, wanted, found, strict=True) if w != f]
        raise InputError(f"{path}: expected weights of {', '.join(differs)}. {_REMEDY}")
    return Weights(task, n_inputs, n_outputs, widths, arrays, about.get("about", {}))


_REMEDY = "Take weights that this version of wellspring trained, or null for those that are part of it."


def of_model(model: "keras.Model") -> dict[str, NDArray[np.float32]]:
    """Arrays of a model by the paths of its variables."""
    return {variable.path: np.asarray(variable.value, dtype=np.float32) for variable in model.variables}


def into_model(model: "keras.Model", weights: Weights, *, name: str) -> None:
    """Set all variables of `model`.

    Raises
    ------
    InputError
        When a variable is missing or has another shape; `name` is the file in the message.
    """
    for variable in model.variables:
        value = weights.arrays.get(variable.path)
        if value is None or value.shape != tuple(variable.shape):
            got = "none" if value is None else f"the shape {value.shape}"
            raise InputError(
                f"{name}: expected weights {variable.path} of the shape {tuple(variable.shape)}, got {got}. {_REMEDY}"
            )
        variable.assign(value)
