"""A plate as text: which wells have all their images, which lack some, which were planned and have none."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.raw.names import is_file
from wellspring.raw.plate_index import PlateIndex
from wellspring.raw.well_names import row_letters, well_place

__all__ = ["checked_images", "plate_map", "plate_summary"]

COMPLETE, INCOMPLETE, ABSENT, EMPTY = "#", "o", "!", "."
_KEY = f"{COMPLETE} all images   {INCOMPLETE} some are missing   {ABSENT} planned, none there   {EMPTY} not imaged"
_MOST_LINES = 12
# Plates of 6, 24, 96, 384 and 1,536 wells.
_PLATES = ((2, 3), (4, 6), (8, 12), (16, 24), (32, 48))


def checked_images(index: PlateIndex) -> pd.DataFrame:
    """The images of an index, those whose file is not there marked as such in ``state``."""
    images = index.images
    root = Path(index.root)
    there = {name: is_file(root / name) for name in images.loc[images["state"] == "", "file"].unique()}
    is_gone = (images["state"] == "") & ~images["file"].map(there).fillna(False).astype(bool)
    return images.assign(state=images["state"].where(~is_gone, "no such file"))


def plate_map(index: PlateIndex, images: pd.DataFrame) -> list[str]:
    """The lines of the map, with a legend; empty where wells have no places on a plate.

    Parameters
    ----------
    images
        From `checked_images`.
    """
    states = _states(index, images)
    places = {well: place for well in states if (place := well_place(well)) is not None}
    if not places:
        return []
    n_rows, n_columns = _size(index, places=list(places.values()))
    signs = {place: states[well] for well, place in places.items()}
    lines = ["   " + "".join(f"{column:3d}" for column in range(1, n_columns + 1))]
    for row in range(1, n_rows + 1):
        cells = "".join(f"  {signs.get((row, column), EMPTY)}" for column in range(1, n_columns + 1))
        lines.append(f"{row_letters(row):>2} {cells}")
    return [*lines, _KEY]


def _states(index: PlateIndex, images: pd.DataFrame) -> dict[str, str]:
    """Well to its sign."""
    states = dict.fromkeys(index.planned, ABSENT)
    is_bad = images["state"] != ""
    for well, bad in is_bad.groupby(images["well"], sort=False):
        states[str(well)] = COMPLETE if not bad.any() else ABSENT if bad.all() else INCOMPLETE
    return states


def _size(index: PlateIndex, *, places: list[tuple[int, int]]) -> tuple[int, int]:
    """Rows and columns of the plate; where the index does not say, of the smallest usual one that has all wells."""
    rows, columns = max(row for row, _ in places), max(column for _, column in places)
    if index.n_rows and index.n_columns and index.n_rows >= rows and index.n_columns >= columns:
        return index.n_rows, index.n_columns
    return next((size for size in _PLATES if size[0] >= rows and size[1] >= columns), (rows, columns))


def plate_summary(index: PlateIndex, images: pd.DataFrame) -> Iterator[str]:
    """What an index holds, in lines: counts, channels with their planes, sizes, and what is missing."""
    good = images[images["state"] == ""]
    wells, sites = good["well"].nunique(), good.groupby("well")["site"].nunique()
    times = sorted(images["time"].unique().tolist())
    yield (
        f"{_counted(len(good), 'image')} in {_counted(good['file'].nunique(), 'file')}: {_counted(wells, 'well')}, "
        f"{_span(sites)} site{'' if _span(sites) == '1' else 's'} each"
        + (f", time points {times[0]} to {times[-1]}" if len(times) > 1 else "")
    )
    counts = good.groupby(["channel", "well", "site", "time"], sort=False).size()
    for name in [one for one in index.channels if one in set(good["channel"])]:
        planes = _span(counts.loc[name])
        nm = f", {index.wavelengths[name]}" if index.wavelengths.get(name) else ""
        yield f"channel {name}: {planes} plane{'' if planes == '1' else 's'}{nm}"
    sizes = images["pixel_size_um"].dropna()
    size = _span(sizes.round(4)) + " µm" if len(sizes) else "not given"
    step = _step(images)
    yield f"in the index: side of a pixel {size}; distance of planes {'not given' if step is None else f'{step:g} µm'}"
    yield from _missing_lines(images)


def _missing_lines(images: pd.DataFrame) -> Iterator[str]:
    bad = images[images["state"] != ""]
    if bad.empty:
        yield "no image is missing"
        return
    wells = bad["well"].nunique()
    yield f"{len(bad):,} planned images cannot be used, in {wells} well{'' if wells == 1 else 's'}:"
    for (well, site, state), own in list(bad.groupby(["well", "site", "state"], sort=False))[:_MOST_LINES]:
        channels = ", ".join(dict.fromkeys(own["channel"]))
        yield f"  {well or 'the well'}, site {site}: {len(own)} of channel {channels}: {state}"
    n_groups = bad.groupby(["well", "site", "state"]).ngroups
    if n_groups > _MOST_LINES:
        yield f"  and {n_groups - _MOST_LINES} more sites"


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _span(values: pd.Series) -> str:
    if values.empty:
        return "0"
    low, high = values.min(), values.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _step(images: pd.DataFrame) -> float | None:
    """Median distance of neighbouring planes, µm; None where their heights are not in the index."""
    rows = images.dropna(subset=["z_um"]).head(20_000)
    steps = rows.sort_values("z").groupby(["well", "site", "channel", "time"])["z_um"].diff().abs()
    steps = steps[steps > 0]
    return round(float(np.median(steps)), 4) if len(steps) else None
