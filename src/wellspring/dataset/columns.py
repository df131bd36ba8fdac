"""Columns of the cell table that the config names, and whether they are there. Used while the workflow is parsed."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["named_columns", "unknown_columns"]


def named_columns(block: Mapping[str, Any]) -> dict[str, list[str]]:
    """Config key to the columns that it names; `block` is ``dataset``, defaults filled in."""
    split = block["split"]
    return {
        "dataset.filter": [criterion["column"] for criterion in block["filter"]],
        "dataset.select": list(block["select"]),
        "dataset.split.stratify": list(split["stratify"]),
        "dataset.split.group": [split["group"]] if split["group"] is not None else [],
    }


def unknown_columns(
    named: Mapping[str, Collection[str]], *, sheet: Collection[str], cells: Collection[str], prefix: str
) -> list[str]:
    """Which columns are neither in the sheet nor in the cell table, a line each.

    Parameters
    ----------
    named
        From `named_columns`.
    sheet, cells
        Columns of the sheet of wells and of the cell table.
    prefix
        What the names of further columns of the cell table start with: the means of its channels.
    """
    known = sorted({*sheet, *cells})
    lower = {name.lower(): name for name in known}
    lines = []
    for key, columns in named.items():
        for name in columns:
            if name in known or name.startswith(prefix):
                continue
            close = [lower[match] for match in difflib.get_close_matches(name.lower(), list(lower), n=2)]
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            lines.append(f"{key}: {name!r} is a column of neither the cells nor the sheet{hint}")
    if lines:
        lines.append(
            f"columns are {', '.join(known)}, {prefix}<channel>; correct the config, or add a column to the sheet"
        )
    return lines
