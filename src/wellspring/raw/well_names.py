"""Names of wells as microscopes write them: ``C03``, ``C3``, ``r03c03``. Standard library only."""

import re

__all__ = ["canonical_well", "row_letters", "well_name", "well_place"]

_LETTERS = re.compile(r"([A-Za-z]{1,2})[ _-]?(\d{1,2})")
_NUMBERS = re.compile(r"[rR](\d{1,2})[cC](\d{1,2})")
_N_LETTERS = 26


def row_letters(row: int) -> str:
    """Letters of a row, counted from 1: A to Z, then AA to AF for the last rows of a plate of 1,536 wells."""
    first, last = divmod(row - 1, _N_LETTERS)
    return (chr(ord("A") + first - 1) if first else "") + chr(ord("A") + last)


def well_name(row: int, column: int) -> str:
    """The name of the well in a row and a column, both counted from 1: (3, 3) is ``C03``."""
    return f"{row_letters(row)}{column:02d}"


def well_place(name: str) -> tuple[int, int] | None:
    """Row and column of a well's name, both counted from 1; None where the name says neither."""
    found = _NUMBERS.fullmatch(name.strip())
    if found:
        return int(found[1]), int(found[2])
    found = _LETTERS.fullmatch(name.strip())
    if not found:
        return None
    row = 0
    for letter in found[1].upper():
        row = row * _N_LETTERS + ord(letter) - ord("A") + 1
    return row, int(found[2])


def canonical_well(name: str) -> str:
    """``C03`` for ``C3``, ``c03`` and ``r03c03``; a name that is none of these stays as it is."""
    place = well_place(name)
    return well_name(*place) if place is not None and min(place) > 0 else name.strip()
