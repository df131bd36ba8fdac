"""OME metadata of a TIFF file: what each image should hold, and which other files are named."""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from wellspring.errors import InputError

__all__ = ["OmeImage", "micrometres_of", "ome_images", "other_file"]

_MICROMETRES = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}


@dataclass(frozen=True)
class OmeImage:
    """What the metadata say of one image.

    Attributes
    ----------
    names : tuple of str
        Of the channels; none unless each has its own.
    pixel_size_um : (float, float) or None
        (y, x); None where it is not given, or 0, which programs write for a size that they do not know.
    plane_spacing_um : float or None
        Distance of planes; None as for the pixels.
    n_planes : int
        Channels x z x times, the samples of a colour counted too.
    shape_px : (int, int)
        (height, width).
    last_page : int
        The last page of the file that is named, counted from 1; 0 where none is.
    """

    names: tuple[str, ...]
    pixel_size_um: tuple[float, float] | None
    plane_spacing_um: float | None
    n_planes: int
    shape_px: tuple[int, int]
    last_page: int


def ome_images(xml: str | None, *, path: Path) -> list[OmeImage]:
    """The images of OME metadata, in their order; none without metadata.

    Raises
    ------
    ValueError
        When a size is no whole number of 1 or more, or a pixel's size is no number. The message names `path`.
    """
    root = ElementTree.fromstring(xml) if xml else ElementTree.Element("none")
    return [_image(pixels, path=path) for pixels in root.findall("{*}Image/{*}Pixels")]


def _image(pixels: ElementTree.Element, *, path: Path) -> OmeImage:
    size = {axis: _length(pixels, axis=axis, path=path) for axis in "XYZCT"}
    channels = pixels.findall("{*}Channel")
    names = tuple(channel.get("Name", "") for channel in channels)
    is_clear = all(names) and len(set(names)) == len(names)
    y, x = (micrometres_of(pixels, axis=axis, path=path) for axis in "YX")
    return OmeImage(
        names=names if is_clear else (),
        pixel_size_um=None if y is None or x is None else (y, x),
        plane_spacing_um=micrometres_of(pixels, axis="Z", path=path),
        n_planes=size["C"] * size["Z"] * size["T"],
        shape_px=(size["Y"], size["X"]),
        last_page=max((_last_page(data) for data in pixels.findall("{*}TiffData")), default=0),
    )


def _last_page(data: ElementTree.Element) -> int:
    text = data.get("PlaneCount", data.get("NumPlanes", "1" if data.get("IFD") else "0"))
    return int(data.get("IFD", "0")) + int(text)


def _length(pixels: ElementTree.Element, *, axis: str, path: Path) -> int:
    text = pixels.get(f"Size{axis}", "1").strip()
    if not text.isdecimal() or int(text) < 1:
        raise InputError(
            f"{path}: expected a whole number of 1 or more as Size{axis} of its OME metadata, found {text!r}. Export "
            "the file again from the program that wrote it."
        )
    return int(text)


def micrometres_of(element: ElementTree.Element, *, axis: str, path: Path, kind: str = "PhysicalSize") -> float | None:
    """A length of OME metadata, µm: ``PhysicalSize`` of pixels, above 0, or ``Position`` of planes; None without one.

    Raises
    ------
    ValueError
        When it is no number.
    """
    text = element.get(f"{kind}{axis}")
    factor = _MICROMETRES.get(element.get(f"{kind}{axis}Unit", "µm"))
    if not text or not factor:
        return None
    try:
        value = float(text) * factor
    except ValueError:
        raise InputError(
            f"{path}: expected a number as {kind}{axis} of its OME metadata, found {text!r}. Export the file "
            "again from the program that wrote it."
        ) from None
    is_known = math.isfinite(value) and (value > 0 or kind == "Position")
    return value if is_known else None


def other_file(xml: str | None, *, name: str) -> str | None:
    """The first file beyond `name`, the file's own, that holds images of its OME metadata; None without one.

    A file that was renamed is known by the UUID of its metadata.
    """
    root = ElementTree.fromstring(xml) if xml else ElementTree.Element("none")
    only = root.find("{*}BinaryOnly")
    if only is not None:
        return only.get("MetadataFile", "a file without a name")
    own = root.get("UUID")
    for uuid in root.findall("{*}Image/{*}Pixels/{*}TiffData/{*}UUID"):
        is_own = uuid.text == own if own is not None else uuid.get("FileName", name).lower() == name.lower()
        if not is_own:
            return uuid.get("FileName", "a file without a name")
    return None
