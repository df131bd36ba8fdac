"""The chapter on spots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.quality.report.left_out import left_out_sections, left_out_warnings
from wellspring.report.chapter import MOST_FINDINGS, Chapter, PageTable, Section, illustration
from wellspring.report.style import number
from wellspring.report.tables import PageColumn, count, page_table, value, value_at
from wellspring.report.words import named_wells
from wellspring.spots.doubts import DOUBTS
from wellspring.spots.report.figures import MAX_WELLS

__all__ = ["spot_findings", "spot_warnings", "spots_chapter"]

_LEAD = "How many spots there are, per cell, and which wells to distrust."
_TEXT = (
    "Spots are maxima of a difference of Gaussians above a threshold that was chosen for each image; bright clumps are "
    "split into as many spots as their light corresponds to, if the config says so."
)
_NOTE = (
    "Change at ± 10 %: spots gained at 0.9 times and lost at 1.1 times the threshold over the count, of the worst "
    "site. SNR: height of a spot over the standard deviation of its local background; contrast: over "
    "that background's level."
)
_COLUMNS = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("channel", "Channel"),
    PageColumn("doubts", "Doubts"),
    PageColumn("n_cells", "Cells", count),
    PageColumn("n_spots", "Spots", count),
    PageColumn("n_in_cells", "In cells", count),
    PageColumn("n_in_foci", "In foci\nof cells", count),
    PageColumn("mean_per_cell", "Per cell,\nmean", value),
    PageColumn("median_per_cell", "Per cell,\nmedian", value),
    PageColumn("threshold", "Threshold", value),
    PageColumn("instability", "Change\nat ± 10 %", value_at(1.0)),
    PageColumn("snr_median", "SNR,\nmedian", value_at(1.0)),
    PageColumn("contrast_median", "Contrast,\nmedian", value_at(1.0)),
    PageColumn("sigma_px_median", "Size, px,\nmedian", value_at(1.0)),
)
_LEFT_OUT = PageColumn("n_left_out", "Sites\nleft out", count)


def spots_chapter(
    table: pd.DataFrame,
    *,
    left_out: pd.DataFrame,
    sites: pd.DataFrame,
    spots: Mapping[str, Any],
    corrected: Sequence[str],
    captions: Mapping[str, str],
    files: Mapping[str, Path],
) -> Chapter:
    """The chapter, from the table of all wells and the figures that were drawn.

    Parameters
    ----------
    table
        Table `SPOT_QUALITY`.
    left_out, sites
        Table `KEPT_SITES`: of the sites that were left out, and of all sites (none where all are used).
    spots
        The block ``spots``.
    corrected
        Channels that were read with even illumination.
    captions
        ``spot_counts``, ``spot_thresholds``, ``spot_overlays``.
    files
        ``table`` and the SVG files ``counts``, ``thresholds``, ``overlays``.
    """
    more = f" The {MAX_WELLS} most doubtful of {len(table):,} are drawn." if len(table) > MAX_WELLS else ""
    thresholds = illustration(files["thresholds"], title="Thresholds", caption=captions["spot_thresholds"] + more)
    counts = illustration(files["counts"], title="Spots per cell", caption=captions["spot_counts"] + more)
    overlays = illustration(files["overlays"], title="Spots in the images", caption=captions["spot_overlays"])
    file = str(files["table"])
    findings = spot_findings(table)
    text = [_TEXT]
    if corrected:
        text.append(f"Read with even illumination: {', '.join(corrected)}.")
    return Chapter(
        stage="spots",
        title="Spots",
        lead=_LEAD,
        picture=counts,
        warnings=[*spot_warnings(table), *left_out_warnings(sites, verb="searched")],
        findings=findings[:MOST_FINDINGS],
        settings=_settings(spots, corrected=corrected),
        sections=[
            Section(
                title="",
                text=text,
                findings=findings[MOST_FINDINGS:],
                parts=[thresholds, counts, _table(table, file=file, has_left_out=len(left_out) > 0), overlays],
            ),
            *left_out_sections(left_out, n_sites=len(sites), file=file),
        ],
    )


def _table(table: pd.DataFrame, *, file: str, has_left_out: bool) -> PageTable:
    columns = (*_COLUMNS, _LEFT_OUT) if has_left_out else _COLUMNS
    return page_table(table, columns, title="Spots by well", file=file, note=_NOTE)


def spot_findings(table: pd.DataFrame) -> list[str]:
    """How many spots each channel has, a sentence for each."""
    lines = []
    for channel, rows in table.groupby("channel", sort=False):
        n_spots, inside, n_cells = (int(rows[name].sum()) for name in ("n_spots", "n_in_cells", "n_cells"))
        mean = f", {number(inside / n_cells)} per cell on average" if n_cells else ""
        lines.append(f"{channel}: {n_spots:,} spots, {inside:,} of them in {n_cells:,} cells{mean}.")
    return lines


def spot_warnings(table: pd.DataFrame) -> list[str]:
    """Wells whose count of spots is in doubt, a sentence for each reason."""
    lines = []
    doubts = table["doubts"].str.split(", ")
    for name, meaning in DOUBTS.items():
        doubtful = table[[name in own for own in doubts]]
        if len(doubtful):
            lines.append(
                f"Spots, {name}, in {named_wells(doubtful)}: {meaning}. Look at the curves and the images of these "
                "wells before you trust their counts."
            )
    return lines


def _settings(spots: Mapping[str, Any], *, corrected: Sequence[str]) -> list[tuple[str, str]]:
    sigma = spots["sigma_px"]
    sizes = ", ".join(f"{one:g}" for one in (sigma if isinstance(sigma, Sequence) else [sigma]))
    threshold = {key: given for key, given in spots["threshold"].items() if key != "method"}
    values = "".join(f", {key} {given:g}" for key, given in threshold.items())
    return [
        ("Spots in", ", ".join(spots["channels"])),
        ("Standard deviation of a spot", f"{sizes} px"),
        ("Threshold", f"{spots['threshold']['method']}{values}"),
        ("Clumps", "split by their light" if spots["decompose"] else "left as they are"),
        ("Foci", f"{spots['focus_min_spots']} spots or more within {spots['focus_radius_um']:g} µm"),
        *([("Searched with even illumination", ", ".join(corrected))] if corrected else []),
    ]
