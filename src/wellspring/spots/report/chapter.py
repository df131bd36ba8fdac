"""The chapter on spots."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wellspring.quality.report.left_out import left_out_sections, left_out_warnings
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Section
from wellspring.report.images import ImageSources, doubt_warnings
from wellspring.report.methods import cited
from wellspring.report.style import number
from wellspring.report.tables import PageColumn, count, value, value_at
from wellspring.spots.doubts import DOUBTS, NO_DOUBT
from wellspring.spots.report.methods import METHODS_REFERENCES, methods_text

__all__ = ["border_texts", "image_findings", "spot_findings", "spot_warnings", "spots_chapter"]

_TEXT = (
    "Spots are maxima of a difference of Gaussians above a threshold that was chosen for each image; bright clumps are "
    "split into as many spots as their light corresponds to, if the config says so. Where that gives more spots than "
    "there are maxima, the maxima alone are counted."
)
_NOTE = (
    "Change at ± 10 %: spots gained at 0.9 times and lost at 1.1 times the threshold over the count, of the worst "
    "site. SNR: height of a spot over the standard deviation of its local background; contrast: over "
    "that background's level. At open borders: spots in cells that a second method gives to the neighbour; least and "
    "most: the median per cell if all of them were the neighbour's, or all of the neighbours' were the cell's."
)
_NO_CURVES = "No well is in doubt, so no curve of counts against thresholds is drawn."
_ADVICE = "Look at the curves and the images of these wells before you trust their counts."
_NETWORK_TEXT = (
    "Spots are where a network marks them, which was trained on simulated planes. On real images it may mark texture: "
    "compare a few fields with the method classical before you trust a count (docs/spot-enhancement.md)."
)
_COLUMNS = (
    PageColumn("plate", "Plate"),
    PageColumn("well", "Well"),
    PageColumn("channel", "Channel"),
    PageColumn("doubts", "Doubts"),
    PageColumn("n_cells", "Cells", count),
    PageColumn("n_spots", "Spots", count),
    PageColumn("n_added", "Added from\nclumps", count),
    PageColumn("n_in_cells", "In cells", count),
    PageColumn("n_in_foci", "In foci\nof cells", count),
    PageColumn("mean_per_cell", "Per cell,\nmean", value),
    PageColumn("median_per_cell", "Per cell,\nmedian", value),
    PageColumn("median_least", "Least\nmedian", value),
    PageColumn("median_most", "Most\nmedian", value),
    PageColumn("n_uncertain", "At open\nborders", count),
    PageColumn("threshold", "Threshold", value),
    PageColumn("instability", "Change\nat ± 10 %", value_at(1.0)),
    PageColumn("snr_median", "SNR,\nmedian", value_at(1.0)),
    PageColumn("contrast_median", "Contrast,\nmedian", value_at(1.0)),
    PageColumn("sigma_px_median", "Size, px,\nmedian", value_at(1.0)),
)

_OF_CELLS = ("n_cells", "n_in_cells", "n_in_foci", "mean_per_cell", "median_per_cell", "n_uncertain")
_IMAGE_COLUMNS = (
    *(one for one in _COLUMNS[:4]),
    PageColumn("n_images", "Images", count),
    *(one for one in _COLUMNS[4:] if one.name not in (*_OF_CELLS, "median_least", "median_most")),
)


def spots_chapter(
    table: pd.DataFrame,
    *,
    spots: Mapping[str, Any],
    curves_note: str | None,
    sources: ImageSources,
    per: str = "cell",
) -> Chapter:
    """The chapter, from the table of all wells and the figures that were drawn.

    Parameters
    ----------
    table
        Table `SPOT_QUALITY`.
    spots
        The block ``spots``.
    curves_note
        What the figure of the curves leaves out; None where it draws nothing, and is left out itself.
    sources
        With the captions ``spot_counts``, ``spot_thresholds``, ``spot_overlays`` and the files ``table``, ``counts``,
        ``thresholds``, ``overlays``, ``gallery``; sites are table `KEPT_SITES`. Without objects, with the caption
        ``image_counts``.
    per
        What spots are counted per: ``cell``, ``nucleus`` where nuclei alone are segmented, ``image`` without both.
    """
    has_objects = per != "image"
    thresholds = sources.figure("thresholds", caption="spot_thresholds", title="Thresholds", more=curves_note or "")
    is_marked = spots["method"] == "enhanced"
    curves = [] if curves_note is None else [thresholds]
    unseen = [_NO_CURVES] if curves_note is None else []
    caption = "spot_counts" if has_objects else "image_counts"
    counts = sources.figure("counts", caption=caption, title=f"Spots per {per}")
    overlays = sources.gallery("gallery", figure="overlays", caption="spot_overlays", title="Spots in the images")
    shown = [overlays] if overlays.tiles else []
    by_well = sources.table(
        table,
        [replace(one, head=_in_words(one.head, per=per)) for one in (_COLUMNS if has_objects else _IMAGE_COLUMNS)],
        title="Spots by well",
        note=_NOTE if has_objects else "",
    )
    methods = methods_text(spots, per=per)
    findings = [_in_words(one, per=per) for one in spot_findings(table)] if has_objects else image_findings(table)
    return Chapter(
        stage="spots",
        title="Spots",
        lead=f"How many spots there are, per {per}, and which wells to distrust.",
        picture=counts,
        warnings=[*spot_warnings(table), *left_out_warnings(sources.sites, verb="searched")],
        findings=findings[:MOST_FINDINGS],
        settings=[*_settings(spots), *sources.light_setting("Searched")],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
        sections=[
            Section(
                title="",
                text=[
                    _NETWORK_TEXT if is_marked else _TEXT,
                    *unseen,
                    *sources.light(),
                    *border_texts(table),
                ],
                findings=findings[MOST_FINDINGS:],
                parts=[counts, *curves, *shown, by_well],
            ),
            *left_out_sections(sources.left_out, n_sites=len(sources.sites), file=sources.file),
        ],
    )


def _in_words(text: str, *, per: str) -> str:
    """Words about cells, as they are of nuclei where nuclei alone are segmented."""
    if per != "nucleus":
        return text
    return text.replace("Cells", "Nuclei").replace("cells", "nuclei").replace("cell", "nucleus")


def image_findings(table: pd.DataFrame) -> list[str]:
    """How many spots each channel has per image, of a study without cells."""
    lines = []
    for channel, rows in table.groupby("channel", sort=False):
        per_image = (rows["n_spots"] / rows["n_images"]).dropna()
        low, high = (number(float(one), scale=float(per_image.max())) for one in (per_image.min(), per_image.max()))
        n_spots, n_images = int(rows["n_spots"].sum()), int(rows["n_images"].sum())
        lines.append(
            f"{channel}: {n_spots:,} spots in {n_images:,} images; the {len(rows):,} wells have {low} to {high} per "
            "image. Neither nuclei nor cells are segmented, so spots are in no cell."
        )
    return lines


def spot_findings(table: pd.DataFrame) -> list[str]:
    """How many spots each channel has, with the range of its wells, which may differ for good reasons."""
    lines = []
    for channel, rows in table.groupby("channel", sort=False):
        n_spots, inside, n_cells = (int(rows[name].sum()) for name in ("n_spots", "n_in_cells", "n_cells"))
        lines.append(f"{channel}: {n_spots:,} spots, {inside:,} of them in {n_cells:,} cells{_range(rows)}.")
    return lines


def _range(rows: pd.DataFrame) -> str:
    """The means per cell of the wells, those in doubt left out unless all are."""
    known = rows[rows["mean_per_cell"].notna()]
    sure = known[known["doubts"] == NO_DOUBT]
    shown = sure if len(sure) else known
    if shown.empty:
        return ""
    means = shown["mean_per_cell"]
    doubt = " without doubt" if 0 < len(sure) < len(known) else ""
    if len(shown) == 1:
        return f"; the well{doubt} has {number(float(means.iloc[0]))} per cell"
    highest = float(means.max())
    low, middle, high = (number(float(one), scale=highest) for one in (means.min(), means.median(), highest))
    return f"; the {len(shown):,} wells{doubt} have {low} to {high} per cell, their median is {middle}"


def spot_warnings(table: pd.DataFrame) -> list[str]:
    """Wells whose count of spots is in doubt, a sentence for each reason."""
    return doubt_warnings(table, DOUBTS, what="Spots", advice=_ADVICE)


def border_texts(table: pd.DataFrame) -> list[str]:
    """How many spots lie where the image does not show whose they are, a sentence for each channel that has cells."""
    lines = []
    for channel, rows in table.groupby("channel", sort=False):
        known = rows[rows["n_uncertain"].notna() & (rows["n_in_cells"] > 0)]
        if known.empty:
            continue
        n_uncertain, n_in_cells = int(known["n_uncertain"].sum()), int(known["n_in_cells"].sum())
        lines.append(
            f"{channel}: {n_uncertain:,} of {n_in_cells:,} spots in cells ({n_uncertain / n_in_cells:.1%}) lie where "
            "two methods place the border between two cells differently. The count of a cell is between n_spots less "
            "n_spots_uncertain and n_spots plus n_spots_beyond, columns of the table of cells."
        )
    return lines


def _settings(spots: Mapping[str, Any]) -> list[tuple[str, str]]:
    sigma = spots["sigma_px"]
    if isinstance(sigma, Mapping):
        size = (
            f"of the optics: {sigma['wavelength_nm']:g} nm, aperture {sigma['na']:g}, refractive index "
            f"{sigma['refractive_index']:g}"
        )
    else:
        size = ", ".join(f"{one:g}" for one in (sigma if isinstance(sigma, Sequence) else [sigma])) + " px"
    own = spots["threshold"]
    threshold = own["method"] + "".join(f", {key} {given:g}" for key, given in own.items() if key != "method")
    if spots["method"] == "enhanced":
        threshold = "least height of a network's mark"
    return [
        ("Spots in", ", ".join(spots["channels"])),
        ("Standard deviation of a spot", size),
        ("Threshold", threshold),
        ("Clumps", "split by their light" if spots["decompose"] else "left as they are"),
        ("Foci", f"{spots['focus_min_spots']} spots or more within {spots['focus_radius_um']:g} µm"),
    ]
