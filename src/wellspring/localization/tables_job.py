"""The localization job of one well of tables: molecules and outlines -> patterns of every gene in every cell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.localization.cells import CellShape, ShapeReport, matched_cells
from wellspring.localization.classifier.model import Classifier
from wellspring.localization.job import WellLocalization, cell_seed, localized_cell, molecule_rows, pair_rows
from wellspring.localization.measuring import MoleculeReport, cells_with_molecules
from wellspring.localization.outlines import NUCLEUS, read_outlines
from wellspring.localization.points import NO_CELL, Points, read_points
from wellspring.localization.repeats import repeat_note
from wellspring.localization.settings import LocalizationSettings
from wellspring.raw.index import WellIndex

__all__ = ["TableInput", "read_shapes", "read_tables_of_well", "run_tables"]


@dataclass(frozen=True)
class TableInput:
    """Molecules of a well, its cells in the order of their file, and what was wrong with them."""

    points: Points
    cells: list[CellShape]
    shapes: ShapeReport


def read_shapes(index: WellIndex, *, area_um2: Sequence[float]) -> tuple[list[CellShape], ShapeReport]:
    """The cells with their nuclei of a well of tables, in µm."""
    size = float(index.pixel_size_um or 1.0)
    found = read_outlines(Path(index.tables["outlines"]), pixel_size_um=size)
    if "nuclei" in index.tables:
        found += read_outlines(Path(index.tables["nuclei"]), pixel_size_um=size, kind=NUCLEUS)
    low, high = area_um2
    return matched_cells(found, smallest_um2=low, largest_um2=high)


def read_tables_of_well(index: WellIndex, *, settings: LocalizationSettings) -> TableInput:
    """Read the tables that the index names.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is gone or not as it should be, or no molecule is of the genes of the settings.
    """
    cells, shapes = read_shapes(index, area_um2=settings.area_um2)
    path = Path(index.tables["points"])
    points = read_points(path, pixel_size_um=float(index.pixel_size_um or 1.0), z_step_um=index.plane_spacing_um)
    if settings.channels:
        wanted = points.table["gene"].isin(settings.channels)
        if not wanted.any():
            some = ", ".join(sorted(points.table["gene"].unique())[:8])
            raise InputError(
                f"localization.channels: expected genes of {path}, such as {some}; got {', '.join(settings.channels)}. "
                "Correct the config."
            )
        points = replace(points, table=points.table[wanted].reset_index(drop=True))
    return TableInput(points, cells, shapes)


def run_tables(
    given: TableInput, *, classifier: Classifier, settings: LocalizationSettings, key: tuple[str, str]
) -> WellLocalization:
    """Localize all molecules of a well of tables.

    A row for each gene in each cell that has molecules of it; cells are numbered in the order of the outlines, and keep
    their names in the column ``cell``. Whether a cell is cut by the edge of the field is not known.

    Parameters
    ----------
    key
        plate, well.
    """
    numbers = {cell.name: str(number) for number, cell in enumerate(given.cells, start=1)}
    cells = [replace(cell, name=numbers[cell.name]) for cell in given.cells]
    report = MoleculeReport()
    found = [
        localized_cell(cell, settings=settings, rng=cell_seed(settings.seed, key, int(cell.grid.name)))
        for cell in cells_with_molecules(_numbered(given.points, numbers), cells, report=report)
    ]
    rows = [one.rows for one in found if len(one.rows)]
    known = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame({"cell": [], "gene": []}, dtype=str)
    label = known["cell"].astype(np.int64)
    every = pd.DataFrame({"label_in_site": label, "object_id": label, "channel": known["gene"].astype(str)})
    pairs = pair_rows(found, every, classifier=classifier)
    names = pd.Series({int(number): name for name, number in numbers.items()}, dtype="str")
    odd = {int(numbers[name]) for name in given.shapes.implausible_area}
    about = {
        "plate": key[0],
        "well": key[1],
        "site": "1",
        "is_border_cell": np.zeros(len(pairs), bool),
        "is_area_out": pairs["label_in_site"].isin(odd).to_numpy(),
        "cell": pairs["label_in_site"].map(names).astype("str").to_numpy(),
    }
    seen = [one.molecules for one in found]
    molecules = pd.concat(seen, ignore_index=True) if seen else pd.DataFrame(columns=["cell"])
    notes = [*given.shapes.lines(), *report.lines(), *repeat_note(given.points)]
    if given.points.is_on_pixels and given.points.n_duplicates:
        notes.append("All coordinates are whole pixels, so repeated ones are kept: two molecules may share a pixel.")
    bare = pairs.drop(columns=[name for name in about if name in pairs])
    joined = pd.concat([bare, pd.DataFrame(about, index=pairs.index)], axis=1)
    own = molecule_rows(molecules, every).assign(plate=key[0], well=key[1], site="1")
    return WellLocalization(joined, own, notes)


def _numbered(points: Points, numbers: dict[str, str]) -> Points:
    """The molecules with the numbers of their cells; a cell without an outline keeps its name, after a mark."""
    own = points.table["cell"]
    named = own.map(numbers).astype(object)
    unknown = named.isna() & (own != NO_CELL)
    named = named.where(~unknown, "? " + own).fillna(NO_CELL).astype(str)
    return replace(points, table=points.table.assign(cell=named))
