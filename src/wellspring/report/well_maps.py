"""Wells as points that show their image when they are pointed at: a part of the page, without any script."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Plane", "Point", "WellMaps"]


@dataclass(frozen=True)
class Point:
    """One well: place in percent of the plane's width and height, colour, shape, number of its image (or -1), words."""

    left: float
    top: float
    color: str
    shape: str
    image: int
    words: str


@dataclass(frozen=True)
class Plane:
    """One map of the wells."""

    title: str
    points: Sequence[Point]


@dataclass(frozen=True)
class WellMaps:
    """Maps whose points show images: title, name in ids, images as base64 PNG, key of colours and shapes, caption."""

    title: str
    name: str
    images: Sequence[str]
    colors: Sequence[tuple[str, str]]
    shapes: Sequence[tuple[str, str]]
    planes: Sequence[Plane]
    caption: str
    kind: Literal["well_maps"] = "well_maps"
