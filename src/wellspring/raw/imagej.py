"""Sizes in the metadata that ImageJ and Fiji write."""

import math
from typing import Any

import tifffile

__all__ = ["imagej_sizes"]

# ImageJ writes the letter µ as an escape, or as micron; what is counted in pixels is not known.
_MICROMETRES = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometre", "\\u00b5m"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("inch", "in"), 25_400.0),
}


def imagej_sizes(tif: tifffile.TiffFile) -> tuple[tuple[float, float] | None, float | None]:
    """Side of a pixel (y, x) and distance of planes, µm, as ImageJ says; None where it does not.

    Pixels per unit are the tags XResolution and YResolution; the unit, and the distance of planes in that unit, are in
    ImageJ's text. A file that ImageJ did not write, or whose unit is the pixel, has neither: the resolution of
    other programs is that of a printer.
    """
    found: dict[str, Any] = tif.imagej_metadata or {}
    factor = _MICROMETRES.get(str(found.get("unit", "")).strip().lower())
    if factor is None:
        return None, None
    y, x = (_side(tif, name=f"{axis}Resolution") for axis in "YX")
    spacing = _positive(found.get("spacing"))
    size = None if y is None or x is None else (y * factor, x * factor)
    return size, None if spacing is None else spacing * factor


def _side(tif: tifffile.TiffFile, *, name: str) -> float | None:
    """One over the resolution of a tag, a fraction."""
    tag = tif.pages.first.tags.get(name)
    if tag is None:
        return None
    numerator, denominator = tag.value
    return _positive(denominator / numerator if numerator else None)


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value > 0 else None
