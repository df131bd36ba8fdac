"""What is known of one position in a cell: distances, bands, rings, what openings remove."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.grids import OPENING_RADII, CellGrid

__all__ = [
    "CELL_BANDS_NM",
    "COMPARTMENTS",
    "DISTANCES",
    "NUCLEUS_RINGS_NM",
    "N_RINGS",
    "VALUES",
    "Positions",
    "compartments",
    "positions_in",
    "ranks_among",
    "values_at",
]

DISTANCES = ("membrane", "nucleus", "centroid", "nucleus_centroid")
"""From the outline of the cell (positive inside), that of the nucleus (negative inside), and the two centroids."""

CELL_BANDS_NM = tuple((low, low + 500) for low in range(0, 3000, 500))
NUCLEUS_RINGS_NM = tuple((low, low + 500) for low in range(500, 3000, 500))
EDGE_UM = 0.5
N_RINGS = 5
COMPARTMENTS = ("nucleus", "nuclear edge", "cytoplasm", "membrane", "extension")
# Of more values, ranks are looked up in a table of so many steps.
_FEW, _STEPS = 8192, 4096
_RELATIVE_EDGES = (0.03, 0.06, 0.12)

VALUES: tuple[str, ...] = (
    "in_nucleus",
    "nuclear_edge",
    *(f"nuclear_edge_{round(100 * edge):02d}" for edge in _RELATIVE_EDGES),
    "nucleus_core",
    *(f"nucleus_ring_{low}_{high}" for low, high in NUCLEUS_RINGS_NM),
    *(f"cell_band_{low}_{high}" for low, high in CELL_BANDS_NM),
    *(f"cell_edge_{round(100 * edge):02d}" for edge in _RELATIVE_EDGES),
    *(f"opening_{round(100 * radius):02d}" for radius in OPENING_RADII),
    "protrusion",
    *(f"radial_{ring}" for ring in range(1, N_RINGS + 1)),
    "membrane_rank",
    "nucleus_rank",
    "centroid_rank",
    "nucleus_centroid_rank",
)
"""Columns of `values_at`. What is measured from a nucleus is NaN without one."""


@dataclass(frozen=True)
class Positions:
    """Positions in one cell.

    Attributes
    ----------
    points : (n, 2) float64
        x, y in µm.
    distances : (n, 4) float32
        `DISTANCES`, µm; NaN where they are from a nucleus and there is none.
    opened : (n,) float32
        As `CellGrid.opened`.
    is_protrusion : (n,) bool
    """

    points: NDArray[np.float64]
    distances: NDArray[np.float32]
    opened: NDArray[np.float32]
    is_protrusion: NDArray[np.bool_]


def positions_in(grid: CellGrid, points: NDArray[np.float64] | None = None) -> Positions:
    """What the maps of a cell say of `points` (n, 2); None: of all its pixels."""
    if points is None:
        found, inside = grid.pixels_um(), grid.inside
        membrane = grid.membrane[inside]
        nucleus = grid.nucleus[inside] if grid.nucleus is not None else np.full(len(found), np.nan, np.float32)
        opened, protrusion = grid.opened[inside], grid.is_protrusion[inside]
    else:
        found = np.asarray(points, dtype=np.float64)
        membrane = grid.between(grid.membrane, found)
        nucleus = (
            grid.between(grid.nucleus, found) if grid.nucleus is not None else np.full(len(found), np.nan, np.float32)
        )
        opened = np.asarray(grid.at(grid.opened, found), dtype=np.float32)
        protrusion = np.asarray(grid.at(grid.is_protrusion, found), dtype=bool)
    centres = [np.hypot(*(found - centre).T) for centre in (grid.centroid, grid.nucleus_centroid)]
    return Positions(found, np.column_stack([membrane, nucleus, *centres]).astype(np.float32), opened, protrusion)


def values_at(grid: CellGrid, at: Positions, *, sorted_px: NDArray[np.float32], deepest: float) -> NDArray[np.float32]:
    """(n, len(VALUES)) of positions: 1 or 0 for areas that they are in or not, and ranks 0 to 1 of distances.

    Parameters
    ----------
    sorted_px : (n_px, 4) float32
        The distances of the cell's pixels, each column sorted: a rank is the share of the cell's area with a lesser
        distance.
    deepest
        Largest distance of the nucleus' inside to its edge, µm.
    """
    radius = grid.radius_um
    membrane, nucleus = at.distances[:, 0], at.distances[:, 1]
    has_nucleus = grid.nucleus is not None
    inner = [
        nucleus < 0,
        np.abs(nucleus) <= EDGE_UM,
        *(np.abs(nucleus) <= edge * radius for edge in _RELATIVE_EDGES),
        nucleus < -0.4 * deepest,
        *((nucleus > low / 1000) & (nucleus <= high / 1000) for low, high in NUCLEUS_RINGS_NM),
    ]
    bands = [(membrane > low / 1000) & (membrane <= high / 1000) for low, high in CELL_BANDS_NM]
    bands[0] = membrane <= CELL_BANDS_NM[0][1] / 1000
    outer = [
        *bands,
        *(membrane <= edge * radius for edge in _RELATIVE_EDGES),
        *(at.opened < radius_step - 1e-6 for radius_step in OPENING_RADII),
        at.is_protrusion,
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        way = nucleus / (nucleus + np.maximum(membrane, 0))
    ring = np.where(nucleus > 0, np.minimum(way * N_RINGS, N_RINGS - 1).astype(np.float32), -1.0)
    rings = [(ring >= number) & (ring < number + 1) for number in range(N_RINGS)]
    ranks = [ranks_among(sorted_px[:, k], at.distances[:, k]) for k in range(4)]
    # Column by column in memory: sums over molecules run along it.
    found = np.empty((len(VALUES), len(membrane)), dtype=np.float32)
    for row, one in enumerate((*inner, *outer, *rings, *ranks)):
        found[row] = one
    if not has_nucleus:
        found[_FROM_NUCLEUS] = np.nan
    return found.T


def ranks_among(sorted_px: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share of sorted values (n_px,) below each of `values`; of many, from a table of 4,096 steps, linear between two.

    NaN stays NaN.
    """
    if len(values) < _FEW or not len(sorted_px) or np.isnan(sorted_px[0]):
        found = np.searchsorted(sorted_px, values) / max(len(sorted_px), 1)
        return np.where(np.isnan(values), np.nan, found)
    low, high = float(sorted_px[0]), float(sorted_px[-1])
    step = max((high - low) / _STEPS, 1e-12)
    table = np.searchsorted(sorted_px, low + step * np.arange(_STEPS + 2)) / len(sorted_px)
    place = np.clip((values - low) / step, 0, _STEPS)
    left = place.astype(np.intp)
    return np.asarray(table[left] + (place - left) * (table[left + 1] - table[left]))


_FROM_NUCLEUS = np.array([name.startswith(("nuc", "in_nuc", "radial")) for name in VALUES], dtype=bool)


def compartments(grid: CellGrid, at: Positions) -> NDArray[np.str_]:
    """The compartment of each position, one of `COMPARTMENTS`, the first that fits.

    ``nuclear edge``: 0.5 µm or less from the outline of the nucleus; ``nucleus``: inside it; ``extension``: what an
    opening of 3 µm removes; ``membrane``: 0.5 µm or less from the outline of the cell; else ``cytoplasm``.
    """
    membrane, nucleus = at.distances[:, 0], np.nan_to_num(at.distances[:, 1], nan=np.inf)
    conditions = [np.abs(nucleus) <= EDGE_UM, nucleus < 0, at.is_protrusion, membrane <= EDGE_UM]
    return np.select(conditions, ["nuclear edge", "nucleus", "extension", "membrane"], default="cytoplasm")
