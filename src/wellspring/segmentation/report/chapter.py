"""The chapter on nuclei and cells."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from wellspring.quality.report.left_out import left_out_sections, left_out_warnings
from wellspring.report.chapter import Chapter, PageTable, Section
from wellspring.report.images import ImageSources, doubt_warnings
from wellspring.report.methods import cited
from wellspring.report.tables import PageColumn, count, page_table, percent, value
from wellspring.report.words import named_wells
from wellspring.segmentation.doubts import NO_DOUBT
from wellspring.segmentation.given.files import has_given_cells, has_nuclei
from wellspring.segmentation.report.doubts import object_doubts, object_warnings
from wellspring.segmentation.report.given import (
    given_meanings,
    given_sections,
    given_settings,
    given_warnings,
    is_given,
    not_exchanged,
)
from wellspring.segmentation.report.methods import METHODS_REFERENCES, methods_text
from wellspring.segmentation.report.trained import trained_findings, trained_sections

__all__ = ["segmentation_chapter"]

_NOTE = (
    "Flagged objects stay in the labels and tables. Odd size: off the median of the site by more than a factor of four "
    "in area."
)
_STAIN_NOTE = " Little cell stain: less than half of the nucleus."
_COLUMNS = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("n_nuclei", "Nuclei", count),
    PageColumn("n_cells", "Cells", count),
    PageColumn("n_without_cell", "Nuclei with\nlittle cell stain", count),
    PageColumn("n_without_nucleus", "Cells without\nnucleus", count),
    PageColumn("n_border_nuclei", "Nuclei at\nthe border", count),
    PageColumn("n_border_cells", "Cells at\nthe border", count),
    PageColumn("n_nuclei_size_out", "Nuclei of\nodd size", count),
    PageColumn("n_cells_size_out", "Cells of\nodd size", count),
)
_SITES = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("site", "Site"),
    PageColumn("doubts", "Doubts"),
    PageColumn("n_nuclei", "Nuclei", count),
    PageColumn("median_px", "Median\nsize (px)", value),
    PageColumn("largest_share", "Largest, of\nthe field", percent()),
)


def segmentation_chapter(
    table: pd.DataFrame,
    *,
    nuclei: pd.DataFrame,
    segmentation: Mapping[str, Any],
    sources: ImageSources,
    scores: pd.DataFrame | None = None,
) -> Chapter:
    """The chapter, from the counts of all wells and the figure with outlines.

    Parameters
    ----------
    table
        Table `WELL_SEGMENTED_COUNTS`, or `WELL_NUCLEUS_COUNTS` where there are no cells.
    nuclei
        Table `SITE_NUCLEI` of all wells, compared (`compared_sites`).
    segmentation
        The block ``segmentation``.
    sources
        With the caption ``segmentation`` and the files ``table``, ``nuclei``, ``overlays`` and ``gallery``; sites are
        table `KEPT_SITES`. With `scores`, the caption ``trained`` and the files ``compared`` and ``compared_table``.
    scores
        Table `NUCLEUS_SCORES`, where sites were annotated.
    """
    what = "Nuclei and cells" if "n_cells_size_out" in table else "Nuclei"
    figure = sources.gallery("gallery", figure="overlays", caption="segmentation", title=what)
    shown = [figure] if figure.tiles else []
    columns = _columns(table, segmentation)
    note = f"{_NOTE}{_STAIN_NOTE}" if any(one.name == "n_without_cell" for one in columns) else _NOTE
    counts = sources.table(table, columns, title=f"{what} by well", note=note)
    sites, file = sources.sites, str(sources.files["nuclei"])
    methods = methods_text(segmentation)
    return Chapter(
        stage="segmentation",
        title="Segmentation",
        lead=_lead(table, segmentation),
        picture=figure if shown else None,
        warnings=[
            *_warnings(table, nuclei, segmentation, sites=sites),
            *given_warnings(table, segmentation, sites=nuclei),
            *doubt_warnings(nuclei, given_meanings(segmentation), what="Nuclei"),
            *object_warnings(not_exchanged(table, nuclei), segmentation),
            *left_out_warnings(sites, verb="segmented"),
        ],
        findings=[_counted(table, nuclei, segmentation), *trained_findings(scores), *_choices(nuclei)],
        settings=[*_settings(segmentation), *sources.light_setting("Segmented")],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
        sections=[
            Section(title="", text=sources.light(), parts=[*shown, counts, *_doubtful_sites(nuclei, file=file)]),
            *given_sections(table, segmentation, file=sources.file),
            *trained_sections(scores, sources),
            *object_doubts(table, segmentation, file=sources.file),
            *left_out_sections(sources.left_out, n_sites=len(sites), file=sources.file),
        ],
    )


def _counted(table: pd.DataFrame, nuclei: pd.DataFrame, segmentation: Mapping[str, Any]) -> str:
    """How many were found or given, in the wells that have sites."""
    n, n_read = int(table["n_nuclei"].sum()), len(nuclei.drop_duplicates(["plate", "well"]))
    wells = f"{n_read:,} of {len(table):,} wells" if 0 < n_read < len(table) else f"{len(table):,} wells"
    if not is_given(segmentation):
        return f"{n:,} nuclei were found in {wells}."
    if not has_nuclei(segmentation):
        return f"{int(table['n_cells'].sum()):,} cells are in the label images of {wells}. Nuclei are not segmented."
    without = ""
    if "n_without_nucleus" in table:
        without = f", and {int(table['n_without_nucleus'].sum()):,} cells without one,"
    return f"{n:,} nuclei{without} are in the label images of {wells}."


def _columns(table: pd.DataFrame, segmentation: Mapping[str, Any]) -> list[PageColumn]:
    """Those that the table has and that say something: no cells where each has its nucleus, no nuclei where there are
    none. Nuclei in no given cell are counted in the section on given labels."""
    unknown = {"n_without_cell"} if has_given_cells(segmentation) else set()
    if "n_cells" in table and table["n_cells"].equals(table["n_nuclei"]):
        unknown.add("n_cells")
    if is_given(segmentation) and not has_nuclei(segmentation):
        unknown |= {"n_nuclei", "n_without_nucleus", "n_border_nuclei", "n_nuclei_size_out"}
    return [column for column in _COLUMNS if column.name in table and column.name not in unknown]


def _lead(table: pd.DataFrame, segmentation: Mapping[str, Any]) -> str:
    if is_given(segmentation) and not has_nuclei(segmentation):
        return "Where the cells are, and which to distrust."
    cells = ", which cell belongs to each," if "n_cells" in table else ","
    return f"Where the nuclei are{cells} and which objects to distrust."


def _warnings(
    table: pd.DataFrame, nuclei: pd.DataFrame, segmentation: Mapping[str, Any], *, sites: pd.DataFrame
) -> list[str]:
    """Wells without nuclei, but for those that were not looked at, or were not to have any."""
    if is_given(segmentation) and not (segmentation["nuclei"] or segmentation["nucleus_channel"]):
        return []
    kept = set(zip(*(sites.loc[sites["is_kept"].astype(bool), name] for name in ("plate", "well")), strict=True))
    judged, seen = (set(zip(one["plate"], one["well"], strict=True)) for one in (sites, nuclei))
    keys = list(zip(table["plate"], table["well"], strict=True))
    was_seen = np.array([key in seen and (key in kept or key not in judged) for key in keys], dtype=bool)
    empty = table[(table["n_nuclei"] == 0) & was_seen]
    if empty.empty:
        return []
    return [f"No nuclei were found in {named_wells(empty)}. Look at the images of these wells."]


def _choices(nuclei: pd.DataFrame) -> list[str]:
    """How many sites were not simply cut in background and nuclei, and why."""
    counts = (
        (nuclei["is_evened"].astype(bool), "the background is uneven and was subtracted"),
        (nuclei["n_classes"] > 2, "some objects are far brighter than the nuclei, so more classes were found"),
        (nuclei["masked_share"] > 0, "areas of exactly 0 are no data and were left out"),
    )
    return [f"On {int(held.sum()):,} of {len(nuclei):,} sites {what}." for held, what in counts if held.any()]


def _doubtful_sites(nuclei: pd.DataFrame, *, file: str) -> list[PageTable]:
    doubtful = nuclei[nuclei["doubts"] != NO_DOUBT]
    note = f"{len(doubtful):,} of {len(nuclei):,} sites; all sites are in the table's file."
    return [page_table(doubtful, _SITES, title="Doubtful sites", file=file, note=note)] if len(doubtful) else []


def _settings(segmentation: Mapping[str, Any]) -> list[tuple[str, str]]:
    if is_given(segmentation):
        return given_settings(segmentation)
    cells = segmentation["cells"] or {}
    stain = f" in {cells['channel']}" if "channel" in cells else ""
    of_cells = f"by {cells['method']} from the nuclei{stain}" if cells else "none; nuclei alone"
    return [("Nuclei", _seeds(segmentation)), ("Cells", of_cells)]


def _seeds(segmentation: Mapping[str, Any]) -> str:
    if segmentation["nucleus_channel"] is None:
        return f"none; the innermost parts of cells in {segmentation['cells']['channel']} are the seeds"
    return f"by {segmentation['method']} in {segmentation['nucleus_channel']}"
