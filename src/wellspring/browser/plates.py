"""What the browser shows of one plate: where its wells are, their numbers, doubts and small pictures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from wellspring.browser.pictures import Light, usual_light
from wellspring.browser.wells import shown_columns
from wellspring.plates.wells import label_of, mapped_columns
from wellspring.report.plate_map import PLATE_SIZES, plate_position, row_name

__all__ = ["plate_data", "plate_pictures", "well_places"]

_LISTED_ACROSS = 12
_MEDIAN = "median_"
_DIGITS = 5


def well_places(wells: Sequence[str]) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """Names of the rows and of the columns of a plate, and row and column of each well, counted from 0.

    A plate has 96, 384 or 1,536 wells. If the name of any well is no position, or two names are one position, the
    wells are listed in their order, 12 in a row, and rows and columns have no names.
    """
    found = [plate_position(name) for name in wells]
    places = [place for place in found if place is not None]
    if len(set(places)) < len(wells):
        n_rows = math.ceil(len(wells) / _LISTED_ACROSS)
        listed = [divmod(number, _LISTED_ACROSS) for number in range(len(wells))]
        return [""] * n_rows, [""] * _LISTED_ACROSS, listed
    reach = [max(place[axis] for place in places) + 1 for axis in (0, 1)]
    n_rows, n_columns = next(size for size in PLATE_SIZES if size[0] >= reach[0] and size[1] >= reach[1])
    return [row_name(row) for row in range(n_rows)], [str(one + 1) for one in range(n_columns)], places


def plate_data(
    plate: str,
    *,
    numbers: pd.DataFrame,
    measured: pd.DataFrame,
    sheet: pd.DataFrame,
    lights: Sequence[Mapping[str, Light]],
    colors: Mapping[str, str],
    patterns: Sequence[str],
) -> dict[str, Any]:
    """What the page needs to draw the plate.

    Parameters
    ----------
    plate
        Its name.
    numbers
        Rows of the plate in a table `PLATE_WELLS`: they decide the order.
    measured
        Table `WELL_MEASURED` of the same wells, or one without rows: its medians that fit `patterns` are shown.
    sheet
        plate, well and the sheet's columns of the same wells.
    lights
        Of the wells' channels; of a well without images, nothing.
    colors
        By channel.
    patterns
        As of `shown_columns`.
    """
    wells = [str(name) for name in numbers["well"]]
    down, across, places = well_places(wells)
    columns = [_column(numbers, name, label=label_of(name, numbers), group="Plate") for name in mapped_columns(numbers)]
    own = measured.set_index("well").reindex(wells)
    medians = [name.removeprefix(_MEDIAN) for name in own if str(name).startswith(_MEDIAN)]
    counts = {name: label for name, label in {"n_cells": "Cells", "n_nuclei": "Nuclei"}.items() if name in own}
    columns += [_column(own, name, label=label, group="Plate") for name, label in counts.items()]
    columns += [
        _column(own, f"{_MEDIAN}{name}", label=name, group="Median of the cells")
        for name in shown_columns(medians, patterns=patterns)
    ]
    known = sheet.set_index("well").reindex(wells)
    columns += [_column(known, name, label=name, group="Sheet") for name in known if name != "plate"]
    rows = zip(numbers.to_dict("records"), places, strict=True)
    return {
        "plate": plate,
        "down": down,
        "across": across,
        "channels": [_channel(name, lights, color=color) for name, color in colors.items()],
        "wells": [
            {
                "well": str(row["well"]),
                "row": place[0],
                "column": place[1],
                "doubtful": bool(row["is_odd"]),
                "reasons": str(row["reasons"]),
            }
            for row, place in rows
        ],
        "columns": columns,
    }


def _column(table: pd.DataFrame, name: str, *, label: str, group: str) -> dict[str, Any]:
    values = table[name]
    as_numbers = pd.to_numeric(values, errors="coerce")
    plain: list[float | str | None]
    if as_numbers.notna().sum() == values.notna().sum():
        plain = [float(f"{one:.{_DIGITS}g}") if math.isfinite(one) else None for one in as_numbers.astype(float)]
    else:
        plain = [None if pd.isna(one) else str(one) for one in values]
    return {"name": name, "label": label, "group": group, "values": plain}


def _channel(name: str, lights: Sequence[Mapping[str, Light]], *, color: str) -> dict[str, Any]:
    own = [one[name] for one in lights if name in one] or [Light(0.0, 1.0, 0.0, 1.0)]
    black, white = usual_light(own)
    least, most = min(one.least for one in own), max(one.most for one in own)
    return {"name": name, "color": color, "black": black, "white": white, "least": least, "most": max(most, white)}


def plate_pictures(plate: str, wells: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Small pictures of the wells of a plate: of each its ``pictures`` and ``lights`` by channel."""
    return {"plate": plate, "wells": dict(wells)}
