"""The chapter on cells: what was measured of how many, and how wells differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from wellspring.cells.report.methods import METHODS_REFERENCES, methods_text
from wellspring.cells.study import LEFT_OUT
from wellspring.report.chapter import Chapter, Section, illustration
from wellspring.report.methods import cited
from wellspring.report.plate_map import plate_map_figure
from wellspring.report.style import number
from wellspring.report.tables import PageColumn, count, page_table, value
from wellspring.report.words import listed, named_wells

__all__ = ["Shown", "cells_chapter", "map_figure", "most_different", "shown_features"]

_NOTE = (
    "Medians over the {objects} that do not touch the edge of their image; intensities less the background, below 0 "
    "where it is taken around the objects and a stain is stronger there than in them."
)
_AREAS = {"_AreaShape_Area_um2": "µm²", "_AreaShape_Area_px": "px"}
_LIGHT = "_Intensity_MeanLessBackground_"


@dataclass(frozen=True)
class Shown:
    """A feature that is drawn: its column in the table of wells, what it is, its unit."""

    column: str
    label: str
    unit: str


def shown_features(wells: pd.DataFrame, *, has_cells: bool) -> tuple[Shown | None, list[Shown]]:
    """The area (in µm² where it is known), and the intensity of each channel; none where it was not measured."""
    whole, words = ("Cells", "cell") if has_cells else ("Nuclei", "nucleus")
    area = None
    for suffix, unit in _AREAS.items():
        column = f"median_{whole}{suffix}"
        if area is None and column in wells and wells[column].notna().any():
            area = Shown(column, f"Area of a {words}", unit)
    start = f"median_{whole}{_LIGHT}"
    channels = [name.removeprefix(start) for name in wells if name.startswith(start)]
    return area, [
        Shown(f"{start}{one}", f"{one}, mean over a {words} less background", "intensity") for one in channels
    ]


def map_figure(wells: pd.DataFrame, shown: Shown | None) -> Figure:
    """A plate map of one feature; of nothing measured, of the number of cells, or of nuclei alone."""
    counted = ("n_cells", "Cells") if "n_cells" in wells else ("n_nuclei", "Nuclei")
    column, label = counted if shown is None else (shown.column, f"{shown.label}, {shown.unit}")
    doubtful = wells[wells["doubts"] != "none"]
    return plate_map_figure(
        wells,
        column=column,
        label=label,
        doubtful=list(zip(doubtful["plate"], doubtful["well"], strict=True)),
        doubtful_means="with doubts",
    )


def most_different(wells: pd.DataFrame, shown: Sequence[Shown]) -> Shown | None:
    """The feature whose values differ most between wells, in units of their typical size; None of none."""
    spreads = {}
    for one in shown:
        values = wells[one.column].dropna()
        size = values.abs().median()
        if len(values) and size > 0:
            spreads[one] = float((values.max() - values.min()) / size)
    return max(spreads, key=spreads.__getitem__) if spreads else next(iter(shown), None)


def cells_chapter(
    wells: pd.DataFrame,
    *,
    features: Mapping[str, Any],
    has_cells: bool,
    files: Mapping[str, Path],
    captions: Mapping[str, str],
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    wells
        Table `WELL_MEASURED`, a row per well.
    features
        The block ``cells.features``.
    has_cells
        Whether cells are segmented, and not nuclei alone.
    files
        Where the table ``wells``, and the figures ``area`` and ``intensity`` are.
    captions
        From `read_captions`.
    """
    area, lights = shown_features(wells, has_cells=has_cells)
    light = most_different(wells, lights)
    maps = [illustration(files["area"], title="Area, well by well", caption=captions["areas"])]
    if light is not None:
        maps.append(illustration(files["intensity"], title="Intensity, well by well", caption=captions["intensities"]))
    methods = methods_text(features, has_nuclei="n_nuclei" in wells, has_cells=has_cells)
    one = "cell" if has_cells else "nucleus"
    return Chapter(
        stage="cells",
        title="Cells" if has_cells else "Nuclei",
        lead=f"What was measured of each {one}, and how wells differ in it.",
        picture=maps[0],
        warnings=[
            *_warnings(wells, area, one=one),
            *_dark_objects(wells, lights, background=features["background"]),
        ],
        findings=_findings(wells, area, light, has_cells=has_cells),
        settings=[
            (f"Features of each {one}", ", ".join(features["families"])),
            (f"Background of a {one}", _background(features)),
        ],
        sections=[Section(title="", parts=[*maps, _table(wells, [area, *lights], file=str(files["wells"]))])],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
    )


def _background(features: Mapping[str, Any]) -> str:
    if features["background"] == "dark":
        return "the dark level of the channel"
    gap, width = features["ring_gap_px"], features["ring_width_px"]
    return f"median of the free pixels {gap + 1} to {gap + width} px around it"


def _findings(wells: pd.DataFrame, area: Shown | None, light: Shown | None, *, has_cells: bool) -> list[str]:
    words = "cells" if has_cells else "nuclei"
    n_objects, n_complete = int(wells[f"n_{words}"].sum()), int(wells["n_complete"].sum())
    n_wells = int((~wells["doubts"].str.startswith(LEFT_OUT)).sum())
    lines = [
        f"{n_objects:,} {words} in {n_wells:,} wells were measured; {n_objects - n_complete:,} of them touch the edge "
        "of their image and are in no mean or median of a well."
    ]
    for shown in (area, light):
        known = wells.dropna(subset=[shown.column]) if shown is not None else wells[:0]
        if shown is not None and len(known) > 1:
            low, high = known.loc[known[shown.column].idxmin()], known.loc[known[shown.column].idxmax()]
            lines.append(
                f"{shown.label}: from {number(low[shown.column])} in {low['plate']} / {low['well']} to "
                f"{number(high[shown.column])} {shown.unit} in {high['plate']} / {high['well']} (medians of wells)."
            )
    return lines


def _warnings(wells: pd.DataFrame, area: Shown | None, *, one: str) -> list[str]:
    lines = []
    empty = wells[(wells["n_cells" if one == "cell" else "n_nuclei"] > 0) & (wells["n_complete"] == 0)]
    if len(empty):
        lines.append(
            f"In {named_wells(empty)}, each {one} touches the edge of its image, so these wells have no means and "
            "medians."
        )
    if area is not None and area.unit == "px":
        lines.append(
            "The side of a pixel is not known, so lengths and areas are in px alone: give raw.pixel_size_um to compare "
            "them between magnifications."
        )
    return lines


def _dark_objects(wells: pd.DataFrame, lights: Sequence[Shown], *, background: str) -> list[str]:
    """Channels that are darker in the objects than around them in most wells: little can be measured of them."""
    if background != "ring":
        return []
    dark = [one.label.split(",")[0] for one in lights if (wells[one.column].dropna() < 0).mean() > 0.5]
    if not dark:
        return []
    return [
        f"Darker in the objects than around them: {listed(dark)}. Less the light around an object, their intensities "
        "are below 0, and features that need light above the background are missing. If they stain more than these "
        "objects (the cytoplasm around nuclei, for instance), set cells.features.background to dark, or segment the "
        "cells."
    ]


def _table(wells: pd.DataFrame, shown: Sequence[Shown | None], *, file: str) -> Any:
    objects = "cells" if "n_cells" in wells else "nuclei"
    columns = [
        PageColumn("plate", "Plate"),
        PageColumn("well", "Well"),
        PageColumn("doubts", "Doubts"),
        PageColumn("n_cells", "Cells", count),
        PageColumn("n_nuclei", "Nuclei", count),
        PageColumn("n_complete", f"{objects.capitalize()} off\nthe edge", count),
        *(PageColumn(one.column, f"{one.label.split(',')[0]},\n{one.unit}", value) for one in shown if one),
    ]
    columns = [column for column in columns if column.name in wells]
    title = f"{objects.capitalize()} by well"
    return page_table(wells, columns, title=title, file=file, note=_NOTE.format(objects=objects))
