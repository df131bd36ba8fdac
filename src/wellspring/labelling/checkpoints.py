"""The state of a training after its last epoch, in one file that is complete or absent."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.files import replaced_when_whole
from wellspring.labelling.fields import Field

__all__ = ["Checkpoint", "State", "fingerprint"]

_FORMAT = "wellspring-labelling-1"


def fingerprint(settings: Any, fields: Sequence[Field]) -> str:
    """Digest of what a training depends on: its settings (values that JSON can hold) and every pixel of its fields."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for one in fields:
        digest.update(repr((one.well, one.planes.shape, str(one.planes.dtype))).encode())
        digest.update(np.ascontiguousarray(one.planes).data)
        if one.stain is not None:
            digest.update(np.ascontiguousarray(one.stain).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class State:
    """A training between two epochs.

    Attributes
    ----------
    history : tuple of (step, loss, validation loss, seconds)
    variables : list of arrays
        Of the network, its seed generators and the optimizer.
    best : list of arrays
        Weights of the lowest validation loss.
    """

    history: tuple[tuple[int, float, float, float], ...]
    variables: list[NDArray[Any]]
    best: list[NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where the state is kept, and the fingerprint of the training that it belongs to."""

    path: Path
    fingerprint: str

    def save(self, state: State) -> None:
        """Replace the file by this state. A kill at any moment leaves the old or the new state."""
        arrays: dict[str, Any] = {"format": _FORMAT, "fingerprint": self.fingerprint}
        arrays["history"] = np.array(state.history, dtype=np.float64)
        for group, values in (("variables", state.variables), ("best", state.best)):
            arrays |= {f"{group}/{index:05d}": value for index, value in enumerate(values)}
        with replaced_when_whole(self.path) as temporary:
            np.savez(temporary, **arrays)

    def load(self) -> State | None:
        """The saved state; None when there is none, or it is damaged or of another training."""
        if not self.path.exists():
            return None
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                if str(arrays["format"]) != _FORMAT or str(arrays["fingerprint"]) != self.fingerprint:
                    print(f"{self.path}: of another training; starting from the first step.")
                    return None
                history = tuple((int(row[0]), *map(float, row[1:])) for row in arrays["history"])
                groups = {
                    group: [arrays[name] for name in sorted(arrays.files) if name.startswith(f"{group}/")]
                    for group in ("variables", "best")
                }
                return State(history=history, **groups)  # type: ignore[arg-type]
        except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
            print(f"{self.path}: cannot be read ({error}); starting from the first step.")
            return None
