"""The state of a training after its last epoch, in one file that is complete or absent."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.files import replaced_when_whole
from wellspring.training.tables import HISTORY

__all__ = ["Checkpoint", "State", "fingerprint"]

_FORMAT = "wellspring-training-1"


def fingerprint(settings: Sequence[Any], *, tables: Sequence[pd.DataFrame]) -> str:
    """Digest of all that a training depends on: 64 hexadecimal digits.

    Parameters
    ----------
    settings
        Values that JSON can hold.
    tables
        Every value, row order, column name and dtype counts; the index does not. In a column of Python objects the
        type of a value counts too: None is not NaN, and 1 is not "1".
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for given in tables:
        mixed = [index for index, dtype in enumerate(given.dtypes) if pd.api.types.is_object_dtype(dtype)]
        table = given.reset_index(drop=True)
        for index in mixed:
            values = [f"{type(value).__name__} {value!r}" for value in given.iloc[:, index]]
            table = table.assign(**{str(table.columns[index]): values})
        digest.update(repr([(name, str(dtype)) for name, dtype in given.dtypes.items()]).encode())
        digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class State:
    """A training between two epochs.

    Attributes
    ----------
    history : DataFrame
        Table `HISTORY`, one row per finished epoch.
    waited : int
        Epochs since the best one.
    variables : list of arrays
        Of the model, its seed generators and the optimizer.
    best : list of arrays
        The model's weights after the best epoch; empty before there is one.
    """

    history: pd.DataFrame
    waited: int
    variables: list[NDArray[Any]]
    best: list[NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where the state is kept, and the fingerprint of the training that it belongs to."""

    path: Path
    fingerprint: str

    def save(self, state: State) -> None:
        """Replace the file by this state. A kill at any moment leaves the old or the new state.

        Raises
        ------
        OSError
            When the disk is full; the old state stays.
        """
        arrays: dict[str, Any] = {"format": _FORMAT, "fingerprint": self.fingerprint, "waited": state.waited}
        arrays |= {f"history/{name}": state.history[name].to_numpy() for name in HISTORY.names}
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
                    print(f"{self.path}: of another training; starting from the first epoch.")
                    return None
                history = pd.DataFrame({name: arrays[f"history/{name}"] for name in HISTORY.names})
                groups = {
                    group: [arrays[name] for name in sorted(arrays.files) if name.startswith(f"{group}/")]
                    for group in ("variables", "best")
                }
                return State(history=history, waited=int(arrays["waited"]), **groups)
        except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
            print(f"{self.path}: cannot be read ({error}); starting from the first epoch.")
            return None
