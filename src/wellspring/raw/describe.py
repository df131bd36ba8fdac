"""What a raw well holds, from headers alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.raw.formats import format_named
from wellspring.raw.index import WellIndex

__all__ = ["describe_well"]


def describe_well(path: Path, *, plate: str, well: str, raw: Mapping[str, Any]) -> WellIndex:
    """The index of one well, without reading its pixels.

    Parameters
    ----------
    path, plate, well
        From the sheet.
    raw
        The config's block ``raw``, with its defaults filled in: the format and the keys that it is indexed by.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing, or its header says that it is broken or does not fit the others.
    """
    return format_named(raw["format"]).describe(Path(path), plate=plate, well=well, raw=raw)
