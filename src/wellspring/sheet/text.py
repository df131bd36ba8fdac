"""The text of a sheet as spreadsheets save it: encodings, quoted cells, line breaks within a cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["SheetLine", "sheet_lines", "sheet_text"]

_HOW_TO_SAVE = (
    "In Excel choose Save As, 'Unicode Text (*.txt)'; in LibreOffice 'Text CSV' with the character set UTF-8 and the "
    "field delimiter Tab"
)
_BOOKS = {b"PK\x03\x04": "an Excel or OpenDocument workbook", b"\xd0\xcf\x11\xe0": "an Excel 97 workbook"}
# What Windows-1252, the encoding of Excel's 'Text (tab delimited)', writes in names of doses and in Western languages.
# Letters that other code pages often have at the same places are left out: such a text may be Greek or Cyrillic.
_WESTERN = frozenset("\xa0µ°±²³¹·×½¼¾–—‘’“”•…€£§®©™ÄÖÜäöüßÀÂÇÉÈÊàâçéèêëôûùñÑÅåØøÆæœáíóú")


@dataclass(frozen=True)
class SheetLine:
    """A row of a sheet: the line of the file that it begins in, counted from 1, and its cells without outer blanks."""

    number: int
    cells: tuple[str, ...]


def sheet_lines(path: Path) -> list[SheetLine]:
    """The rows of a tab-separated sheet; comments (lines that begin with #) and rows without any text left out.

    UTF-8 and UTF-16 (Excel's 'Unicode Text') are read, and Windows-1252 where it is certain. A cell may be quoted, as
    Excel does it; a line break in it becomes a blank. A quote that is not closed before the next tab is a character as
    any other.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable, is a workbook, or has another encoding: the message says how to save it.
    """
    return [line for line in _rows(sheet_text(path)) if any(line.cells)]


def sheet_text(path: Path) -> str:
    """The text of a sheet, lines ended by a line feed alone; see `sheet_lines` for encodings and errors."""
    path = Path(path)
    if path.exists() and not path.is_file():
        raise InputError(
            f"{path}: expected a tab-separated sheet of wells, found a folder or a device. Correct `wells`."
        )
    with as_readable(path, expected="a tab-separated sheet of wells"):
        data = path.read_bytes()
    text = _decoded(data, path=path).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        number = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{path}: expected text, but line {number} has a byte that is 0. {_HOW_TO_SAVE}.")
    return text


def _decoded(data: bytes, *, path: Path) -> str:
    book = next((name for start, name in _BOOKS.items() if data.startswith(start)), None)
    if book is not None:
        raise InputError(f"{path}: expected a tab-separated sheet of wells, found {book}. {_HOW_TO_SAVE}.")
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        encodings = ["utf-32"]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in data[:2]:
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "cp1252" or {one for one in text if one > "\x7f"} <= _WESTERN:
            return text
    lines = data.split(b"\n")
    number = next((index for index, line in enumerate(lines, start=1) if not line.isascii()), 1)
    raise InputError(
        f"{path}: expected text in UTF-8 or UTF-16, but line {number} has characters of another encoding. Save the "
        f"sheet again: {_HOW_TO_SAVE[0].lower()}{_HOW_TO_SAVE[1:]}."
    )


def _rows(text: str) -> Iterator[SheetLine]:
    number, index = 1, 0
    while index < len(text):
        end = _line_end(text, index)
        if text.startswith("#", index):
            number, index = number + 1, end + 1
            continue
        start, cells = number, []
        while True:
            cell, index, breaks = _cell(text, index)
            cells.append(cell)
            number += breaks
            if index >= len(text) or text[index] == "\n":
                break
            index += 1
        number, index = number + 1, index + 1
        yield SheetLine(start, tuple(cells))


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _cell(text: str, place: int) -> tuple[str, int, int]:
    """(the cell that begins at `place`, where the tab or line break behind it is, line breaks in it)."""
    if text.startswith('"', place):
        quoted = _quoted(text, place)
        if quoted is not None:
            inner, end = quoted
            return " ".join(inner.split("\n")).strip(), end, inner.count("\n")
    tab = text.find("\t", place)
    end = _line_end(text, place)
    end = end if tab < 0 else min(end, tab)
    return text[place:end].strip(), end, 0


def _quoted(text: str, place: int) -> tuple[str, int] | None:
    """(what a quoted cell holds, where it ends); None where the quote is not closed before the next tab."""
    tab = text.find("\t", place)
    limit = len(text) if tab < 0 else tab
    at = place + 1
    while True:
        close = text.find('"', at, limit)
        if close < 0:
            return None
        if text.startswith('"', close + 1) and close + 1 < limit:
            at = close + 2
            continue
        rest = text[close + 1 : min(limit, _line_end(text, close))]
        # Only blanks may follow, else it is no quoted cell.
        return None if rest.strip() else (text[place + 1 : close].replace('""', '"'), close + 1 + len(rest))
