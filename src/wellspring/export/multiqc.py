"""Tables that MultiQC shows as they are: a row per well, and a plate as a heat map."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.files import inert_text, replaced_when_whole
from wellspring.plates.wells import label_of, mapped_columns
from wellspring.report.plate_map import PLATE_SIZES, plate_position, row_name

__all__ = ["heatmap_rows", "write_heatmap", "write_wells"]


def write_wells(path: Path, wells: pd.DataFrame) -> None:
    """Write the numbers of all wells as a table of MultiQC.

    Parameters
    ----------
    path
        Ends in ``_mqc.tsv``.
    wells
        Table `PLATE_WELLS`.
    """
    names = mapped_columns(wells)
    head = {
        "id": "wellspring_wells",
        "section_name": "wellspring: wells",
        "description": "Numbers of each well; in_doubt: a reason to look at the well before its numbers are used.",
        "plot_type": "table",
        "pconfig": {"id": "wellspring_wells_table", "title": "wellspring: wells"},
        "headers": {name: {"title": label_of(name, wells)} for name in names},
    }
    rows = [["Sample", *names, "n_sites", "in_doubt", "reasons"]]
    for _, well in wells.iterrows():
        numbers = [_number(well[name]) for name in names]
        doubt = "yes" if well["is_odd"] else "no"
        rows.append([f"{well['plate']}/{well['well']}", *numbers, str(well["n_sites"]), doubt, str(well["reasons"])])
    _write(path, head, rows)


def write_heatmap(path: Path, wells: pd.DataFrame, *, plate: str) -> None:
    """Write the first number of a plate's wells as a heat map of MultiQC, rows and columns as in the plate.

    A plate without any number, or without any well whose name is a position, is a heat map without rows.
    """
    own = wells[wells["plate"] == plate]
    names = mapped_columns(own)
    label = label_of(names[0], own) if names else "nothing was measured"
    head = {
        "id": f"wellspring_plate_{plate}",
        "section_name": f"wellspring: plate {plate}",
        "description": label,
        "plot_type": "heatmap",
        "pconfig": {"id": f"wellspring_plate_{plate}_map", "title": f"wellspring: {label}", "square": True},
    }
    _write(path, head, heatmap_rows(own, column=names[0]) if names else [[""]])


def heatmap_rows(wells: pd.DataFrame, *, column: str) -> list[list[str]]:
    """A head with the plate's columns, then a row of text for each of its rows; empty where nothing is known."""
    places = {well: plate_position(str(well)) for well in wells["well"]}
    found = {place: value for place, value in zip(places.values(), wells[column], strict=True) if place is not None}
    if not found:
        return [[""]]
    reach = [max(place[axis] for place in found) + 1 for axis in (0, 1)]
    n_rows, n_columns = next(size for size in PLATE_SIZES if size[0] >= reach[0] and size[1] >= reach[1])
    body = [
        [row_name(row), *(_number(found.get((row, at), np.nan)) for at in range(n_columns))] for row in range(n_rows)
    ]
    return [["", *(str(at + 1) for at in range(n_columns))], *body]


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""


def _write(path: Path, head: Mapping[str, object], rows: Sequence[Sequence[str]]) -> None:
    """The head is YAML in comments, of which JSON is a part."""
    lines = [f"# {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    lines += ["\t".join(inert_text(str(field).replace("\t", " ")) for field in row) for row in rows]
    with replaced_when_whole(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
