"""How the cell of a nucleus is found, by the names that the config gives: ``segmentation.cells.method``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wellspring.errors import InputError
from wellspring.methods import Method

if TYPE_CHECKING:
    from wellspring.segmentation.cells import CellMethod

__all__ = ["METHODS", "NamedCellMethod", "cell_method"]


@dataclass(frozen=True, kw_only=True)
class NamedCellMethod(Method):
    """A method by its name; `make` takes the method's own settings."""

    make: Callable[..., "CellMethod"]


def _own_edge(*, stain: str, unstained: str) -> "CellMethod":
    from wellspring.segmentation.cells import OwnEdge

    return OwnEdge(stain=stain, unstained=unstained)  # type: ignore[arg-type]


def _watershed() -> "CellMethod":
    from wellspring.segmentation.cells import Watershed

    return Watershed()


def _propagation(*, regularisation: float) -> "CellMethod":
    from wellspring.segmentation.cells import Propagation

    return Propagation(regularisation=regularisation)


def _expansion(*, distance_px: float) -> "CellMethod":
    from wellspring.segmentation.cells import Expansion

    return Expansion(distance_px=distance_px)


# Of the methods that see the cell stain.
_SEEN: dict[str, dict[str, Any]] = {
    "channel": {"description": "Channel that shows the cells.", "type": "string", "minLength": 1},
    "smoothing_sigma_px": {
        "description": "Standard deviation of the Gaussian smoothing of the cell stain.",
        "unit": "px",
        "type": "number",
        "minimum": 0,
        "default": 1.0,
    },
}
# Of those whose mask is a mixture's.
_STAIN: dict[str, dict[str, Any]] = {
    **_SEEN,
    "n_components": {
        "description": "Classes of intensity of the cell stain, background included.",
        "type": "integer",
        "minimum": 2,
        "maximum": 4,
        "default": 2,
    },
}

METHODS = (
    NamedCellMethod(
        name="own_edge",
        meaning="each cell cut where its own stain falls off, above the background nearby; borders half way between "
        "nuclei, or on stained membranes",
        settings={
            **_SEEN,
            "stain": {
                "description": "What the stain shows: the inside of cells or their membranes; auto = the image says.",
                "enum": ["auto", "inside", "membrane"],
                "default": "auto",
            },
            "unstained": {
                "description": "Cells whose nucleus is not stained: ignore = counted in the report only; seed = they "
                "grow from their own stain, and are cells without a nucleus.",
                "enum": ["ignore", "seed"],
                "default": "ignore",
            },
        },
        required=("channel",),
        make=_own_edge,
    ),
    NamedCellMethod(
        name="watershed",
        meaning="watershed of the cell stain from the nuclei, as Dubois (2017)",
        settings=_STAIN,
        required=("channel",),
        make=_watershed,
    ),
    NamedCellMethod(
        name="propagation",
        meaning="shortest paths from the nuclei through the cell stain",
        settings={
            **_STAIN,
            "regularisation": {
                "description": "Weight of distance compared with intensity; larger = rounder cells.",
                "type": "number",
                "exclusiveMinimum": 0,
                "default": 0.05,
            },
        },
        required=("channel",),
        make=_propagation,
    ),
    NamedCellMethod(
        name="expansion",
        meaning="every nucleus grown by a distance; needs no cell stain",
        settings={
            "distance_px": {
                "description": "Width of the rim around each nucleus.",
                "unit": "px",
                "type": "number",
                "minimum": 0,
                "default": 10.0,
            }
        },
        make=_expansion,
    ),
)
"""Each method declared once: schema and messages follow."""


def cell_method(name: str) -> NamedCellMethod:
    """The method behind ``segmentation.cells.method``.

    Raises
    ------
    ValueError
        When there is no such method.
    """
    found = {one.name: one for one in METHODS}
    if name not in found:
        raise InputError(f"segmentation.cells.method: expected one of {sorted(found)}, got {name!r}.")
    return found[name]
