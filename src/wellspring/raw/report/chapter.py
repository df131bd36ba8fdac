"""The chapter on wells and channels: what was stored, before anything was done with it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.raw.index import WellIndex
from wellspring.raw.report.wells import plates_table, wells_warnings
from wellspring.report.chapter import Chapter, PageTable, Section
from wellspring.report.style import NONE
from wellspring.report.tables import PageColumn, count, page_table

__all__ = ["raw_chapter"]

# Sizes are the same when they agree to this share, as vendors round them.
_SAME_SIZE = 1e-3
_PLATE_HEADS = {
    "plate": "Plate",
    "wells": "Wells",
    "channels": "Channels",
    "sites": "Sites\nper well",
    "planes": "Planes\nper site",
    "pixel_size": "Side of\na pixel, µm",
    "px": "Measured pixels\nper well",
    "files": "Files\nper well",
    "gigabytes": "Size, GB",
}


def raw_chapter(
    indexes: Sequence[WellIndex],
    wells: pd.DataFrame,
    *,
    files: Mapping[str, Path],
    captions: Mapping[str, str],
    settings: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    indexes
        Of all wells, which have the same channels.
    wells
        Table `WELLS` of the same.
    files
        Where the tables ``wells`` and ``channels`` are.
    captions
        From `read_captions`.
    settings
        The keys of the block ``raw`` that say how pixels are read: `RawFormat.settings_of_pixels`.
    notes
        What the indexes of the plates say of them as a whole.
    """
    channels = indexes[0].channels
    used = wells[wells["left_out"].fillna("") == ""]
    plates = plates_table(used)
    n_plates = len(plates)
    return Chapter(
        stage="raw",
        title="Wells and channels",
        lead="What is stored of each well, read from the headers of its files.",
        warnings=[*notes, *wells_warnings(wells), *_other_sizes(indexes)],
        settings=_settings(indexes, wells, settings=settings),
        sections=[
            Section(
                title="",
                text=[
                    f"{len(used):,} well{'' if len(used) == 1 else 's'} on {n_plates:,} "
                    f"plate{'' if n_plates == 1 else 's'}, each with the same {len(channels):,} "
                    f"channel{'' if len(channels) == 1 else 's'} in the same order."
                ],
                parts=[
                    _plates(plates),
                    _channels(channels, file=files["channels"], wavelengths=indexes[0].wavelengths),
                    _wells(wells, file=files["wells"], note=captions["wells"]),
                ],
            )
        ],
    )


def _settings(
    indexes: Sequence[WellIndex], wells: pd.DataFrame, *, settings: Mapping[str, Any]
) -> list[tuple[str, str]]:
    channels = indexes[0].channels
    rows = [
        ("Plates", f"{wells['plate'].nunique():,}"),
        ("Wells", f"{_counted(wells)}, in the format {indexes[0].format}"),
        ("Channels", f"{len(channels):,}: {', '.join(channels)}"),
    ]
    if settings.get("projection") and any(max(numbers) > 1 for one in indexes for numbers in one.n_planes.values()):
        rows.append(("Planes become one image by", str(settings["projection"])))
    if settings.get("background"):
        values = ", ".join(f"{name} {given:g}" for name, given in settings["background"].items())
        rows.append(("Background subtracted", values))
    return rows


def _counted(wells: pd.DataFrame) -> str:
    n_out = int((wells["left_out"].fillna("") != "").sum())
    return f"{len(wells):,}" + (f", {n_out:,} of them left out" if n_out else "")


def _plates(plates: pd.DataFrame) -> PageTable:
    shown = [PageColumn(name, head) for name, head in _PLATE_HEADS.items() if plates[name].ne("").any()]
    table = page_table(plates, shown, title="Plates", note="A span is given where the wells of a plate differ.")
    return PageTable(**{**vars(table), "n_text": 1})


def _other_sizes(indexes: Sequence[WellIndex]) -> list[str]:
    """That the config gives another side of a pixel than the files: both are named."""
    pairs = Counter(
        (one.pixel_size_um, one.pixel_size_in_files_um)
        for one in indexes
        if one.pixel_size_um and one.pixel_size_in_files_um and not one.left_out
    )
    return [
        f"The side of a pixel is {used:.4g} µm, as raw.pixel_size_um says; the files of {count:,} "
        f"well{'' if count == 1 else 's'} say {stored:.4g} µm."
        for (used, stored), count in pairs.items()
        if abs(used - stored) > _SAME_SIZE * stored
    ]


def _channels(channels: Sequence[str], *, file: Path, wavelengths: Mapping[str, str]) -> PageTable:
    frame = pd.DataFrame({"name": list(channels), "number": [str(n) for n in range(len(channels))]})
    columns = [PageColumn("number", "No."), PageColumn("name", "Channel")]
    if wavelengths:
        frame = frame.assign(wavelengths=[wavelengths.get(name, "") for name in channels])
        columns.append(PageColumn("wavelengths", "Wavelengths"))
    return page_table(frame, columns, title="Channels", file=str(file), folded=len(channels) > 8)


def _micrometres(size: float) -> str:
    return NONE if math.isnan(size) else f"{size:.4g}"


def _wells(wells: pd.DataFrame, *, file: Path, note: str) -> PageTable:
    columns = [
        PageColumn("plate", "Plate"),
        PageColumn("well", "Well"),
        PageColumn("n_sites", "Sites", count),
        PageColumn("n_planes", "Planes per site"),
        PageColumn("image_size_px", "Image, px"),
        PageColumn("pixel_size_um", "Side of a pixel, µm", _micrometres),
        PageColumn("n_px", "Measured pixels", count),
        PageColumn("n_files", "Files", count),
        PageColumn("n_bytes", "Bytes", count),
        PageColumn("left_out", "Left out"),
        PageColumn("doubts", "Doubts"),
    ]
    empty = [one.name for one in columns if wells[one.name].isna().all() or wells[one.name].eq("").all()]
    shown = [one for one in columns if one.name not in empty]
    return page_table(wells, shown, title="Wells", file=str(file), note=note)
