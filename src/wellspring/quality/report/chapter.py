"""The chapter on the quality of the images and their illumination."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wellspring.quality.images import Illumination
from wellspring.quality.report.figures import MAX_FLAGGED, MAX_ROWS
from wellspring.report.chapter import Chapter, PageTable, Part, Section, illustration
from wellspring.report.tables import PageColumn, page_table
from wellspring.report.words import listed, named_wells

__all__ = ["image_findings", "image_warnings", "quality_chapter"]

# Beyond this share of the field, cells are in the illumination; up to 0.36 it was right.
_MOST_COVER = 0.36
_TITLE, _STAGE = "Images", "quality"
_LEAD = "Which images are fit for use, and how evenly the field is lit."
_TEXT = (
    "Each image was measured and compared with the others of its plate and channel; a site is flagged if any of its "
    "images is. The focus slope is that of the radially averaged power spectrum on logarithmic axes: the more "
    "negative, the more blurred."
)
_OF_ALL = (
    "Segmentation, spots, cells and profiles read the images without the sites that are left out, and the channels "
    "named in quality.channels with even illumination."
)
_OF_PROFILES = (
    "Profiles read the images without the sites that are left out and with even illumination; segmentation, spots and "
    "cells read the raw images (quality.use: profiles)."
)
_REFERENCES = (
    "Bray, M.-A. et al. (2012). Workflow and metrics for image quality control in large-scale high-content screens. "
    "Journal of Biomolecular Screening 17, 266–274.",
)
_STEPS = " The preprocessing steps apply to profiles and corrected copies only."


def quality_chapter(
    images: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    illumination: Mapping[str, Mapping[str, Illumination]],
    settings: Mapping[str, Any],
    copies: Sequence[Path],
    captions: Mapping[str, str],
    files: Mapping[str, Path],
) -> Chapter:
    """The chapter, from what was measured and from the figures that were drawn of it.

    Parameters
    ----------
    images, sites
        Tables `FLAGGED_IMAGES` and `KEPT_SITES` of all plates.
    illumination
        By plate and channel.
    settings
        Of the block ``quality``: channels, judged_by, max_z, min_images, use, preprocessing.
    copies
        Corrected copies that were written.
    captions
        ``images``, ``flagged_images``, ``illumination``.
    files
        ``table`` and the SVG files ``histograms``, ``flagged``, ``light``.
    """
    n_flagged = int(images["is_flagged"].sum())
    n_groups = len(images[["plate", "channel"]].drop_duplicates())
    histograms = illustration(
        files["histograms"],
        title="Measures of the images",
        caption=captions["images"] + _first(MAX_ROWS, n_groups, "plates and channels"),
    )
    flagged = illustration(
        files["flagged"],
        title="Flagged images",
        caption=captions["flagged_images"] + _first(MAX_FLAGGED, n_flagged, "flagged images"),
    )
    light = illustration(
        files["light"],
        title="Illumination",
        caption=captions["illumination"] + _first(MAX_ROWS, len(illumination), "plates"),
    )
    first: list[Part] = [flagged, _sites_table(sites, file=str(files["table"]))] if n_flagged else []
    use = _OF_ALL if settings["use"] == "all" else _OF_PROFILES
    return Chapter(
        stage=_STAGE,
        title=_TITLE,
        lead=_LEAD,
        picture=flagged if n_flagged else histograms,
        warnings=[*image_warnings(images, sites), *_illumination_warnings(illumination)],
        findings=[*image_findings(images, sites), *_offsets(illumination)],
        settings=_settings(settings, copies=copies),
        methods=_methods(
            settings,
            is_kept=bool(sites["is_kept"].all()),
            is_corrected=any(one.is_applied for channels in illumination.values() for one in channels.values()),
        ),
        references=_REFERENCES,
        sections=[
            Section(
                title="",
                text=[_TEXT, use + (_STEPS if settings["preprocessing"] else ""), *_kept(illumination)],
                parts=[
                    *first,
                    histograms,
                    light,
                ],
            )
        ],
    )


def _first(n_drawn: int, n_all: int, what: str) -> str:
    return f" The first {n_drawn} of {n_all:,} {what} are drawn." if n_all > n_drawn else ""


def _methods(settings: Mapping[str, Any], *, is_kept: bool, is_corrected: bool) -> str:
    """How images were judged and corrected, for a paper."""
    fate = "are reported" if is_kept else "were left out"
    even = " Uneven illumination of each plate and channel was corrected by the smooth median of its images."
    return (
        f"Images of {listed(list(settings['channels']))} were measured ({listed(list(settings['judged_by']))}); sites "
        f"with an image whose robust z-score within its plate and channel exceeds {settings['max_z']:g} {fate} (Bray "
        f"et al. 2012).{even if is_corrected else ''}"
    )


def _settings(settings: Mapping[str, Any], *, copies: Sequence[Path]) -> list[tuple[str, str]]:
    rows = [
        ("Images judged and corrected", ", ".join(settings["channels"])),
        ("Judged by", f"{', '.join(settings['judged_by'])}; flagged beyond a robust z-score of {settings['max_z']:g}"),
        ("Corrected images are read by", "all stages" if settings["use"] == "all" else "profiles"),
    ]
    if settings["preprocessing"]:
        rows.append(("Preprocessing for profiles", ", then ".join(_step(one) for one in settings["preprocessing"])))
    if copies:
        rows.append(("Corrected copies", f"{len(copies):,} files, the first is {copies[0]}"))
    return rows


def _step(given: Mapping[str, Any]) -> str:
    values = [f"{key} {value}" for key, value in given.items() if key != "step" and value is not None]
    return str(given["step"]) + (f" ({', '.join(values)})" if values else "")


def image_warnings(images: pd.DataFrame, sites: pd.DataFrame) -> list[str]:
    """Plates that could not be judged, and wells without any site left."""
    lines = []
    unjudged = images.loc[~images["is_judged"].astype(bool), ["plate", "channel"]].drop_duplicates()
    if len(unjudged):
        names = ", ".join(f"{plate} / {channel}" for plate, channel in unjudged.itertuples(index=False))
        lines.append(
            f"Too few images to say which are unusual: {names}. Look at them by eye, or lower quality.min_images."
        )
    left = sites.groupby(["plate", "well"], sort=False)["is_kept"].sum()
    lost = [(str(plate), str(well)) for plate, well in left.index[left == 0]]
    if lost:
        lines.append(f"Every site is flagged and left out in {named_wells(lost)}.")
    return lines


def _illumination_warnings(illumination: Mapping[str, Mapping[str, Illumination]]) -> list[str]:
    few = [
        f"{plate} / {channel} ({one.n_images})"
        for plate, channels in illumination.items()
        for channel, one in channels.items()
        if not one.is_applied and np.isnan(one.error)
    ]
    uncertain = [
        f"{plate} / {channel} ({one.n_images} images, error {one.error:.0%})"
        for plate, channels in illumination.items()
        for channel, one in channels.items()
        if not one.is_applied and not np.isnan(one.error)
    ]
    lines = []
    if few:
        lines.append(
            f"Illumination was not evened where it would be estimated from too few images: {listed(few)}. A function "
            "from so few images follows their cells and not the light; quality.min_images is the least number."
        )
    if uncertain:
        lines.append(
            f"Illumination was not evened in {listed(uncertain)}: it is as even as its own error lets see, the "
            "difference of two halves of the images. Either the light is even, or the images are too few."
        )
    unknown = _named(illumination, lambda one: bool(np.isnan(one.offset)))
    if unknown:
        lines.append(
            f"The camera's offset is not known, and could not be estimated from the noise, in {listed(unknown)}: "
            "illumination is corrected too little where it is not 0. Give raw.background, the intensity without light."
        )
    covered = _named(illumination, lambda one: one.cover > _MOST_COVER)
    if covered:
        lines.append(
            f"Cells cover more than {_MOST_COVER:.0%} of the field in {listed(covered)}: the illumination follows them "
            "as well as the light. Look at its figure; more images, or images of an empty well, make it reliable."
        )
    return lines


def _named(illumination: Mapping[str, Mapping[str, Illumination]], holds: Callable[[Illumination], bool]) -> list[str]:
    return [
        f"{plate} / {channel}"
        for plate, channels in illumination.items()
        for channel, one in channels.items()
        if one.is_applied and holds(one)
    ]


def _offsets(illumination: Mapping[str, Mapping[str, Illumination]]) -> list[str]:
    """Offsets that were estimated."""
    found = [
        f"{plate} / {channel} {one.offset:.0f}"
        for plate, channels in illumination.items()
        for channel, one in channels.items()
        if one.offset > 0
    ]
    if not found:
        return []
    return [
        f"The camera's offset was estimated from the noise, since raw.background does not give it: {listed(found)}."
    ]


def _kept(illumination: Mapping[str, Mapping[str, Illumination]]) -> list[str]:
    """A sentence on the functions that were kept although images changed."""
    kept = [
        f"{plate} / {channel} (by {one.change:.2%}, error {one.error:.2%})"
        for plate, channels in illumination.items()
        for channel, one in channels.items()
        if one.change is not None
    ]
    if not kept:
        return []
    return [
        "The illumination of a plate is kept while that of its images differs from it by less than its own error (half "
        f"of the difference between two halves of the images, root mean square over the field): {listed(kept)}. To "
        "have it estimated afresh, remove the plate's illumination.npz and run snakemake with --forcerun "
        "quality_illumination."
    ]


def image_findings(images: pd.DataFrame, sites: pd.DataFrame) -> list[str]:
    """How many images are flagged and what becomes of their sites."""
    flagged, n_bad = int(images["is_flagged"].sum()), int(sites["is_flagged"].sum())
    if not flagged:
        return [f"None of {len(images):,} images is flagged."]
    fate = "kept" if sites["is_kept"].all() else "left out"
    return [f"{flagged:,} of {len(images):,} images are flagged; sites that hold them, {n_bad:,}, are {fate}."]


def _sites_table(sites: pd.DataFrame, *, file: str) -> PageTable:
    bad = sites[sites["is_flagged"].astype(bool)]
    bad = bad.assign(fate=["kept" if kept else "left out" for kept in bad["is_kept"]])
    columns: Sequence[PageColumn] = (
        PageColumn("plate", "Plate"),
        PageColumn("well", "Well"),
        PageColumn("site", "Site"),
        PageColumn("fate", "Fate"),
        PageColumn("reasons", "Flagged by (robust z-score)"),
    )
    note = f"{len(bad):,} of {len(sites):,} sites; all measures of all images are in the table's file."
    return page_table(bad, columns, title="Flagged sites", file=file, note=note)
