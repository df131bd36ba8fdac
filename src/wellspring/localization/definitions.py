"""The features: name, unit, range, what they need, formula and source; the docs' table is written from this."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.features import QUANTILES
from wellspring.localization.grids import OPENING_RADII
from wellspring.localization.neighbors import RADII
from wellspring.localization.positions import CELL_BANDS_NM, DISTANCES, N_RINGS, NUCLEUS_RINGS_NM
from wellspring.tables import Column

__all__ = ["FEATURES", "Feature", "docs_table", "with_gaps"]

_DUBOIS, _BIGFISH, _RDI = "Dubois 2017, A.2", "big-fish", "Park 2012, Stueland 2019"
_WHERE = {
    "membrane": "distance to the outline of the cell, positive inside",
    "nucleus": "distance to the outline of the nucleus, negative inside",
    "centroid": "distance to the centroid of the cell",
    "nucleus_centroid": "distance to the centroid of the nucleus",
}


@dataclass(frozen=True)
class Feature:
    """One feature of the molecules of a gene in a cell.

    Attributes
    ----------
    name, meaning, source : str
        The meaning has the formula: R is the radius of a circle of the cell's area, n the number of molecules.
    fewest : int
        Of fewer molecules it is not defined.
    needs_nucleus : bool
    minimum, maximum : float
        Range; of what is between two numbers only.
    """

    name: str
    meaning: str
    source: str
    fewest: int = 1
    needs_nucleus: bool = False
    minimum: float | None = 0.0
    maximum: float | None = None

    @property
    def column(self) -> Column:
        """As a column of a table."""
        return Column(self.name, "float64", "1", self.meaning, minimum=self.minimum, maximum=self.maximum)


def _distances() -> Iterator[Feature]:
    for name in DISTANCES:
        low = -3.0 if name in ("membrane", "nucleus") else 0.0
        needs = name.startswith("nucleus")
        yield Feature(f"{name}_distance_mean", f"mean {_WHERE[name]}, over R", _DUBOIS, 1, needs, low)
        for part in QUANTILES:
            k = round(100 * part)
            fewest = 1 if part == 0.5 else 5
            yield Feature(
                f"{name}_distance_q{k}", f"{k} % quantile of the {_WHERE[name]}, over R", _DUBOIS, fewest, needs, low
            )
        rank = "share of the cell's area with a smaller distance; 0.5 if uniform"
        for statistic in ("mean", "median"):
            words = f"{statistic} rank of the {_WHERE[name]}: {rank}"
            yield Feature(f"{name}_rank_{statistic}", words, "wellspring", 1, name.startswith("nucleus"), maximum=1.0)


def _big_fish() -> Iterator[Feature]:
    for statistic in ("mean", "median"):
        words = f"{statistic} distance of molecules over that of the cell's pixels"
        yield Feature(f"index_{statistic}_distance_cell", f"{words}, to the outline of the cell (0 outside)", _BIGFISH)
        yield Feature(
            f"index_{statistic}_distance_nuc", f"{words}, to the nucleus (0 inside)", _BIGFISH, needs_nucleus=True
        )
    yield Feature("proportion_rna_in_nuc", "share of molecules in the nucleus", _BIGFISH, 1, True, maximum=1.0)
    yield Feature(
        "proportion_rna_nuc_edge", "share within 0.5 µm of the outline of the nucleus", _BIGFISH, 1, True, maximum=1.0
    )
    yield Feature("index_rna_nuc_edge", "that share over the area's share of the cell", _BIGFISH, 1, True)
    for low, high in NUCLEUS_RINGS_NM:
        words = f"share {low} to {high} nm outside the nucleus over the area's share of the cell"
        yield Feature(f"index_rna_nuc_radius_{low}_{high}", words, _BIGFISH, 1, True)
    for low, high in CELL_BANDS_NM:
        words = f"share {low} to {high} nm inside the outline of the cell over the area's share"
        yield Feature(f"index_rna_cell_radius_{low}_{high}", words, _BIGFISH)
    yield Feature(
        "proportion_rna_protrusion",
        "share in what an opening of 3 µm removes outside the nucleus",
        _BIGFISH,
        maximum=1.0,
    )
    yield Feature("index_rna_protrusion", "that share over the area's; missing without protrusions", _BIGFISH)
    words = "share in foci: 5 molecules or more within 0.5 µm of one of them, and those within 0.5 µm of such"
    yield Feature("proportion_rna_in_foci", words, _BIGFISH, 2, maximum=1.0)
    yield Feature("foci", "number of foci", _BIGFISH, 2)


def _shapes() -> Iterator[Feature]:
    for radius in OPENING_RADII:
        k = round(100 * radius)
        words = f"share in what an opening by {radius:g} R removes"
        yield Feature(f"opening_{k}_share", words, _DUBOIS, maximum=1.0)
        yield Feature(f"opening_{k}_index", f"{words}, over the area's share", _DUBOIS)
    for ring in range(1, N_RINGS + 1):
        way = f"{(ring - 1) / N_RINGS:g} to {ring / N_RINGS:g} of the way from the nucleus to the membrane"
        words = f"share {way}, d(nucleus) / (d(nucleus) + d(membrane)), over the area's share"
        yield Feature(f"radial_density_{ring}", words, "wellspring", 1, True)
    for high in (45, 90, 135, 180):
        words = (
            f"share at {high - 45} to {high}° from the direction in which the molecules' centroid lies, over the area's"
        )
        yield Feature(f"angular_density_{high}", words, "wellspring", 5)
    words = "length of the mean unit vector from the centroid of the cell"
    yield Feature("angular_resultant", words, "wellspring", 2, maximum=1.0)


def _moments() -> Iterator[Feature]:
    words = "distance of the molecules' centroid to the cell's, over the cell's radius of gyration (PI); 0 = symmetric"
    yield Feature("polarization_index", words, _RDI)
    words = "second moment of molecules about their centroid over that of the cell about the same point (DI)"
    yield Feature("dispersion_index", f"{words}; 1 = uniform, below 1 gathered", _RDI, 2)
    words = "second moment of molecules about the nucleus' centroid over that of the cytoplasm (PDI)"
    yield Feature("peripheral_distribution_index", f"{words}; above 1 peripheral", _RDI, 1, True)


def _pairs() -> Iterator[Feature]:
    words = "mean distance to the nearest of the same gene over 0.5 √(A / n); 1 if random, below 1 gathered"
    yield Feature("nearest_neighbor_ratio", words, "Clark and Evans 1954", 2)
    for radius in RADII:
        words = f"share of pairs nearer than {radius:g} R over that of two uniform positions in this cell; 1 if random"
        yield Feature(f"ripley_k_{round(100 * radius):02d}", words, "Dubois 2017, eq. 8, edges by set covariance", 2)


FEATURES = {one.name: one for one in (*_distances(), *_big_fish(), *_shapes(), *_moments(), *_pairs())}


def with_gaps(
    columns: Mapping[str, NDArray[np.float64]], n_molecules: NDArray[np.integer], *, has_nucleus: bool
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.str_]]:
    """Features of one cell with what is not defined as NaN, in the order of `FEATURES`, and why.

    Returns
    -------
    dict, (groups,) str
        Reasons, joined by commas: ``no molecules``; ``few molecules``, where features that need more than there are are
        missing; ``no nucleus``; else ``none``.
    """
    found = {}
    most = max(one.fewest for one in FEATURES.values())
    for name, one in FEATURES.items():
        is_known = (n_molecules >= one.fewest) & (has_nucleus or not one.needs_nucleus)
        found[name] = np.where(is_known, columns[name], np.nan)
    words = []
    for n in n_molecules:
        few = ["no molecules"] if n == 0 else ["few molecules"] if n < most else []
        words.append(", ".join([*few, *([] if has_nucleus else ["no nucleus"])]) or "none")
    return found, np.array(words, dtype=np.str_)


def docs_table() -> str:
    """The features as a table of the docs (Markdown)."""
    lines = ["| feature | meaning | range | fewest molecules | needs a nucleus | source |", "|---|---|---|---|---|---|"]
    for one in FEATURES.values():
        low = "" if one.minimum is None else f"{one.minimum:g}"
        high = "∞" if one.maximum is None else f"{one.maximum:g}"
        needs = "yes" if one.needs_nucleus else "no"
        lines.append(f"| `{one.name}` | {one.meaning} | {low} to {high} | {one.fewest} | {needs} | {one.source} |")
    return "\n".join(lines)
