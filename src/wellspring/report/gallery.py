"""Images next to each other that open large: a part of the page, without any script."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wellspring.files import as_readable, replaced_when_whole
from wellspring.settings import settings_of

__all__ = [
    "Gallery",
    "Layer",
    "Picture",
    "Tile",
    "circles",
    "outlines",
    "picture_data",
    "pictures_of",
    "read_gallery",
    "shared_contrast",
    "write_gallery",
]

_JPEG_QUALITY = 82
# An outline may differ from the pixels' by so much; a circle's radius.
_TOLERANCE_PX, _RADIUS_PX = 0.7, 3.5
_PERCENTILES = (1.0, 99.8)


@dataclass(frozen=True)
class Picture:
    """One channel of a tile: its name, its JPEG image as base64, and another one with a contrast of its own (or "")."""

    name: str
    data: str
    own_data: str = ""


@dataclass(frozen=True)
class Layer:
    """What is drawn over the pictures: name, colour, and SVG elements in pixels of the picture."""

    name: str
    color: str
    markup: str


@dataclass(frozen=True)
class Tile:
    """One field: words under it, whether it is set off, its pictures (one at least), layers, and size in px."""

    title: str
    words: str
    is_odd: bool
    pictures: Sequence[Picture]
    layers: Sequence[Layer]
    width: int
    height: int


@dataclass(frozen=True)
class Gallery:
    """Tiles, four in a row. A click shows one large, with its channels and layers to switch on and off."""

    title: str
    file: str
    tiles: Sequence[Tile]
    caption: str
    kind: Literal["gallery"] = "gallery"


def shared_contrast(images: Sequence[NDArray[np.number]]) -> tuple[float, float]:
    """Darkest and brightest value to draw, one for all of the images: the 1st and 99.8th percentile of all pixels.

    Images count equally, whatever their size. No image gives 0 and 1; a constant one a range of 1 above its value.
    """
    if not images:
        return 0.0, 1.0
    most = min(image.size for image in images)
    # Each image by as many evenly spaced pixels.
    pixels = np.concatenate([image.ravel()[:: max(1, image.size // most)][:most] for image in images])
    low, high = (float(one) for one in np.percentile(pixels, _PERCENTILES))
    return low, max(high, low + 1)


def picture_data(image: NDArray[np.number], contrast: tuple[float, float]) -> str:
    """An image (Y, X) as a grey JPEG file in base64, `contrast` from black to white.

    Raises
    ------
    ValueError
        When the image has no pixels.
    """
    import cv2

    if image.size == 0:
        raise ValueError("picture: expected an image with pixels, got none")
    low, high = contrast
    grey = np.clip((image.astype(np.float64) - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return base64.b64encode(data.tobytes()).decode("ascii")


def outlines(labels: NDArray[np.integer]) -> str:
    """Outlines of the objects of a label image (Y, X) as one SVG path; empty without objects."""
    import cv2
    from scipy import ndimage

    parts = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        mask = np.pad((labels[box] == number).astype(np.uint8), 1)
        found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in found:
            points = cv2.approxPolyDP(contour, _TOLERANCE_PX, True)[:, 0, :]
            corners = " ".join(f"{x + box[1].start - 0.5:g},{y + box[0].start - 0.5:g}" for x, y in points)
            parts.append(f"M{corners}z")
    return f'<path d="{"".join(parts)}"></path>' if parts else ""


def circles(y: Sequence[float] | NDArray[Any], x: Sequence[float] | NDArray[Any]) -> str:
    """A circle around each point (pixel centres from 0), as SVG elements."""
    centres = zip(x, y, strict=True)
    return "".join(
        f'<circle cx="{one + 0.5:.1f}" cy="{other + 0.5:.1f}" r="{_RADIUS_PX}"></circle>' for one, other in centres
    )


def pictures_of(
    images: Mapping[str, NDArray[np.number]], contrasts: Mapping[str, tuple[float, float]]
) -> list[Picture]:
    """The channels of a field, each with the shared contrast, and with its own where that is much narrower."""
    found = []
    for name, image in images.items():
        shared, own = contrasts[name], shared_contrast([image])
        is_other = own[1] - own[0] < 0.5 * (shared[1] - shared[0]) or own[1] > 2 * shared[1]
        found.append(Picture(name, picture_data(image, shared), picture_data(image, own) if is_other else ""))
    return found


def write_gallery(gallery: Gallery, path: Path) -> None:
    """Write the gallery to `path` as JSON (UTF-8)."""
    with replaced_when_whole(path) as temporary:
        temporary.write_text(json.dumps(asdict(gallery), ensure_ascii=False) + "\n", encoding="utf-8")


def read_gallery(path: Path) -> Gallery:
    """Read a gallery that `write_gallery` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or is no gallery.
    """
    with as_readable(path, expected="a gallery of images"):
        return settings_of(Gallery, json.loads(Path(path).read_text(encoding="utf-8")))
