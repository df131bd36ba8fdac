"""Fields of a well as one image: where each lies, and where overlaps are cut. Standard library only.

Fields that form a complete grid are placed by their positions. Two neighbours that overlap are cut at the middle of the
overlap, so every pixel of the mosaic is one that was measured: nothing is blended and nothing is filled in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["SITE", "FieldPlace", "Mosaic", "mosaic_of_fields"]

SITE = "mosaic"
# Positions of one row or column agree to this share of a field; such a gap between neighbours is an error of the pixel
# size or the stage, not a stripe that was left out.
_SAME_SHARE, _GAP_SHARE = 0.1, 0.01


@dataclass(frozen=True)
class FieldPlace:
    """One field in a mosaic.

    Attributes
    ----------
    site : str
    top, left : int
        First row and column of its part in the mosaic, px.
    rows, columns : (int, int)
        First row (column) of its part in the field, and the one behind its last.
    """

    site: str
    top: int
    left: int
    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Mosaic:
    """All fields of a well.

    Attributes
    ----------
    shape : (int, int)
        Height and width, px.
    fields : tuple of FieldPlace
    """

    shape: tuple[int, int]
    fields: tuple[FieldPlace, ...]


def mosaic_of_fields(
    positions_um: Mapping[str, tuple[float, float] | None], *, shape: tuple[int, int], pixel_size_um: float | None
) -> Mosaic | str:
    """The mosaic of fields of one size, or why there is none.

    Parameters
    ----------
    positions_um
        Site to its centre (y, x), µm, y growing downwards.
    shape
        Height and width of every field, px.
    pixel_size_um
        Side of a pixel.

    Returns
    -------
    Mosaic or str
        The reason in words where a position or the pixel size is not known, fields do not form a complete grid, or
        neighbours do not touch: more than 1 % of a field lies between them. A single field is a mosaic of itself.
    """
    known = {site: place for site, place in positions_um.items() if place is not None}
    if pixel_size_um is None or len(known) < len(positions_um) or not known:
        return "positions of fields or the pixel size are not known"
    ys = _lines([y / pixel_size_um for y, _ in known.values()], length=shape[0])
    xs = _lines([x / pixel_size_um for _, x in known.values()], length=shape[1])
    cells = {(_nearest(y / pixel_size_um, ys), _nearest(x / pixel_size_um, xs)): site for site, (y, x) in known.items()}
    if len(cells) != len(known) or len(cells) != len(ys) * len(xs):
        return f"{len(known)} fields do not form a complete grid of {len(ys)} rows and {len(xs)} columns"
    rows, columns = _parts(ys, length=shape[0]), _parts(xs, length=shape[1])
    if rows is None or columns is None:
        return "neighbouring fields do not touch"
    fields = tuple(
        FieldPlace(cells[i, j], row[0], column[0], row[1], column[1])
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    )
    return Mosaic((_end(rows), _end(columns)), fields)


def _end(parts: Sequence[tuple[int, tuple[int, int]]]) -> int:
    start, (first, behind) = parts[-1]
    return start + behind - first


def _lines(values: Sequence[float], *, length: int) -> list[float]:
    """Mean position of each row (or column) of fields, ascending."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][0] <= _SAME_SHARE * length:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _nearest(value: float, lines: Sequence[float]) -> int:
    return min(range(len(lines)), key=[abs(value - line) for line in lines].__getitem__)


def _parts(lines: Sequence[float], *, length: int) -> list[tuple[int, tuple[int, int]]] | None:
    """Of each row of fields: where its part begins in the mosaic, and which rows of the field it is."""
    begins = [0]
    for first, second in pairwise(lines):
        step = round(second - first)
        if step - length > _GAP_SHARE * length:
            return None
        # Neighbours that all but touch are put next to each other.
        begins.append(begins[-1] + min(step, length))
    cuts = [0, *((first + length + second) // 2 for first, second in pairwise(begins)), begins[-1] + length]
    return [(cuts[i], (cuts[i] - begin, cuts[i + 1] - begin)) for i, begin in enumerate(begins)]
