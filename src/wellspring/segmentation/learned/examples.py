"""Held-out sites with their annotation and what each method found, for the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.files import as_readable, replaced_when_whole

__all__ = ["MOST_EXAMPLES", "AnnotatedSite", "Example", "read_examples", "write_examples"]

MOST_EXAMPLES = 3
_NAMES = "names"


@dataclass(frozen=True)
class Example:
    """A site: its name, its image (Y, X), and labels (Y, X) by who drew them: annotated, classical, and so on."""

    name: str
    image: NDArray[np.number]
    labels: Mapping[str, NDArray[np.integer]]


@dataclass(frozen=True)
class AnnotatedSite:
    """An image (Y, X) and its labels (Y, X), of a well; `name` is what messages call it."""

    well: str
    name: str
    image: NDArray[np.number]
    labels: NDArray[np.integer]


def write_examples(examples: Sequence[Example], path: Path) -> None:
    """Write one compressed .npz, in place once whole."""
    arrays: dict[str, NDArray[np.generic]] = {_NAMES: np.array([one.name for one in examples], dtype=np.str_)}
    for number, one in enumerate(examples):
        arrays[f"{number}/image"] = one.image
        arrays |= {f"{number}/{name}": labels.astype(np.uint32) for name, labels in one.labels.items()}
    with replaced_when_whole(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def read_examples(path: Path) -> list[Example]:
    """What `write_examples` wrote.

    Raises
    ------
    FileNotFoundError, InputError
        When the file is missing or broken.
    """
    with (
        as_readable(path, expected="annotated sites with labels (.npz)"),
        np.load(path, allow_pickle=False) as file,
    ):
        arrays = {name: file[name] for name in file.files}
    examples = []
    for number, name in enumerate(arrays.pop(_NAMES).tolist()):
        own = {key.split("/")[1]: array for key, array in arrays.items() if key.startswith(f"{number}/")}
        examples.append(Example(name, own.pop("image"), own))
    return examples
