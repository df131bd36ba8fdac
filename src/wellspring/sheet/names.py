"""Names of plates, wells and columns: those that cannot stand side by side, and what to write instead."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

__all__ = ["clashing_names", "column_name"]

# Folders and files that the workflow writes where the folders of plates are.
_TAKEN = frozenset({"plates", "crops"})
_ENDINGS = ("arrow", "csv", "html", "json", "keras", "log", "npz", "parquet", "svg", "tif", "tsv")
_CASE = ", which many disks do not distinguish; rename one"
_SIGNS = {"µ": "u", "μ": "u", "%": "percent", "°": "deg", "Δ": "delta", "α": "alpha", "β": "beta"}


def clashing_names(wells: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A line for every name whose files would take the place of another's.

    Parameters
    ----------
    wells
        (plate, well) of each row.
    """
    keys = list(dict.fromkeys(wells))
    plates = list(dict.fromkeys(plate for plate, _ in keys))
    for plate in plates:
        if plate in _TAKEN or plate.lower().endswith(tuple(f".{ending}" for ending in _ENDINGS)):
            yield f"plate {plate}: the workflow has a folder or file of that name; call the plate otherwise"
    yield from (f"plates {a} and {b}: they differ in upper and lower case only{_CASE}" for a, b in _same_case(plates))
    for plate in plates:
        names = [well for one, well in keys if one == plate]
        for a, b in _same_case(names):
            yield f"plate {plate}, wells {a} and {b}: they differ in upper and lower case only{_CASE}"
        for a, b in _continued(names):
            yield (
                f"plate {plate}, wells {a} and {b}: the files of {a} could not be distinguished from those of {b}; "
                "write - or _ instead of the dot"
            )


def _same_case(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield other, name


def _continued(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs such as A01 and A01.cells; a number behind the dot ends no file of the workflow."""
    names = list(names)
    known = set(names)
    for name in names:
        for index in (index for index, sign in enumerate(name) if sign == "."):
            if name[:index] in known and not name[index + 1 :].isdecimal():
                yield name[:index], name


def column_name(text: str) -> str:
    """What to call a column instead of `text`, in letters, digits and _: ``dose (µM)`` becomes ``dose_uM``."""
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]+", "_", plain).strip("_")
    return f"_{name}" if name[:1].isdigit() else name or "note"
