"""The ways to find the cell of a nucleus, each with its settings."""

from dataclasses import dataclass
from typing import Literal

from wellspring.errors import InputError
from wellspring.segmentation.checks import check_number

__all__ = ["CellMethod", "Expansion", "OwnEdge", "Propagation", "Watershed"]


@dataclass(frozen=True)
class OwnEdge:
    """Each cell is cut where its own stain falls off; borders lie half way between nuclei, or on membranes.

    Attributes
    ----------
    stain : str
        What the stain shows: ``inside`` (cytoplasm, or a membrane seen through the whole cell), ``membrane`` (bright
        lines between dark cells), or ``auto``: the image says, see `membrane_contrast`.
    unstained : str
        Cells whose nucleus is not stained: ``ignore``, or ``seed``: they grow from the innermost part of their own
        stain, see `with_unstained`.

    Raises
    ------
    ValueError
        When `stain` or `unstained` is none of these.
    """

    stain: Literal["auto", "inside", "membrane"] = "auto"
    unstained: Literal["ignore", "seed"] = "ignore"
    method: Literal["own_edge"] = "own_edge"

    def __post_init__(self) -> None:
        if self.stain not in ("auto", "inside", "membrane"):
            raise InputError(
                f"stain: expected auto, inside or membrane, got {self.stain!r}. auto asks the image what is stained."
            )
        if self.unstained not in ("ignore", "seed"):
            raise InputError(f"unstained: expected ignore or seed, got {self.unstained!r}. seed grows cells of them.")


@dataclass(frozen=True)
class Watershed:
    """Watershed of the inverted z-sum within the mixture's mask, from the nuclei (Dubois 2017, section 2.2.2)."""

    method: Literal["watershed"] = "watershed"


@dataclass(frozen=True)
class Propagation:
    """Shortest paths from the nuclei within the mixture's mask (Jones, Carpenter & Golland 2005).

    Attributes
    ----------
    regularisation : float
        The paper's lambda: 0 = only intensities matter, large = only distances do (Voronoi cells). Intensities are
        scaled to 0..1.

    Raises
    ------
    ValueError
        When `regularisation` is not finite and more than 0.
    """

    regularisation: float = 0.05
    method: Literal["propagation"] = "propagation"

    def __post_init__(self) -> None:
        check_number(self.regularisation, name="regularisation", above_zero=True, remedy="1e-6 is next to none.")


@dataclass(frozen=True)
class Expansion:
    """Every nucleus grown by a distance, up to the middle between neighbours; the cell stain is not used.

    Attributes
    ----------
    distance_px : float
        The default, 10, is 3 to 6 µm at usual pixel sizes: a rim that lies within most cells.

    Raises
    ------
    ValueError
        When `distance_px` is not finite and 0 or more.
    """

    distance_px: float = 10.0
    method: Literal["expansion"] = "expansion"

    def __post_init__(self) -> None:
        check_number(self.distance_px, name="distance_px")


CellMethod = OwnEdge | Watershed | Propagation | Expansion
