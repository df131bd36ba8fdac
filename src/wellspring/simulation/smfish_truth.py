"""Results against the truth of a simulated smFISH plate: cells, spots, counts per cell, well by well."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.segmentation.labels import read_labels
from wellspring.simulation.tables import SMFISH_CELLS, SMFISH_SPOTS
from wellspring.spots.evaluation import match_spots
from wellspring.spots.tables import WELL_SPOTS, WELL_SPOTS_PER_CELL
from wellspring.tables import read_table

__all__ = ["SmfishComparison", "compare_smfish", "is_smfish_plate", "smfish_text"]

_AXES = ["z_px", "y_px", "x_px"]
_MAX_DISTANCE_PX = 3.0
# The result holds when F1 of the spots is at least this in every well, and the counts of all cells of the plate are off
# by no more than this share of their sum. A spot at the border of two cells, of which nothing in the image shows
# where it is, counts as one too few and one too many; in a well of few spots that alone may be a tenth of them.
_LEAST_F1, _MOST_ERROR = 0.9, 0.1


@dataclass(frozen=True)
class SmfishComparison:
    """Results compared with the truth.

    Attributes
    ----------
    wells : pandas.DataFrame
        A row per well: `well`; `n_cells` (true), `n_found_cells`; `n_spots` (true), `n_found_spots`; `f1` of the spots
        at 3 px (1 without true and found ones); `count_error`, the sum over cells of the absolute difference of their
        counts over the true sum (0 for 0 of 0), cells that were missed counting 0.
    mistakes : tuple of str
        What falls short; empty when nothing does.
    """

    wells: pd.DataFrame
    mistakes: tuple[str, ...]


def is_smfish_plate(plate: Path) -> bool:
    """Whether `simulate_smfish_plate` wrote the folder."""
    return (Path(plate) / "truth" / "spots.parquet").is_file()


def compare_smfish(plate: Path, results: Path) -> SmfishComparison:
    """Compare the results of a run on a simulated smFISH plate with its truth.

    Parameters
    ----------
    plate
        Folder that `simulate_smfish_plate` wrote.
    results
        Folder ``results`` of the workflow.

    Raises
    ------
    FileNotFoundError, ValueError
        When the truth, labels or spot tables are missing.
    """
    cells = read_table(Path(plate) / "truth" / "cells.parquet", SMFISH_CELLS)
    spots = read_table(Path(plate) / "truth" / "spots.parquet", SMFISH_SPOTS)
    sheet = pd.read_csv(Path(plate) / "wells.tsv", sep="\t", dtype="str")
    rows = []
    for name, well in zip(sheet["plate"], sheet["well"], strict=True):
        true_cells = cells[(cells["plate"] == name) & (cells["well"] == well)]
        true_spots = spots[(spots["plate"] == name) & (spots["well"] == well)]
        rows.append({"well": well, **_well_row(true_cells, true_spots, results=Path(results), key=(name, well))})
    table = pd.DataFrame(rows)
    error = float(table["count_error"] @ table["n_spots"]) / max(1, int(table["n_spots"].sum()))
    off = [f"the counts per cell are off by {error:.0%} over the plate"] if error > _MOST_ERROR else []
    return SmfishComparison(table, (*(text for row in rows for text in _mistakes(row)), *off))


def _well_row(
    cells: pd.DataFrame, spots: pd.DataFrame, *, results: Path, key: tuple[str, str]
) -> dict[str, float | int]:
    folder = results / "spots" / key[0]
    found = read_table(folder / f"{key[1]}.parquet", WELL_SPOTS)
    counts = read_table(folder / f"{key[1]}.cells.parquet", WELL_SPOTS_PER_CELL)
    labels = next(iter(read_labels(results / "segmentation" / key[0] / f"{key[1]}.cells.ome.tif").values()))
    matches = match_spots(_places(found), _places(spots), max_distance=_MAX_DISTANCE_PX)
    at_centre = labels[tuple(np.rint(cells[["y_px", "x_px"]].to_numpy()).astype(np.int64).T)].astype(np.int64)
    measured = counts.set_index("cell_id")["n_spots"].reindex(at_centre, fill_value=0).to_numpy()
    error = float(np.abs(measured - cells["n_spots"].to_numpy()).sum())
    return {
        "n_cells": len(cells),
        "n_found_cells": len(counts),
        "n_spots": len(spots),
        "n_found_spots": len(found),
        "f1": matches.f1,
        "count_error": error / max(1, int(cells["n_spots"].sum())),
    }


def _places(spots: pd.DataFrame) -> NDArray[np.float64]:
    return np.asarray(spots[_AXES], dtype=np.float64)


def _mistakes(row: dict[str, str | float | int]) -> list[str]:
    found = []
    if row["n_cells"] != row["n_found_cells"]:
        found.append(f"{row['well']}: {row['n_found_cells']} cells instead of {row['n_cells']}")
    if float(row["f1"]) < _LEAST_F1:
        found.append(f"{row['well']}: F1 of the spots is {row['f1']:.2f}, below {_LEAST_F1}")
    return found


def smfish_text(comparison: SmfishComparison) -> str:
    """The comparison as a short table, to be printed."""
    lines = [
        f"{'well':<8}{'cells':>8}{'true':>6}{'spots':>8}{'true':>6}{'F1 at 3 px':>12}{'error of counts per cell':>26}"
    ]
    for row in comparison.wells.itertuples():
        lines.append(
            f"{row.well:<8}{row.n_found_cells:>8}{row.n_cells:>6}{row.n_found_spots:>8}{row.n_spots:>6}"
            f"{row.f1:>12.2f}{row.count_error:>26.1%}"
        )
    return "\n".join(lines)
