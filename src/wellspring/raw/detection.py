"""Which format a folder straight from the microscope has: each is tried in turn, and says why it does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wellspring.errors import InputError
from wellspring.raw.formats import formats
from wellspring.raw.plate_index import PlateIndex
from wellspring.raw.plate_readers import PlateReader, index_of_plate, sources_of

__all__ = ["FoundPlate", "found_plates"]

# The more an index says of itself the earlier it is tried; what fits first is taken.
ORDER = (
    "ome-zarr",
    "harmony",
    "yokogawa",
    "metaxpress",
    "scanr",
    "loaddata",
    "micromanager",
    "czi",
    "lif",
    "nd2",
    "ome-tiff",
)
_MOST_FOLDERS = 200


@dataclass(frozen=True)
class FoundPlate:
    """A plate that was found.

    Attributes
    ----------
    folder : Path
        What the sheet has as path of its wells.
    index : PlateIndex
    source : Path
        The main file of the index.
    others : dict of str to str
        Format to the reason why it does not fit.
    """

    folder: Path
    index: PlateIndex
    source: Path
    others: dict[str, str]


def found_plates(folder: Path, *, only: str | None = None) -> list[FoundPlate]:
    """The plates in a folder: itself, or those in the folders below it, one or two deep, all of one format.

    Parameters
    ----------
    only
        A format's name; None: all are tried.

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    InputError
        When no format fits, with what each looked for; when an index is there but damaged.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: there is no such file or folder. Check the path.")
    names = [name for name in ORDER if only in (None, name)]
    own = _found(folder, names)
    if isinstance(own, FoundPlate):
        return [own]
    below = [one for place in _folders(folder) if isinstance(one := _found(place, names), FoundPlate)]
    if not below:
        reasons = " ".join(f"{name}: {reason}" for name, reason in own.items())
        raise InputError(
            f"{folder}: expected a plate of a known format, found none. {reasons} For other TIFF files give the "
            "pattern of their names with --pattern; docs/formats.md has examples."
        )
    kinds = sorted({one.index.format for one in below})
    if len(kinds) > 1:
        raise InputError(f"{folder}: expected plates of one format, found {', '.join(kinds)}. Name one with --format.")
    return below


def _folders(folder: Path) -> list[Path]:
    found = [one for depth in ("*", "*/*") for one in sorted(folder.glob(depth)) if one.is_dir()]
    seen: list[Path] = []
    for one in found:
        # What lies in a folder of a plate belongs to it.
        if not one.name.startswith(".") and not any(above in seen for above in one.parents):
            seen = [*seen, one] if _is_plate(one) else seen
    return seen[:_MOST_FOLDERS]


def _is_plate(folder: Path) -> bool:
    return isinstance(_sources(folder, ORDER), tuple)


def _sources(folder: Path, names: Sequence[str]) -> tuple[PlateReader, Path] | dict[str, str]:
    """The reader of the first format that fits and its main file, or why none fits."""
    reasons: dict[str, str] = {}
    for name in names:
        reader = formats()[name].reader
        if reader is None:
            continue
        try:
            source = sources_of(reader, folder)[0]
        except InputError as error:
            reasons[name] = str(error).removeprefix(f"{folder}: ")
            continue
        if name == "ome-tiff" and source.suffix.lower() != ".ome" and not _is_set(reader, folder):
            reasons[name] = "each OME-TIFF file there is complete in itself: give the pattern of the names."
            continue
        return reader, source
    return reasons


def _is_set(reader: PlateReader, folder: Path) -> bool:
    """Whether an image of the folder is spread over several OME-TIFF files."""
    try:
        images = index_of_plate(reader, folder).images
    except InputError:
        return False
    return bool((images.groupby(["well", "site"])["file"].nunique() > 1).any())


def _found(folder: Path, names: Sequence[str]) -> FoundPlate | dict[str, str]:
    found = _sources(folder, names)
    if isinstance(found, dict):
        return found
    reader, source = found
    others = _sources(folder, names[: list(names).index(reader.name)])
    return FoundPlate(folder, index_of_plate(reader, folder), source, others if isinstance(others, dict) else {})
