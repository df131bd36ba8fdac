"""Drawn cells that several tests use."""

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.cells import CellShape

__all__ = ["ellipse", "round_cell"]


def ellipse(a: float, b: float, *, x: float = 0.0, y: float = 0.0, n: int = 200) -> NDArray[np.float64]:
    """A ring (n, 2) around (x, y)."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.column_stack([x + a * np.cos(angle), y + b * np.sin(angle)])


def round_cell(*, radius: float = 10.0, nucleus: float = 4.0, n: int = 200) -> CellShape:
    """A disc with a nucleus in the middle; a nucleus of 0: none."""
    nuclei = ((ellipse(nucleus, nucleus, n=n),),) if nucleus else ()
    return CellShape("1", (ellipse(radius, radius, n=n),), nuclei)
