"""The page's chapters on images: segmentation and spots."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.report.page import Grid, Illustration, Section, illustration
from wellspring.report.style import number
from wellspring.segmentation.report.overlays import MOST_PX
from wellspring.segmentation.tables import WELL_SEGMENTED_COUNTS
from wellspring.spots.doubt_texts import DOUBTS
from wellspring.spots.report.figures import MAX_WELLS
from wellspring.spots.tables import SPOT_QUALITY
from wellspring.tables import read_table

__all__ = [
    "Imaging",
    "imaging_findings",
    "imaging_warnings",
    "read_imaging",
    "segmentation_section",
    "spots_section",
]

_LONG = 24
_NAMED = 10


@dataclass(frozen=True)
class Imaging:
    """Tables of the stages on images, None where a stage did not run, and their SVG files by name."""

    segmentation: pd.DataFrame | None = None
    spots: pd.DataFrame | None = None
    figures: Mapping[str, Path] = field(default_factory=dict)


def read_imaging(files: Mapping[str, Path]) -> Imaging:
    """Read what there is of ``segmentation`` and ``spots`` (tables); other names are figures.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not such a table.
    """
    return Imaging(
        segmentation=read_table(files["segmentation"], WELL_SEGMENTED_COUNTS) if "segmentation" in files else None,
        spots=read_table(files["spots"], SPOT_QUALITY) if "spots" in files else None,
        figures={name: path for name, path in files.items() if name not in ("segmentation", "spots")},
    )


def imaging_warnings(imaging: Imaging) -> list[str]:
    """Wells without nuclei, and wells whose count of spots is in doubt, a sentence for each reason."""
    said = []
    if imaging.segmentation is not None:
        empty = imaging.segmentation[imaging.segmentation["n_nuclei"] == 0]
        if len(empty):
            said.append(f"No nuclei were found in {_wells(empty)}. Look at the images of these wells.")
    if imaging.spots is not None:
        doubts = imaging.spots["doubts"].str.split(", ")
        for words, meaning in DOUBTS.items():
            shaky = imaging.spots[[words in own for own in doubts]]
            if len(shaky):
                said.append(
                    f"Spots, {words}, in {_wells(shaky)}: {meaning}. Look at the curves and the images of these wells "
                    "before you trust their counts."
                )
    return said


def imaging_findings(imaging: Imaging) -> list[str]:
    """How many nuclei and spots there are."""
    said = []
    if imaging.segmentation is not None:
        table = imaging.segmentation
        said.append(f"{int(table['n_nuclei'].sum()):,} nuclei were found in {len(table):,} wells.")
    if imaging.spots is not None:
        for channel, rows in imaging.spots.groupby("channel", sort=False):
            n_spots, inside, n_cells = (int(rows[name].sum()) for name in ("n_spots", "n_in_cells", "n_cells"))
            mean = f", {number(inside / n_cells)} per cell on average" if n_cells else ""
            said.append(f"{channel}: {n_spots:,} spots, {inside:,} of them in {n_cells:,} cells{mean}.")
    return said


def _wells(rows: pd.DataFrame) -> str:
    names = list(dict.fromkeys(f"{plate} / {well}" for plate, well in zip(rows["plate"], rows["well"], strict=True)))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} well{'s' if len(names) > 1 else ''}: {', '.join(names[:_NAMED])}{more}"


def segmentation_section(imaging: Imaging) -> list[Section]:
    """Outlines and counts; nothing when no cells were segmented."""
    if imaging.segmentation is None:
        return []
    path = imaging.figures["segmentation_overlays"]
    figure = illustration(path, title="Nuclei and cells", caption=f"{_drawn()} Blue: nuclei. Yellow: cells.")
    columns = {
        "n_nuclei": "Nuclei",
        "n_without_cell": "Nuclei with\nlittle cell stain",
        "n_without_nucleus": "Cells without\nnucleus",
        "n_border_nuclei": "Nuclei at\nthe border",
        "n_border_cells": "Cells at\nthe border",
        "n_nuclei_size_out": "Nuclei of\nodd size",
        "n_cells_size_out": "Cells of\nodd size",
    }
    rows = [(r["plate"], r["well"], *[f"{r[name]:,}" for name in columns]) for r in _records(imaging.segmentation)]
    note = (
        "Flagged objects stay in the labels and tables. Odd size: off the median of the site by more than a factor of "
        "four in area. Little cell stain: less than half of the nucleus."
    )
    grid = Grid(
        title="Nuclei and cells by well",
        file=str(path.with_name("segmentation.csv")),
        head=("Plate", "Well", *columns.values()),
        rows=rows,
        note=note,
        n_text=2,
        folded=len(rows) > _LONG,
    )
    text = "Where the nuclei are, which cell belongs to each, and which objects to be wary of."
    return [Section(anchor="segmentation", title="Segmentation", text=[text], parts=[figure, grid])]


def spots_section(imaging: Imaging) -> list[Section]:
    """Overlays, thresholds, counts per cell; nothing when no spots were looked for."""
    if imaging.spots is None:
        return []
    figures = imaging.figures
    parts: list[Illustration | Grid] = [
        illustration(figures["spot_thresholds"], title="Thresholds", caption=_curves_caption(imaging.spots)),
        illustration(
            figures["spot_counts"],
            title="Spots per cell",
            caption="Each dot is a cell, the black bar the median of the well. Orange: wells to be wary of.",
        ),
        _quality_grid(imaging.spots, file=str(figures["spot_counts"].with_name("spots.csv"))),
        illustration(
            figures["spot_overlays"],
            title="Spots in the images",
            caption=f"{_drawn()} Left: as it is. Right: with nuclei (blue), cells (yellow) and spots (orange).",
        ),
    ]
    text = (
        "Spots are maxima of a difference of Gaussians above a threshold that was chosen for each image; bright clumps "
        "are taken apart into as many spots as their light stands for, if the config says so."
    )
    shaky = imaging_warnings(Imaging(spots=imaging.spots))
    return [Section(anchor="spots", title="Spots", text=[text], warnings=shaky, parts=parts)]


def _drawn() -> str:
    return (
        "Projection over z of the first site of a few wells, evenly spaced in the sheet, each from its 1st to its "
        f"99.8th percentile; of images larger than {MOST_PX} px the middle."
    )


def _curves_caption(spots: pd.DataFrame) -> str:
    more = f" The {MAX_WELLS} most doubtful of {len(spots):,} are drawn." if len(spots) > MAX_WELLS else ""
    return (
        "How many spots there would be for another threshold, a line for each site. Dashed: the threshold that was "
        "chosen; shaded: 10 % to either side. A well to trust has a flat curve there. Orange: wells to be "
        f"wary of, and why; a count is unstable when it changes by more than spots.max_instability within the shaded "
        f"range.{more}"
    )


def _quality_grid(spots: pd.DataFrame, *, file: str) -> Grid:
    rows = [
        (
            *(r["plate"], r["well"], r["channel"], r["doubts"]),
            *(f"{r[name]:,}" for name in ("n_cells", "n_spots", "n_in_cells", "n_in_foci")),
            *(number(r[name]) for name in ("mean_per_cell", "median_per_cell", "threshold")),
            number(r["instability"], scale=1.0),
            *(number(r[name], scale=1.0) for name in ("snr_median", "contrast_median", "sigma_px_median")),
        )
        for r in _records(spots)
    ]
    head = (
        *("Plate", "Well", "Channel", "Doubts", "Cells", "Spots", "In cells", "In foci\nof cells"),
        *("Per cell,\nmean", "Per cell,\nmedian", "Threshold", "Change\nat ± 10 %", "SNR,\nmedian"),
        *("Contrast,\nmedian", "Size, px,\nmedian"),
    )
    note = (
        "Change at ± 10 %: spots gained at 0.9 times and lost at 1.1 times the threshold over the count, of the worst "
        "site. SNR: height of a spot over the standard deviation of its local background; contrast: over that "
        "background's level."
    )
    title = "Spots by well"
    return Grid(title=title, file=file, head=head, rows=rows, note=note, n_text=4, folded=len(rows) > _LONG)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
