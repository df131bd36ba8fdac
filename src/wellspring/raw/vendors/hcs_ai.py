"""ImageXpress HCS.ai: a descriptor (.jdce, JSON) and tables of images (image_metadata_1.csv)."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.vendors.names import distinct_names, nanometres
from wellspring.raw.well_names import well_name

__all__ = ["hcs_ai_index", "hcs_ai_sources"]

_WHOLE = ("Row", "Column", "Field", "Wavelength", "Timepoint", "ZIndex")
_TEXT = ("ImageSubFolderPath", "ImageFileName")
_EXPECTED = "a table of images that an ImageXpress HCS.ai wrote"


@dataclass(frozen=True)
class _Wave:
    """Name and wavelengths of a channel, as the descriptor says."""

    name: str
    wavelengths: str

    @classmethod
    def of(cls, found: dict[str, Any]) -> "_Wave":
        emission, excitation = (found.get(f"{kind}Filter", {}) for kind in ("Emission", "Excitation"))
        return cls(str(emission.get("Name", "")), nanometres(excitation.get("Wavelength"), emission.get("Wavelength")))


def hcs_ai_sources(folder: Path) -> list[Path]:
    """The descriptor and the tables in `folder`, or in ``experiment`` below; empty where they are not there."""
    for place in (folder, folder / "experiment"):
        descriptors = sorted(place.glob("*.jdce"))
        tables = sorted(place.glob("image_metadata_*.csv"))
        if descriptors and tables:
            return [descriptors[0], *tables]
    return []


def hcs_ai_index(sources: list[Path]) -> PlateIndex:
    """The index of a plate.

    Raises
    ------
    InputError
        When the descriptor is no JSON, or a table lacks a column or has another value than a number where one is due.
    """
    path = sources[0]
    with as_readable(path, expected="a descriptor of an ImageXpress HCS.ai (JSON)"):
        try:
            stack = json.loads(path.read_text(encoding="utf-8-sig")).get("ImageStack", {})
            protocol = stack.get("AutoLeadAcquisitionProtocol", {})
            waves = {int(one["Index"]): _Wave.of(one) for one in protocol.get("Wavelengths", [])}
            size = _size(protocol.get("ObjectiveCalibration", {}))
        except (AttributeError, TypeError) as error:
            raise InputError(f"it has other parts than such a descriptor: {error}") from error
    table = pd.concat([_table(one) for one in sources[1:]], ignore_index=True)
    numbers = sorted(set(table["Wavelength"].tolist()))
    known = {number: waves.get(number, _Wave("", "")) for number in numbers}
    names = distinct_names({number: one.name for number, one in known.items()})
    columns: dict[str, list[Any]] = {
        "well": [well_name(row, column) for row, column in zip(table["Row"], table["Column"], strict=True)],
        "site": table["Field"].astype(str).tolist(),
        "channel": [names[number] for number in table["Wavelength"]],
        "z": table["ZIndex"].tolist(),
        "time": table["Timepoint"].tolist(),
        "file": [f"{place}/{name}".lstrip("/") for place, name in zip(*(table[one] for one in _TEXT), strict=True)],
        "x_um": table["x"].tolist(),
        "y_um": table["y"].tolist(),
        "z_um": table["height"].tolist(),
        "pixel_size_um": [size] * len(table),
    }
    notes = ["The pixel size of such descriptors was found to be wrong by some percent on real instruments: check it."]
    return PlateIndex(
        format="metaxpress",
        plate=str(stack.get("PlateId", "")).strip() or path.stem,
        root=str(path.parent),
        images=images_table(columns, source=path),
        channels=tuple(names[number] for number in numbers),
        wavelengths={names[number]: one.wavelengths for number, one in known.items() if one.wavelengths},
        notes=tuple(notes if not math.isnan(size) else ()),
    )


def _size(calibration: dict[str, Any]) -> float:
    value, unit = calibration.get("PixelWidth"), str(calibration.get("Unit", "um")).strip().lower()
    is_known = isinstance(value, int | float) and value > 0 and unit in ("um", "µm", "μm", "micron", "microns", "")
    return float(value) if is_known else math.nan  # type: ignore[arg-type]


def _table(path: Path) -> pd.DataFrame:
    with as_readable(path, expected=_EXPECTED):
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        missing = [name for name in (*_WHOLE, *_TEXT) if name not in table]
        if missing:
            raise InputError(f"the columns {', '.join(missing)} are missing")
        for name in _WHOLE:
            wrong = table.loc[~table[name].str.strip().str.fullmatch(r"\d{1,9}"), name]
            if len(wrong):
                raise InputError(f"{wrong.iloc[0]!r} is no whole number, in the column {name}")
            table[name] = table[name].astype(int)
        table = table.assign(x=_numbers(table, "FieldOffsetPointX"), y=_numbers(table, "FieldOffsetPointY"))
    wrong = table[(table["Row"] < 1) | (table["Column"] < 1)]
    if len(wrong):
        raise InputError(f"{path}: expected rows and columns of wells from 1, found 0. Export the plate again.")
    return table.assign(height=_numbers(table, "PositionZUm"))


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    values = table[name] if name in table else pd.Series("", index=table.index)
    return pd.to_numeric(values, errors="coerce").astype(float)
