"""Where wells are in a plate, by their names."""

import re

__all__ = ["PLATE_SIZES", "plate_position", "row_name"]

PLATE_SIZES = ((8, 12), (16, 24), (32, 48))
"""Rows and columns of the plates that are drawn: 96, 384 and 1,536 wells."""


def plate_position(name: str) -> tuple[int, int] | None:
    """Row and column, counted from 0, of a well such as ``B02``, ``b2`` or ``AF48``; None for any other name."""
    found = re.fullmatch(r"(A?)([A-Z])(\d{1,2})", name.strip().upper())
    if found is None or not 1 <= int(found[3]) <= PLATE_SIZES[-1][1]:
        return None
    row = ord(found[2]) - ord("A") + (26 if found[1] else 0)
    return (row, int(found[3]) - 1) if row < PLATE_SIZES[-1][0] else None


def row_name(row: int) -> str:
    """Letters of a row, counted from 0: A to Z, AA to AF."""
    letter = chr(ord("A") + row % 26)
    return f"A{letter}" if row >= 26 else letter
