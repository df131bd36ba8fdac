"""What is known to be true about a plate: which channels the target depends on, and the pixels of their structures.

A simulated plate has such files in its folder ``truth``; of another plate they may be written by hand.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole

__all__ = ["Causes", "read_causes", "read_structures", "structures_of", "write_structures"]


@dataclass(frozen=True)
class Causes:
    """Channels that the target depends on: by their structure, and by their intensity."""

    structure: tuple[str, ...]
    intensity: tuple[str, ...]

    def seen_in(self, regime: str) -> tuple[str, ...]:
        """Those that a model can use: structure alone where intensities are shifted at random (``structure``)."""
        return self.structure if regime == "structure" else tuple(dict.fromkeys((*self.structure, *self.intensity)))


def read_causes(folder: Path) -> Causes:
    """The causes in ``folder/truth/truth.json``: its object ``causes``, with ``structure`` and ``intensity``.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or does not say them.
    """
    path = Path(folder) / "truth" / "truth.json"
    with as_readable(path, expected="the truth about a plate, with its causes"):
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise InputError(f"a {type(values).__name__} instead of an object")
        causes = values["causes"]
        return Causes(structure=tuple(causes["structure"]), intensity=tuple(causes["intensity"]))


def write_structures(
    folder: Path,
    structures: Mapping[str, NDArray[np.bool_]],
    *,
    shown_by: Mapping[str, str],
    object_id: NDArray[np.integer],
    plate: str,
    well: str,
) -> None:
    """Write the pixels of the causal structures of one well to ``folder/structures/plate/well.npz``.

    `structures` are (n_px,) bool by kind of structure, `shown_by` the kind that each channel shows, `object_id` (n_px,)
    the cells, in the order of the raw pixels.
    """
    names = {
        "channels": np.array(list(shown_by), dtype=np.str_),
        "kinds": np.array([*shown_by.values()], dtype=np.str_),
    }
    with replaced_when_whole(folder / "structures" / plate / f"{well}.npz") as temporary:
        np.savez_compressed(temporary, allow_pickle=False, object_id=object_id, **names, **dict(structures))


def read_structures(folder: Path, *, plate: str, well: str) -> dict[int, dict[str, NDArray[np.bool_]]]:
    """The pixels of the causal structures of one well, from ``folder/truth/structures/plate/well.npz``.

    Returns
    -------
    dict
        By object_id, by channel: (n_px,) bool, the cell's pixels in raster order.

    Raises
    ------
    FileNotFoundError, ValueError
        When the plate has no such file: it was written by an older version, or is not simulated.
    """
    path = Path(folder) / "truth" / "structures" / plate / f"{well}.npz"
    with (
        as_readable(path, expected="the structures of a simulated plate (simulate it again)"),
        np.load(path, allow_pickle=False) as file,
    ):
        kinds = dict(zip(file["channels"].tolist(), file["kinds"].tolist(), strict=True))
        shown = {channel: file[kind] for channel, kind in kinds.items()}
        object_id = file["object_id"]
    order = np.argsort(object_id, kind="stable")
    ids, starts = np.unique(object_id[order], return_index=True)
    parts = np.split(order, starts[1:])
    return {
        int(one): {name: inside[pixels] for name, inside in shown.items()}
        for one, pixels in zip(ids, parts, strict=True)
    }


def structures_of(folder: Path, cells: pd.DataFrame) -> list[dict[str, NDArray[np.bool_]]]:
    """The pixels of the causal structures of each row of `cells` (plate, well, object_id), see `read_structures`.

    Each well is read once.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_structures`.
    """
    read = cache(partial(read_structures, folder))
    return [read(plate=row.plate, well=row.well)[row.object_id] for row in cells.itertuples()]
