"""Results against the truth of a simulated smFISH plate: cells, spots, counts per cell, well by well."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.labels import read_labels
from wellspring.simulation.tables import SMFISH_CELLS, SMFISH_SPOTS
from wellspring.spots.evaluation import match_spots
from wellspring.spots.tables import WELL_SPOTS, WELL_SPOTS_PER_CELL
from wellspring.tables import read_table

__all__ = ["SmfishComparison", "compare_smfish", "is_smfish_plate", "smfish_text"]

_AXES = ["z_px", "y_px", "x_px"]
_MAX_DISTANCE_PX = 3.0
# The result holds when F1 of the spots is at least this in every well, and the counts of all cells of the plate are off
# by no more than this share of their sum.
_LEAST_F1, _MOST_ERROR = 0.9, 0.03
# And when the cells of the plate overlap with the true ones by this IoU in the mean, this share of them is below 0.8,
# and this share of the true spots lies in the label of its cell.
_LEAST_IOU, _MOST_POOR, _LEAST_IN_CELL = 0.95, 0.0, 0.98
_POOR_IOU = 0.8
# The harder preset has dim rims and membranes that are wider than the border they show: wider limits.
_HARD_ERROR, _HARD_IOU, _HARD_POOR, _HARD_IN_CELL = 0.1, 0.9, 0.1, 0.95


@dataclass(frozen=True)
class SmfishComparison:
    """Results compared with the truth.

    Attributes
    ----------
    wells : pandas.DataFrame
        A row per well: `well`; `n_cells` (true), `n_found_cells`; `n_spots` (true), `n_found_spots`; `f1` of the spots
        at 3 px (1 without true and found ones); `count_error`, the sum over cells of the absolute difference of their
        counts over the true sum (0 for 0 of 0), cells that were missed counting 0; `spot_error`, the same for the spots
        found within the true outlines, so without the errors of the cells; `iou`, mean over the true cells of
        the IoU with the label they share most pixels with; `poor`, the share of cells below 0.8; `in_cell`, the share
        of true spots in the label of their cell. The last three are NaN without cells or spots.
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
        rows.append(
            {
                "well": well,
                **_well_row(true_cells, true_spots, plate=Path(plate), results=Path(results), key=(name, well)),
            }
        )
    table = pd.DataFrame(rows)
    is_hard = (Path(plate) / "truth" / "hard").is_file()
    return SmfishComparison(table, (*(text for row in rows for text in _mistakes(row)), *_over_plate(table, is_hard)))


def _over_plate(table: pd.DataFrame, is_hard: bool) -> list[str]:
    most, iou, poor, in_cell = (
        (_HARD_ERROR, _HARD_IOU, _HARD_POOR, _HARD_IN_CELL)
        if is_hard
        else (_MOST_ERROR, _LEAST_IOU, _MOST_POOR, _LEAST_IN_CELL)
    )
    found = []
    error = _mean(table["count_error"], table["n_spots"])
    if error > most:
        found.append(f"the counts per cell are off by {error:.1%} over the plate, more than {most:.0%}")
    if _mean(table["iou"], table["n_cells"]) < iou:
        found.append(f"mean IoU of the cells is {_mean(table['iou'], table['n_cells']):.3f}, below {iou}")
    if _mean(table["poor"], table["n_cells"]) > poor:
        found.append(f"{_mean(table['poor'], table['n_cells']):.0%} of the cells are below IoU {_POOR_IOU}")
    if _mean(table["in_cell"], table["n_spots"]) < in_cell:
        found.append(
            f"{_mean(table['in_cell'], table['n_spots']):.1%} of the spots lie in their cell, below {in_cell:.0%}"
        )
    return found


def _mean(values: pd.Series, weights: pd.Series) -> float:
    """Weighted mean of what is known; NaN without any."""
    known = values.notna() & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else float("nan")


def _well_row(
    cells: pd.DataFrame, spots: pd.DataFrame, *, plate: Path, results: Path, key: tuple[str, str]
) -> dict[str, float | int]:
    found = read_table(results / "spots" / key[0] / f"{key[1]}.parquet", WELL_SPOTS)
    counts = read_table(results / "spots" / "cells" / key[0] / f"{key[1]}.parquet", WELL_SPOTS_PER_CELL)
    labels = next(iter(read_labels(results / "segmentation" / "cells" / key[0] / f"{key[1]}.ome.tif").values()))
    true = _true_labels(plate, key[1], like=labels)
    matches = match_spots(_places(found), _places(spots), max_distance=_MAX_DISTANCE_PX)
    at_centre = labels[tuple(np.rint(cells[["y_px", "x_px"]].to_numpy()).astype(np.int64).T)].astype(np.int64)
    measured = counts.set_index("label_in_site")["n_spots"].reindex(at_centre, fill_value=0).to_numpy()
    error = float(np.abs(measured - cells["n_spots"].to_numpy()).sum())
    return {
        "n_cells": len(cells),
        "n_found_cells": len(counts),
        "n_spots": len(spots),
        "n_found_spots": len(found),
        "f1": matches.f1,
        "count_error": error / max(1, int(cells["n_spots"].sum())),
        "spot_error": _spot_error(cells, found, true),
        **_overlap(true, labels, spots),
    }


def _spot_error(cells: pd.DataFrame, found: pd.DataFrame, true: NDArray[np.int64]) -> float:
    """Sum over cells of the absolute difference of their counts within true outlines, over the true sum."""
    row, column = (
        np.clip(np.rint(found[axis].to_numpy()).astype(np.int64), 0, size - 1)
        for axis, size in zip(("y_px", "x_px"), true.shape, strict=True)
    )
    counts = np.bincount(true[row, column], minlength=int(true.max(initial=0)) + 1)
    at_centre = true[tuple(np.rint(cells[["y_px", "x_px"]].to_numpy()).astype(np.int64).T)]
    wanted = cells["n_spots"].to_numpy()
    return float(np.abs(counts[at_centre] - wanted).sum() / max(1, int(wanted.sum())))


def _true_labels(plate: Path, well: str, *, like: NDArray[np.integer]) -> NDArray[np.int64]:
    labels = next(iter(read_labels(plate / "truth" / f"{well}.cells.ome.tif").values()))
    if labels.shape != like.shape:
        raise InputError(f"{well}: expected labels of {labels.shape} px, as simulated, got {like.shape}.")
    return labels.astype(np.int64)


def _overlap(true: NDArray[np.int64], found: NDArray[np.integer], spots: pd.DataFrame) -> dict[str, float]:
    """`iou`, `poor` and `in_cell` of one field; see `SmfishComparison`."""
    n_true, n_found = int(true.max(initial=0)) + 1, int(found.max(initial=0)) + 1
    shared = np.bincount((true * n_found + found).ravel(), minlength=n_true * n_found).reshape(n_true, n_found)
    cells = np.flatnonzero(shared.sum(axis=1)[1:]) + 1
    if not len(cells):
        return {"iou": float("nan"), "poor": float("nan"), "in_cell": float("nan")}
    own = np.zeros(n_true, dtype=np.int64)
    if n_found > 1:
        own[1:] = shared[1:, 1:].argmax(axis=1) + 1
    both = np.where(own > 0, shared[np.arange(n_true), own], 0)
    iou = (both / (shared.sum(axis=1) + np.where(own > 0, shared.sum(axis=0)[own], 0) - both))[cells]
    row, column = (
        np.clip(np.rint(spots[axis].to_numpy()).astype(np.int64), 0, size - 1)
        for axis, size in zip(("y_px", "x_px"), true.shape, strict=True)
    )
    label = own[spots["cell"].to_numpy(dtype=np.int64)]
    in_cell = float(((found[row, column] == label) & (label > 0)).mean()) if len(spots) else float("nan")
    return {"iou": float(iou.mean()), "poor": float((iou < _POOR_IOU).mean()), "in_cell": in_cell}


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
        f"{'with true outlines':>20}"
        f"{'mean IoU':>10}{'below 0.8':>11}{'spots in their cell':>21}"
    ]
    for row in comparison.wells.itertuples():
        lines.append(
            f"{row.well:<8}{row.n_found_cells:>8}{row.n_cells:>6}{row.n_found_spots:>8}{row.n_spots:>6}"
            f"{row.f1:>12.2f}{row.count_error:>26.1%}{row.spot_error:>20.1%}"
            f"{row.iou:>10.3f}{row.poor:>11.0%}{row.in_cell:>21.1%}"
        )
    table = comparison.wells
    error, of_spots = (_mean(table[name], table["n_spots"]) for name in ("count_error", "spot_error"))
    iou, poor = _mean(table["iou"], table["n_cells"]), _mean(table["poor"], table["n_cells"])
    in_cell = _mean(table["in_cell"], table["n_spots"])
    lines.append(f"{'all':<48}{error:>26.1%}{of_spots:>20.1%}{iou:>10.3f}{poor:>11.0%}{in_cell:>21.1%}")
    return "\n".join(lines)
