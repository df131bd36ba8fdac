"""A number per well, drawn where the well is in its plate: drifts along rows, columns and edges show at once."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import EllipseCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle

from wellspring.report.map_scale import MapScale, map_scale
from wellspring.report.positions import PLATE_SIZES, plate_position, row_name
from wellspring.report.style import NEUTRAL, WIDTH_MM, axes_grid, in_style, new_figure, number
from wellspring.report.titles import entitle
from wellspring.report.words import shortened

__all__ = [
    "DOUBTFUL",
    "PLATE_SIZES",
    "MappedNumber",
    "plate_map_figure",
    "plate_maps_figure",
    "plate_position",
    "row_name",
]

DOUBTFUL = "#D55E00"
_MEDIUM = PLATE_SIZES[1][1]
_EMPTY = "#EDEFF0"
_HATCH = "////"
# Diameters in the distance of neighbouring wells, and the width of outlines, pt.
_DISC, _EMPTY_DISC = 0.84, 0.8
_OUTLINE, _THIN_OUTLINE = 1.6, 0.7
# Wells without a position are listed in as many columns, twice as wide as high.
_LISTED_COLUMNS = 6
# Width of a letter in a listed well.
_LETTER_MM = 1.35
_ONE_PLATE_MM = 130.0
# Small maps in a row: of one plate or three, of more, and of 1,536 wells.
_SMALL_ACROSS, _MORE_ACROSS, _LESS_ACROSS = 3, 4, 2
# What is next to the wells: names of the rows on the left, the colour bar on the right.
_BESIDE_MM = 28.0
# Numbers are written into wells at least as wide.
_READABLE_MM = 6.5


@dataclass(frozen=True)
class _Well:
    name: str
    row: int
    column: int
    value: float
    is_doubtful: bool

    @property
    def is_known(self) -> bool:
        return math.isfinite(self.value)


@dataclass(frozen=True)
class _Plate:
    name: str
    n_rows: int
    n_columns: int
    wells: Sequence[_Well]
    is_listed: bool


@in_style
def plate_map_figure(
    table: pd.DataFrame,
    *,
    column: str,
    label: str,
    doubtful: Collection[tuple[str, str]] = (),
    doubtful_means: str = "doubtful",
    limits: tuple[float, float] | None = None,
) -> Figure:
    """A plate per panel, a well per disc, coloured by a number; all plates share the colours.

    Wells of which nothing is known are pale. A well without a number (NaN, infinity) is hatched. A plate is drawn with
    96 wells, or with 384 or 1,536 where its names need them. If the name of any of its wells is no position, or two
    names are the same one, its wells are listed by name, in their order.

    Parameters
    ----------
    table
        A row per well: columns `plate` and `well`, and `column`. Plates and listed wells are drawn in its order.
    column
        The number to draw.
    label
        What it is, with its unit, as the colour bar says it: ``"Area of a cell, µm²"``.
    doubtful
        (plate, well) of the wells to outline.
    doubtful_means
        What the outline says, for the key.
    limits
        Ends of the colours; None: as of `map_scale`.

    Raises
    ------
    ValueError
        When a well has several rows.
    """
    plates = _plates(table, column=column, doubtful=set(doubtful))
    n_across = 1 if len(plates) <= 1 else 2 if len(plates) <= 4 else 3
    width_mm = _ONE_PLATE_MM if len(plates) <= 1 else WIDTH_MM
    panel_mm = (width_mm - _BESIDE_MM) / n_across
    n_down = max(1, math.ceil(len(plates) / n_across))
    tallest = max((plate.n_rows / plate.n_columns for plate in plates), default=0.2)
    height_mm = n_down * (panel_mm * tallest + 14) + 10
    figure = new_figure(height_mm=height_mm, width_mm=width_mm)
    grid = [axes for row in axes_grid(figure, n_rows=n_down, n_columns=n_across) for axes in row]
    scale = _scale(plates, limits=limits, panel_mm=panel_mm)
    for axes, plate in zip(grid, plates, strict=False):
        _draw_plate(axes, plate, longest_name=int(panel_mm / _LISTED_COLUMNS / _LETTER_MM), scale=scale)
    for axes in grid[len(plates) :]:
        axes.axis("off")
    if scale is not None:
        bar = figure.colorbar(ScalarMappable(scale.norm, scale.colors), ax=grid, aspect=30, pad=0.02)
        bar.set_label(label)
        bar.outline.set_visible(False)
    _draw_key(figure, plates, doubtful_means=doubtful_means, label="" if scale is not None else label)
    return figure


@dataclass(frozen=True)
class MappedNumber:
    """A number to draw: its column, what it is (with its unit), and the ends of its colours (None: all values)."""

    column: str
    label: str
    limits: tuple[float, float] | None = None


@in_style
def plate_maps_figure(
    table: pd.DataFrame,
    *,
    numbers: Sequence[MappedNumber],
    doubtful: Collection[tuple[str, str]] = (),
    doubtful_means: str = "doubtful",
) -> Figure:
    """Several numbers of the same wells as small maps: each number with its plates next to each other, in their order.

    Three maps in a row of one plate or of three, else four, but two of 1,536 wells. A number begins a row of its own
    where its plates do not fill a share of it. Its plates share its colours. The rest is as of `plate_map_figure`.

    Raises
    ------
    ValueError
        When a well has several rows.
    """
    maps = [(one, _plates(table, column=one.column, doubtful=set(doubtful))) for one in numbers]
    every = [plate for _, plates in maps for plate in plates]
    n_plates = int(table["plate"].nunique())
    n_across = _small_across(every, n_plates=n_plates)
    panel_mm = WIDTH_MM / n_across
    # Those between the plates of one number and the next row are empty.
    n_places = n_plates if n_across % max(1, n_plates) == 0 else n_across * math.ceil(n_plates / n_across)
    n_down = max(1, math.ceil(n_places * len(maps) / n_across))
    tallest = max((plate.n_rows / plate.n_columns for plate in every), default=0.2)
    figure = new_figure(height_mm=n_down * ((panel_mm - 6) * tallest + 19) + 8)
    grid = [axes for row in axes_grid(figure, n_rows=n_down, n_columns=n_across) for axes in row]
    for axes in grid:
        axes.axis("off")
    for at, (one, plates) in enumerate(maps):
        _draw_number(figure, grid[at * n_places :], one, plates, panel_mm=panel_mm)
    _draw_key(figure, every, doubtful_means=doubtful_means, label="")
    return figure


def _small_across(plates: Sequence[_Plate], *, n_plates: int) -> int:
    if any(plate.n_columns > _MEDIUM for plate in plates):
        return _LESS_ACROSS
    return _SMALL_ACROSS if n_plates in (0, 1, _SMALL_ACROSS) else _MORE_ACROSS


def _draw_number(
    figure: Figure, grid: Sequence[Axes], one: MappedNumber, plates: Sequence[_Plate], *, panel_mm: float
) -> None:
    """The plates of one number; what it is, is written once, above the first of them."""
    scale = _scale(plates, limits=one.limits, panel_mm=panel_mm)
    longest = int(panel_mm / _LISTED_COLUMNS / _LETTER_MM)
    for axes, plate in zip(grid, plates, strict=False):
        axes.axis("on")
        _draw_plate(axes, plate, longest_name=longest, scale=scale, is_small=True)
        label = one.label if plate is plates[0] else ""
        axes.set_title(f"{label}\n{plate.name}" if len(plates) > 1 else label, fontsize=7.5)
        if scale is not None:
            mapped = ScalarMappable(scale.norm, scale.colors)
            bar = figure.colorbar(mapped, ax=axes, orientation="horizontal", aspect=35, shrink=0.7, pad=0.02)
            bar.outline.set_visible(False)
            bar.ax.tick_params(labelsize=6, length=2)


def _plates(table: pd.DataFrame, *, column: str, doubtful: set[tuple[str, str]]) -> list[_Plate]:
    if table.duplicated(["plate", "well"]).any():
        raise ValueError("plate map: expected one row per well, but some wells have several")
    plates = []
    for name, rows in table.groupby("plate", sort=False):
        names = [str(well) for well in rows["well"]]
        positions = [at for at in map(plate_position, names) if at is not None]
        is_listed = len(set(positions)) < len(names)
        if is_listed:
            positions = [divmod(n, _LISTED_COLUMNS) for n in range(len(names))]
            n_rows, n_columns = math.ceil(len(names) / _LISTED_COLUMNS), 2 * _LISTED_COLUMNS
        else:
            most = [max(places) for places in zip(*positions, strict=True)]
            n_rows, n_columns = next(size for size in PLATE_SIZES if most[0] < size[0] and most[1] < size[1])
        wells = [
            _Well(well, row, at, float(value), (str(name), well) in doubtful)
            for well, (row, at), value in zip(names, positions, rows[column], strict=True)
        ]
        plates.append(_Plate(str(name), n_rows, n_columns, wells, is_listed))
    return plates


def _scale(plates: Sequence[_Plate], *, limits: tuple[float, float] | None, panel_mm: float) -> MapScale | None:
    values = [well.value for plate in plates for well in plate.wells if well.is_known]
    widest = max((plate.n_columns for plate in plates), default=1)
    return map_scale(values, limits=limits, is_written=panel_mm / widest >= _READABLE_MM)


def _draw_plate(
    axes: Axes, plate: _Plate, *, longest_name: int, scale: MapScale | None, is_small: bool = False
) -> None:
    axes.set_title(plate.name)
    axes.set_aspect("equal")
    axes.set_xlim(0, plate.n_columns)
    axes.set_ylim(plate.n_rows, 0)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7.0 if plate.n_columns <= PLATE_SIZES[0][1] else 5.0, pad=1)
    step = 4 if plate.n_columns > _MEDIUM else 2 if is_small and plate.n_columns > PLATE_SIZES[0][1] else 1
    axes.xaxis.tick_top()
    if plate.is_listed:
        axes.set_xticks([])
        axes.set_yticks([])
    else:
        columns, rows = (range(0, n, step) for n in (plate.n_columns, plate.n_rows))
        axes.set_xticks([n + 0.5 for n in columns], [str(n + 1) for n in columns])
        axes.set_yticks([n + 0.5 for n in rows], [row_name(n) for n in rows])
        _draw_outline(axes, plate)
    for is_known in (True, False):
        for is_doubtful in (False, True):
            wells = [one for one in plate.wells if (one.is_known, one.is_doubtful) == (is_known, is_doubtful)]
            if wells:
                _draw_wells(axes, wells, plate=plate, scale=scale)
    for well in plate.wells:
        _write(axes, well, longest_name=longest_name if plate.is_listed else 0, scale=scale)


def _draw_outline(axes: Axes, plate: _Plate) -> None:
    rim = FancyBboxPatch(
        (0.12, 0.12),
        plate.n_columns - 0.24,
        plate.n_rows - 0.24,
        boxstyle="round,pad=0.1,rounding_size=0.4",
        facecolor="none",
        edgecolor="#C9CED2",
    )
    axes.add_patch(rim)
    taken = {(well.row, well.column) for well in plate.wells}
    indices = [(row, at) for row in range(plate.n_rows) for at in range(plate.n_columns) if (row, at) not in taken]
    if indices:
        _add_discs(axes, indices, diameter=_EMPTY_DISC, facecolors=_EMPTY, edgecolors="none")


def _draw_wells(axes: Axes, wells: Sequence[_Well], *, plate: _Plate, scale: MapScale | None) -> None:
    """Wells that are all known or all not, and all doubtful or all not."""
    look: dict[str, Any] = {"facecolors": "white", "edgecolors": NEUTRAL, "linewidths": 0.5, "hatch": _HATCH}
    if wells[0].is_known and scale is not None:
        look = {"facecolors": [scale.color(well.value) for well in wells], "edgecolors": "none"}
    if wells[0].is_doubtful:
        look |= {"edgecolors": DOUBTFUL, "linewidths": _OUTLINE if plate.n_columns <= _MEDIUM else _THIN_OUTLINE}
    if plate.is_listed:
        tiles = [Rectangle((2 * well.column + 0.06, well.row + 0.06), 1.88, 0.88) for well in wells]
        drawn: PatchCollection | EllipseCollection = PatchCollection(tiles, **look)
        axes.add_collection(drawn, autolim=False)
    else:
        drawn = _add_discs(axes, [(well.row, well.column) for well in wells], diameter=_DISC, **look)
    entitle(drawn, [_title(well, scale=scale) for well in wells])


def _title(well: _Well, *, scale: MapScale | None) -> str:
    """The well's name and number, as shown where the mouse rests on it."""
    known = number(well.value, scale=scale.largest) if well.is_known and scale is not None else "no value"
    return f"{well.name}: {known}"


def _add_discs(axes: Axes, places: Sequence[tuple[int, int]], *, diameter: float, **look: Any) -> EllipseCollection:
    centres = [(column + 0.5, row + 0.5) for row, column in places]
    # One size for all: an SVG file then holds the shape once.
    discs = EllipseCollection(
        [diameter], [diameter], [0.0], units="xy", offsets=centres, offset_transform=axes.transData, **look
    )
    axes.add_collection(discs, autolim=False)
    return discs


def _write(axes: Axes, well: _Well, *, longest_name: int, scale: MapScale | None) -> None:
    is_listed = longest_name > 0
    is_known = scale is not None and well.is_known
    text = number(well.value, scale=scale.largest) if is_known and scale is not None and scale.is_written else ""
    middle = (2 * well.column + 1 if is_listed else well.column + 0.5, well.row + 0.5)
    if is_listed:
        text = f"{shortened(well.name, longest=longest_name)}\n{text}".rstrip()
    if not text:
        return
    color = "black"
    if is_known and scale is not None:
        red, green, blue, _ = scale.color(well.value)
        color = "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
    box = None if is_known else {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    drawn = axes.text(*middle, text, ha="center", va="center", fontsize=5.5, color=color, bbox=box)
    entitle(drawn, [_title(well, scale=scale)])


def _draw_key(figure: Figure, plates: Sequence[_Plate], *, doubtful_means: str, label: str) -> None:
    wells = [well for plate in plates for well in plate.wells]
    keys = []
    if any(well.is_doubtful for well in wells):
        keys.append(Patch(facecolor="none", edgecolor=DOUBTFUL, linewidth=_OUTLINE, label=doubtful_means))
    if not all(well.is_known for well in wells):
        without = f"no value of: {label}" if label else "no value"
        keys.append(Patch(facecolor="white", edgecolor=NEUTRAL, linewidth=0.5, hatch=_HATCH, label=without))
    if keys:
        figure.legend(handles=keys, loc="outside lower left", ncols=len(keys))
