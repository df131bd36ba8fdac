"""What MetaMorph and MetaXpress write into each TIFF: pixel size, stage position, channel."""

import math
from dataclasses import dataclass
from typing import Any

import tifffile

__all__ = ["Metaseries", "metaseries_of"]

_MICROMETRES = {"um": 1.0, "µm": 1.0, "μm": 1.0, "nm": 1e-3, "mm": 1e3}


@dataclass(frozen=True)
class Metaseries:
    """What the metadata of one plane say.

    Attributes
    ----------
    pixel_size_um : (float, float) or None
        (y, x).
    position_um : (float, float, float) or None
        (z, y, x) of the stage; y grows downwards, as from row A to row H.
    channel : str
        Name of the illumination setting; empty without one.
    wavelength_nm : float or None
    """

    pixel_size_um: tuple[float, float] | None = None
    position_um: tuple[float, float, float] | None = None
    channel: str = ""
    wavelength_nm: float | None = None


def metaseries_of(tif: tifffile.TiffFile) -> Metaseries:
    """The metadata of an open file's first page; empty where MetaMorph did not write it."""
    found = tif.metaseries_metadata if tif.is_metaseries else None
    plane: dict[str, Any] = (found or {}).get("PlaneInfo") or {}
    if not plane:
        return Metaseries()
    factor = _MICROMETRES.get(str(plane.get("spatial-calibration-units", "")).strip())
    # A calibration that is off has a size of 1 in its fields.
    is_calibrated = plane.get("spatial-calibration-state", True) in (True, "on", "true", 1)
    size = [_positive(plane.get(f"spatial-calibration-{axis}")) for axis in "yx"]
    place = [_number(plane.get(name)) for name in ("z-position", "stage-position-y", "stage-position-x")]
    y, x = size
    known = factor is not None and is_calibrated and y is not None and x is not None
    return Metaseries(
        pixel_size_um=(y * factor, x * factor) if known and y and x and factor else None,
        position_um=(place[0], place[1], place[2]) if None not in place else None,  # type: ignore[arg-type]
        channel=str(plane.get("_IllumSetting_", "")).strip(),
        wavelength_nm=_positive(plane.get("wavelength")),
    )


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _positive(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None
