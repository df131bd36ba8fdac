"""One look for every figure and number: sizes in mm, colours for colour-blind readers too, text as text."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from wellspring.files import replaced_when_whole
from wellspring.report.numbers import NONE, number
from wellspring.report.titles import with_titles

__all__ = [
    "COLORS",
    "NEUTRAL",
    "NONE",
    "RC",
    "WIDTH_MM",
    "axes_grid",
    "color_of",
    "in_style",
    "letter",
    "new_figure",
    "number",
    "save_figure",
]

P = ParamSpec("P")
R = TypeVar("R")

WIDTH_MM = 180.0
_MM_PER_INCH = 25.4
_DPI = 200

# Okabe and Ito (2008), "Color Universal Design": eight colours that anyone can distinguish.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
NEUTRAL = "#6B6B6B"

RC: Mapping[Any, Any] = MappingProxyType(
    {
        "axes.axisbelow": True,
        # Numbers as they are, not their differences from one that is written next to the axis.
        "axes.formatter.useoffset": False,
        "axes.edgecolor": "#4D4D4D",
        "axes.grid": False,
        "axes.labelsize": 8.0,
        "axes.linewidth": 0.6,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 8.5,
        "axes.titleweight": "bold",
        "figure.constrained_layout.w_pad": 0.08,
        "figure.dpi": _DPI,
        "figure.facecolor": "white",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
        "font.size": 8.0,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.5,
        "hatch.linewidth": 0.5,
        "image.interpolation": "none",
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "lines.linewidth": 1.1,
        "patch.linewidth": 0.5,
        "savefig.dpi": _DPI,
        "savefig.facecolor": "white",
        "svg.fonttype": "none",
        "svg.hashsalt": "wellspring",
        # Names of channels and wells are words, not formulas, even with a dollar sign in them.
        "text.parse_math": False,
        "xtick.labelsize": 7.5,
        "xtick.major.width": 0.6,
        "ytick.labelsize": 7.5,
        "ytick.major.width": 0.6,
    }
)


def in_style(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` under the report's style; the caller's matplotlib settings are as before afterwards."""

    @wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(dict(RC)):
            return function(*args, **kwargs)

    return styled


@in_style
def new_figure(*, height_mm: float, width_mm: float = WIDTH_MM) -> Figure:
    """An empty figure of the size given, in mm, whose parts are laid out without overlaps."""
    return Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), layout="constrained")


def axes_grid(figure: Figure | SubFigure, *, n_rows: int, n_columns: int, **options: Any) -> list[list[Axes]]:
    """Rows of axes on `figure`; `options` go to `Figure.subplots`."""
    grid = figure.subplots(n_rows, n_columns, squeeze=False, **options)
    return [list(row) for row in np.asarray(grid)]


def letter(axes: Axes, *, index: int) -> None:
    """Put a, b, c, ... before the title of `axes`; `index` 0 is a."""
    title = axes.get_title(loc="left")
    axes.set_title(f"{chr(ord('a') + index)}  {title}", loc="left")


def color_of(name: str, *, names: Sequence[str]) -> str:
    """The colour of `name` among `names`: by its position, going round when there are more names than colours."""
    return COLORS[list(names).index(name) % len(COLORS)]


@in_style
def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path`, in the format of its suffix, whole or not at all. The same figure gives the same bytes.

    Titles of marks (`wellspring.report.titles`) are in SVG files.

    Raises
    ------
    OSError
        When the disk is full; nothing is left behind.
    """
    with replaced_when_whole(path) as temporary:
        figure.savefig(temporary, metadata={"Date": None} if path.suffix == ".svg" else None)
        if path.suffix == ".svg":
            with_titles(temporary)
