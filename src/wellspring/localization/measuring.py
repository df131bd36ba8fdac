"""A table of molecules and cells -> features of every gene in every cell, cell by cell, and what could not be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.localization.cells import CellShape
from wellspring.localization.definitions import FEATURES, with_gaps
from wellspring.localization.features import Groups, grouped, measure
from wellspring.localization.grids import CellGrid, cell_grid
from wellspring.localization.points import NO_CELL, Points
from wellspring.localization.positions import compartments, positions_in
from wellspring.localization.reference import Reference, reference_of

__all__ = [
    "CellMolecules",
    "MoleculeReport",
    "PairTable",
    "cells_with_molecules",
    "measure_pairs",
    "measured_cell",
    "molecules_of_cell",
    "with_cells",
]


@dataclass
class MoleculeReport:
    """What became of the molecules."""

    n_molecules: int = 0
    n_duplicates: int = 0
    n_without_cell: int = 0
    n_unknown_cell: int = 0
    n_outside: int = 0
    unknown_cells: list[str] = field(default_factory=list)
    bad_cells: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """A sentence for each thing that a user should know."""
        named = ", ".join(self.unknown_cells[:5])
        said = (
            (self.n_duplicates, "molecules repeat the cell, gene and place of another"),
            (self.n_without_cell, "molecules are in no cell and were left out"),
            (self.n_unknown_cell, f"molecules are of cells without an outline ({named}) and were left out"),
            (self.n_outside, "molecules are outside the outline of their cell and were left out"),
        )
        lines = [f"{n:,} of {self.n_molecules:,} {words}." for n, words in said if n]
        if self.bad_cells:
            lines.append(f"{len(self.bad_cells)} cells could not be measured: {self.bad_cells[0]}")
        return lines


@dataclass(frozen=True)
class CellMolecules:
    """The molecules inside one cell, gene after gene.

    Attributes
    ----------
    grid : CellGrid
    reference : Reference
    points : (n, 2) float64
        x, y in µm.
    z : (n,) float64, or None
    genes : (k,) str
        Of each group.
    groups : Groups
    absent : (m,) str
        Genes all of whose molecules are outside.
    """

    grid: CellGrid
    reference: Reference
    points: NDArray[np.float64]
    z: NDArray[np.float64] | None
    genes: NDArray[np.str_]
    groups: Groups
    absent: list[str]


@dataclass(frozen=True)
class PairTable:
    """Features of all pairs of a cell and a gene.

    Attributes
    ----------
    pairs : DataFrame
        cell, gene, n_molecules, missing (reasons, or ``none``), and the columns of `FEATURES`.
    effects : dict of str to (n_pairs,) float32
        For the classifier; NaN without molecules.
    molecules : DataFrame
        cell, gene, x, y, compartment, and the four distances in µm.
    """

    pairs: pd.DataFrame
    effects: dict[str, NDArray[np.float32]]
    molecules: pd.DataFrame


def with_cells(points: Points, cells: Sequence[CellShape]) -> pd.DataFrame:
    """The molecules' table with the cell of each: as the file says, or else the first whose outline it lies in."""
    if points.has_cells:
        return points.table
    table = points.table.sort_values("x", kind="stable")
    x, places = table["x"].to_numpy(), table[["x", "y"]].to_numpy()
    owner = np.full(len(table), NO_CELL, dtype=object)
    for cell in cells:
        low, high = cell.box
        rows = np.arange(np.searchsorted(x, low[0]), np.searchsorted(x, high[0], side="right"))
        rows = rows[(places[rows, 1] >= low[1]) & (places[rows, 1] <= high[1]) & (owner[rows] == NO_CELL)]
        if len(rows):
            grid = cell_grid(cell)
            owner[rows[grid.between(grid.membrane, places[rows]) > 0]] = cell.name
    return table.assign(cell=owner.astype(str)).sort_index()


def cells_with_molecules(
    points: Points, cells: Sequence[CellShape], *, report: MoleculeReport
) -> Iterator[CellMolecules]:
    """Each cell that has molecules, in the order of `cells`; `report` is filled in.

    A molecule is outside if it is more than a pixel of the cell's raster (1/96 of the root of its area) beyond its
    outline.
    """
    table = with_cells(points, cells)
    report.n_molecules, report.n_duplicates = len(table), points.n_duplicates
    names = {cell.name: number for number, cell in enumerate(cells)}
    number = table["cell"].map(names)
    has_cell = table["cell"] != NO_CELL
    report.n_without_cell = int((~has_cell).sum())
    unknown = has_cell & number.isna()
    report.n_unknown_cell = int(unknown.sum())
    report.unknown_cells = sorted(table.loc[unknown, "cell"].unique())
    kept = table[number.notna()].assign(number=number.dropna().astype(np.int64))
    kept = kept.sort_values(["number", "gene"], kind="stable")
    bounds = np.searchsorted(kept["number"].to_numpy(), np.arange(len(cells) + 1))
    places = kept[["x", "y"]].to_numpy(dtype=np.float64)
    z = kept["z"].to_numpy(dtype=np.float64) if "z" in kept else None
    genes = kept["gene"].to_numpy(dtype=str)
    for cell, first, last in zip(cells, bounds[:-1], bounds[1:], strict=True):
        if first == last:
            continue
        try:
            grid = cell_grid(cell)
        except InputError as error:
            report.bad_cells.append(str(error))
            continue
        own = np.arange(first, last)
        inside = grid.between(grid.membrane, places[own]) > -grid.spacing
        report.n_outside += int((~inside).sum())
        used = own[inside]
        groups = grouped(genes[used])
        found = genes[used][groups.starts]
        absent = sorted(set(genes[own]) - set(found))
        heights = None if z is None else z[used]
        yield CellMolecules(grid, reference_of(grid), places[used], heights, found, groups, absent)


def measure_pairs(points: Points, cells: Sequence[CellShape]) -> tuple[PairTable, MoleculeReport]:
    """Features of every gene in every cell that has molecules of it.

    A pair whose molecules are all outside the outline has a row with 0 molecules and no features. Memory is that of the
    results and of one cell's maps.
    """
    report = MoleculeReport()
    pairs, effects, molecules = [], [], []
    for cell in cells_with_molecules(points, cells, report=report):
        own, own_effects = measured_cell(cell)
        pairs.append(own)
        effects.append(own_effects)
        molecules.append(molecules_of_cell(cell))
    if not pairs:
        key = {"cell": pd.Series(dtype="str"), "gene": pd.Series(dtype="str"), "n_molecules": pd.Series(dtype="int64")}
        features = dict.fromkeys(FEATURES, pd.Series(dtype="float64"))
        empty = pd.DataFrame({**key, "missing": pd.Series(dtype="str"), **features})
        return PairTable(empty, {}, pd.DataFrame(columns=["cell", "gene", "x", "y", "compartment"])), report
    names = max(effects, key=len)
    gaps = [np.full(len(one), np.nan, np.float32) for one in pairs]
    joined = {
        name: np.concatenate([one.get(name, gap) for one, gap in zip(effects, gaps, strict=True)]) for name in names
    }
    whole = pd.concat(pairs, ignore_index=True)
    return PairTable(whole, joined, pd.concat(molecules, ignore_index=True)), report


def measured_cell(cell: CellMolecules) -> tuple[pd.DataFrame, dict[str, NDArray[np.float32]]]:
    """Rows of `PairTable.pairs` of one cell, and their effects; none where all molecules are outside."""
    has_nucleus = cell.grid.nucleus is not None
    found = measure(cell.grid, cell.reference, cell.points, cell.groups) if len(cell.points) else None
    n_absent = len(cell.absent)
    counts = np.concatenate([cell.groups.counts, np.zeros(n_absent, np.intp)])
    gap = np.full(n_absent, np.nan)
    columns = {name: np.concatenate([found.columns[name], gap]) if found else gap for name in FEATURES}
    filled, missing = with_gaps(columns, counts, has_nucleus=has_nucleus)
    key = {"cell": cell.grid.name, "gene": [*cell.genes, *cell.absent], "n_molecules": counts.astype(np.int64)}
    table = pd.DataFrame({**key, "missing": missing, **filled})
    if found is None:
        return table, {}
    effects = {name: np.concatenate([one, gap]).astype(np.float32) for name, one in found.effects.items()}
    return table, effects


def molecules_of_cell(cell: CellMolecules) -> pd.DataFrame:
    """Rows of `PairTable.molecules` of one cell."""
    at = positions_in(cell.grid, cell.points)
    names = ("membrane_um", "nucleus_um", "centroid_um", "nucleus_centroid_um")
    return pd.DataFrame(
        {
            "cell": cell.grid.name,
            "gene": np.repeat(cell.genes, cell.groups.counts),
            "x": cell.points[:, 0],
            "y": cell.points[:, 1],
            "compartment": compartments(cell.grid, at),
            **dict(zip(names, at.distances.T, strict=True)),
        }
    )
