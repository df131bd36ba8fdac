"""Cells with their nuclei, from outlines that may be invalid, cut, without partner or of the wrong size."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.localization.outlines import CELL, NUCLEUS, Outline
from wellspring.localization.polygons import cleaned, filled, is_simple, repaired, ring_area

__all__ = ["LARGEST_UM2", "SMALLEST_UM2", "CellShape", "ShapeReport", "matched_cells", "separate"]

SMALLEST_UM2, LARGEST_UM2 = 50.0, 5000.0
_Rings = tuple[NDArray[np.float64], ...]
_RASTER_PX = 96


@dataclass(frozen=True)
class CellShape:
    """A cell: its rings and those of its nuclei, which may reach over its border; x, y in µm."""

    name: str
    rings: _Rings
    nuclei: tuple[_Rings, ...] = ()

    @property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest (x, y)."""
        points = np.concatenate(self.rings)
        return points.min(axis=0), points.max(axis=0)


@dataclass
class ShapeReport:
    """What was found wrong with outlines, and what was done: ids by problem, in the order of the file."""

    repaired: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    without_nucleus: list[str] = field(default_factory=list)
    several_nuclei: list[str] = field(default_factory=list)
    cut_nuclei: list[str] = field(default_factory=list)
    nuclei_in_no_cell: list[str] = field(default_factory=list)
    implausible_area: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """A sentence for each problem that occurs."""
        said = (
            (self.repaired, "outlines were invalid (crossing lines, repeated vertices) and repaired"),
            (self.left_out, "outlines enclose nothing and were left out"),
            (self.repeated, "cells have an outline twice; the first is used"),
            (self.without_nucleus, "cells have no nucleus: what is measured from the nucleus is missing for them"),
            (self.several_nuclei, "cells have several nuclei, which count as one nucleus of several parts"),
            (self.cut_nuclei, "nuclei reach over the border of their cell; their part inside is used"),
            (self.nuclei_in_no_cell, "nuclei are in no cell and were left out"),
            (self.implausible_area, "cells have an area that is not plausible: check the pixel size"),
        )
        return [
            f"{len(ids)} {text} ({', '.join(ids[:5])}{', …' if len(ids) > 5 else ''})." for ids, text in said if ids
        ]


def matched_cells(
    outlines: Sequence[Outline], *, smallest_um2: float = SMALLEST_UM2, largest_um2: float = LARGEST_UM2
) -> tuple[list[CellShape], ShapeReport]:
    """Cells with their nuclei, and what was wrong.

    Invalid rings are repaired. A nucleus that has a cell's name and overlaps that cell is the cell's; another is that
    of the cell that most of its area is in, if that is half of it or more; else it is in no cell and left out.

    Parameters
    ----------
    outlines
        Of one field, in µm. A cell's name occurs once; a nucleus' may occur several times.
    smallest_um2, largest_um2
        Plausible areas of cells. Others are reported, and used.

    Raises
    ------
    ValueError
        When there is no cell.
    """
    report = ShapeReport()
    cells: dict[str, CellShape] = {}
    nuclei: list[tuple[str, _Rings]] = []
    for one in outlines:
        rings = _valid(one, report)
        if not rings:
            continue
        if one.kind == NUCLEUS:
            nuclei += [(one.name, part) for part in separate(rings)]
        elif one.name in cells:
            report.repeated.append(one.name)
        else:
            cells[one.name] = CellShape(one.name, rings)
    if not cells:
        raise InputError(f"expected outlines of {CELL}s, got {len(outlines)} outlines and none of a cell. Add them.")
    owned = _assigned(cells, nuclei, report)
    found = [CellShape(name, cell.rings, tuple(owned[name])) for name, cell in cells.items()]
    for cell in found:
        area = sum(abs(ring_area(ring)) * (1 if not _inside_other(ring, cell.rings) else -1) for ring in cell.rings)
        if not smallest_um2 <= area <= largest_um2:
            report.implausible_area.append(cell.name)
        if len(cell.nuclei) != 1:
            (report.several_nuclei if cell.nuclei else report.without_nucleus).append(cell.name)
    return found, report


def _valid(outline: Outline, report: ShapeReport) -> _Rings:
    rings: list[NDArray[np.float64]] = []
    is_changed = False
    for ring in outline.rings:
        # A ring that is closed by its first vertex is as it should be in most formats.
        opened = ring[:-1] if len(ring) > 1 and np.array_equal(ring[0], ring[-1]) else ring
        is_changed |= len(cleaned(opened)) != len(opened) or not is_simple(opened)
        rings += repaired(opened)
    if not rings:
        report.left_out.append(outline.name)
    elif is_changed:
        report.repaired.append(outline.name)
    return tuple(rings)


def _inside_other(ring: NDArray[np.float64], rings: _Rings) -> bool:
    return sum(_contains(other, ring[0]) for other in rings if other is not ring) % 2 == 1


def _contains(ring: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    """Whether a point is inside a ring, by the number of edges to its right."""
    x, y = (ring - point).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > 0) != (next_y > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x - y * (next_x - x) / (next_y - y)
    return bool((crosses & (at > 0)).sum() % 2)


def separate(rings: _Rings) -> list[_Rings]:
    """Rings of one outline as separate objects, each with the holes in it."""
    outer = [ring for ring in rings if not _inside_other(ring, rings)]
    inner = [ring for ring in rings if _inside_other(ring, rings)]
    return [(ring, *(hole for hole in inner if _contains(ring, hole[0]))) for ring in outer]


def _assigned(
    cells: dict[str, CellShape], nuclei: list[tuple[str, _Rings]], report: ShapeReport
) -> defaultdict[str, list[_Rings]]:
    owned: defaultdict[str, list[_Rings]] = defaultdict(list)
    names = list(cells)
    lows, highs = (np.array([cell.box[end] for cell in cells.values()]) for end in (0, 1))
    for name, rings in nuclei:
        points = np.concatenate(rings)
        near = np.flatnonzero(((lows <= points.max(axis=0)) & (highs >= points.min(axis=0))).all(axis=1))
        shares = {names[one]: _share_inside(rings, cells[names[one]].rings) for one in near}
        owner = name if shares.get(name, 0.0) > 0 else max(shares, key=shares.__getitem__, default="")
        share = shares.get(owner, 0.0)
        if owner != name and share < 0.5:
            report.nuclei_in_no_cell.append(name)
            continue
        owned[owner].append(rings)
        if share < 1:
            report.cut_nuclei.append(name)
    return owned


def _share_inside(rings: _Rings, cell: _Rings) -> float:
    """Share of the area of `rings` that is inside `cell`, on one raster for both, 96 px along the longer side."""
    points = np.concatenate(rings)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    spacing = float(size.max()) / _RASTER_PX
    width, height = (int(n) for n in np.ceil(size / spacing) + 1)
    own = filled(rings, origin=low, spacing=spacing, shape=(height, width))
    both = own & filled(cell, origin=low, spacing=spacing, shape=(height, width))
    return float(both.sum() / max(own.sum(), 1))
