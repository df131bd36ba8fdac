"""Parts of the page as modules used them that do not write a chapter yet. Goes when they do."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["Details", "Grid", "Illustration", "Page", "Section", "illustration"]

_ENLARGED = 1.3
_PX_PER_UNIT = {"pt": 96 / 72, "px": 1.0, "mm": 96 / 25.4, "in": 96.0, "": 1.0}


@dataclass(frozen=True)
class Illustration:
    """A figure: title, its file's name as the reader knows it, SVG as base64 text, width in CSS px, caption."""

    title: str
    file: str
    svg: str
    width_px: int
    caption: str


@dataclass(frozen=True)
class Grid:
    """A table: title, file it also stands in (or ``""``), column heads, rows of text, a note below.

    The first `n_text` columns are text, the others numbers. Rows in `strong` (positions) are set off. A `folded`
    table is shown when it is asked for.
    """

    title: str
    file: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    n_text: int = 1
    strong: frozenset[int] = frozenset()
    folded: bool = False


@dataclass(frozen=True)
class Details:
    """Text that is folded away until it is asked for."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """A chapter: anchor, title, warnings first, then what was found, then figures, tables and folded text in order.

    `level` is 2 for a chapter and 3 for a part of the chapter before it.
    """

    anchor: str
    title: str
    text: Sequence[str] = ()
    warnings: Sequence[str] = ()
    findings: Sequence[str] = ()
    parts: Sequence[Illustration | Grid | Details | Any] = ()
    level: int = 2


@dataclass(frozen=True)
class Page:
    """Title, what it is in a sentence or two, chapters, and a last line."""

    title: str
    lead: str
    sections: Sequence[Section]
    footer: str


def illustration(path: Path, *, title: str, caption: str) -> Illustration:
    """The SVG file `path`, ready to be embedded.

    An embedded image is a document of its own, so ids in several figures do not clash.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is not an SVG image with a width.
    """
    with as_readable(path, expected="an SVG figure"):
        text = Path(path).read_text(encoding="utf-8")
        width = re.search(r"<svg\b[^>]*?\swidth=\"([\d.]+)(pt|px|mm|in|)\"", text)
        if width is None:
            raise InputError("it has no <svg> with a width")
    return Illustration(
        title=title,
        file=str(path),
        svg=base64.b64encode(text.encode("utf-8")).decode("ascii"),
        width_px=round(float(width[1]) * _PX_PER_UNIT[width[2]] * _ENLARGED),
        caption=caption,
    )
