"""Which files a well's reading depends on. Used while the workflow is parsed, so nothing heavy is imported."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.formats import format_named

__all__ = ["files_digest", "well_files"]


def well_files(path: Path, *, well: str, raw: Mapping[str, Any]) -> list[Path]:
    """The files that reading one well depends on, those of the plate included.

    Parameters
    ----------
    path
        The well's path in the sheet.
    well
        The well's name; file names are matched against it.
    raw
        The config's block ``raw``, with its defaults filled in.

    Raises
    ------
    FileNotFoundError
        When a file is missing, or no file name fits: what was expected where, and the remedy.
    ValueError
        When ``raw.pattern`` is not a pattern, the files of the well belong to several plates, or a path has braces
        or characters that cannot be read.
    """
    files = format_named(raw["format"]).files(Path(path), well=well, raw=raw)
    braced = next((file for file in files if "{" in str(file) or "}" in str(file)), None)
    if braced is not None:
        raise InputError(
            f"{braced}: expected a path without braces, which name wildcards in a workflow. Rename the file or its "
            "folder."
        )
    odd = next((file for file in files if _is_odd(str(file))), None)
    if odd is not None:
        raise InputError(
            f"{str(odd)!r}: expected a path of readable characters, found a control character, or bytes that are no "
            "UTF-8. Rename the file or its folder."
        )
    return files


def _is_odd(name: str) -> bool:
    """Whether a name has control characters, or bytes that are no UTF-8. Most are printable, which is known at once."""
    return not name.isprintable() and any(unicodedata.category(one) in ("Cc", "Cs") for one in name)


def files_digest(files: Iterable[Path]) -> str:
    """16 hexadecimal digits of the files' names, sizes and times of change.

    A file that was replaced by an older one has another digest, though its time says nothing to Snakemake.

    Raises
    ------
    FileNotFoundError
        When a file is gone.
    """
    # A plate has files by the hundred thousand, and this is computed whenever its workflow is planned.
    names = [str(path) for path in files]
    status = [os.stat(name) for name in names]
    lines = [f"{name}\0{one.st_size}\0{one.st_mtime_ns}" for name, one in zip(names, status, strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
