"""Patterns of a table of molecules in outlined cells, without a workflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.localization.cells import CellShape, matched_cells
from wellspring.localization.classifier.calibration import UNDECIDED, calls
from wellspring.localization.classifier.model import Classifier
from wellspring.localization.measuring import PairTable, measure_pairs
from wellspring.localization.outlines import NUCLEUS, read_outlines
from wellspring.localization.points import NO_CELL, Points, read_points
from wellspring.localization.repeats import merged_points, repeat_note

__all__ = ["Classified", "classify_files", "pattern_table"]

_NO_OUTLINE = "no outline"


@dataclass(frozen=True)
class Classified:
    """Patterns, features, and what a user should know of the files.

    Attributes
    ----------
    patterns : DataFrame
        See `pattern_table`.
    measured : PairTable
    notes : list of str
        Sentences.
    cells : list of CellShape
        The outlines that were used, repaired, in µm.
    """

    patterns: pd.DataFrame
    measured: PairTable
    notes: list[str]
    cells: list[CellShape]


def classify_files(
    points: Path,
    outlines: Path,
    *,
    classifier: Classifier,
    pixel_size_um: float,
    nuclei: Path | None = None,
    z_step_um: float | None = None,
    merge_um: float | None = None,
) -> Classified:
    """The pattern of every gene in every cell.

    Parameters
    ----------
    points
        See `wellspring.localization.points.read_points`.
    outlines
        Of cells, and of nuclei unless these are in `nuclei`: see `wellspring.localization.outlines.read_outlines`.
    pixel_size_um
        By which the coordinates of all files are multiplied.
    merge_um
        Molecules of a gene in a cell that are this near are one; None: each is its own.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not as it should be.
    """
    molecules = read_points(points, pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    merged: list[str] = []
    if merge_um is not None:
        molecules, n_fewer = merged_points(molecules, merge_um=merge_um)
        merged = [f"{n_fewer:,} molecules within {merge_um:g} µm of another one of their gene were merged with it."]
    found = read_outlines(outlines, pixel_size_um=pixel_size_um)
    if nuclei is not None:
        found += read_outlines(nuclei, pixel_size_um=pixel_size_um, kind=NUCLEUS)
    cells, shapes = matched_cells(found)
    measured, report = measure_pairs(molecules, cells)
    table = _with_unknown(pattern_table(measured, classifier), molecules)
    notes = [*merged, *shapes.lines(), *report.lines(), *repeat_note(molecules)]
    if molecules.is_on_pixels and molecules.n_duplicates:
        notes.append("All coordinates are whole pixels, so repeated ones are kept: two molecules may share a pixel.")
    return Classified(table, measured, notes, cells)


def pattern_table(measured: PairTable, classifier: Classifier) -> pd.DataFrame:
    """Calls of all pairs.

    Returns
    -------
    DataFrame
        cell, gene, n_molecules, a column for each pattern with its probability (0 to 1, of a row 1 in total; NaN
        without molecules), pattern (the called one, or ``undecided``), missing (why features are missing).
    """
    pairs = measured.pairs
    counts = pairs["n_molecules"].to_numpy()
    names = list(classifier.patterns)
    if not measured.effects:
        probabilities = np.full((len(pairs), len(names)), np.nan)
    else:
        probabilities = classifier.probabilities(measured.effects, counts)
        probabilities[counts == 0] = np.nan
    called = calls(np.nan_to_num(probabilities), counts, names=names, calibration=classifier.calibration)
    shares = pd.DataFrame(probabilities, columns=names)
    table = pd.concat([pairs[["cell", "gene", "n_molecules"]].reset_index(drop=True), shares], axis=1)
    return table.assign(pattern=called, missing=pairs["missing"].to_numpy())


def _with_unknown(table: pd.DataFrame, molecules: Points) -> pd.DataFrame:
    """And a row, undecided, for each pair of a cell that has no outline, or none that can be measured."""
    pairs = molecules.table[["cell", "gene"]].drop_duplicates()
    pairs = pairs[pairs["cell"] != NO_CELL]
    known = pd.MultiIndex.from_frame(table[["cell", "gene"]])
    more = pairs[~pd.MultiIndex.from_frame(pairs).isin(known)]
    if not len(more) or not molecules.has_cells:
        return table
    more = more.assign(n_molecules=0, pattern=UNDECIDED, missing=_NO_OUTLINE)
    return pd.concat([table, more.reindex(columns=table.columns)], ignore_index=True)


def checked_subset(text: str) -> Sequence[str]:
    """Names of patterns from a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
