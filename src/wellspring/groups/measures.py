"""What is compared: per well, means of its cells, and counts of its sites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.cells.features.declared import feature_names
from wellspring.cells.tables import complete_cells
from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["Measure", "count_measures", "feature_measures", "feature_units", "measured_wells", "spot_measures"]

_WELL = ["plate", "well"]
_CELL = [*_WELL, "is_border_cell", "is_in_no_cell"]
_NO_DOUBT = "none"


@dataclass(frozen=True)
class Measure:
    """A number of each well.

    Attributes
    ----------
    name : str
        As in tables.
    label : str
        As in figures.
    unit : str
    values : pandas.DataFrame
        Rows plate, well, n (cells or sites behind the value) and value (NaN: none).
    is_count : bool
        Of spots, foci or cells; else a feature.
    doubtful : frozenset of (plate, well)
        Wells whose value is in doubt.
    source : tuple of str
        For the cells behind it: ``spots``, channel and column, or ``features`` and the column; empty for none.
    """

    name: str
    label: str
    unit: str
    values: pd.DataFrame
    is_count: bool = False
    doubtful: frozenset[tuple[str, str]] = frozenset()
    source: tuple[str, ...] = field(default=())


def doubtful_wells(sites: pd.DataFrame, *, share: float) -> frozenset[tuple[str, str]]:
    """Wells of which at least this `share` of the rows (sites) have a doubt; `sites` has plate, well and doubts."""
    if sites.empty:
        return frozenset()
    shares = (sites["doubts"] != _NO_DOUBT).groupby([sites["plate"], sites["well"]]).mean()
    return frozenset((str(plate), str(well)) for plate, well in shares.index[(shares >= share) & (shares > 0)])


def count_measures(nuclei: pd.DataFrame, *, share: float) -> list[Measure]:
    """Nuclei and cells per site, means of the sites that were kept; of both one, where the numbers are the same.

    Parameters
    ----------
    nuclei
        Table `SITE_NUCLEI` of all wells, compared, with cells (`with_cells`); without rows: no measure.
    share
        As of `doubtful_wells`.
    """
    if nuclei.empty:
        return []
    doubtful = doubtful_wells(nuclei, share=share)
    is_same = nuclei["n_nuclei"].equals(nuclei["n_cells"])
    found = []
    for what in ("nuclei",) if is_same else ("nuclei", "cells"):
        if nuclei[f"n_{what}"].notna().any():
            values = nuclei.groupby(_WELL, sort=False)[f"n_{what}"].agg(n="size", value="mean").reset_index()
            found.append(Measure(f"{what}_per_site", f"{what.capitalize()} per site", what, values, True, doubtful))
    return found


def spot_measures(
    cells: pd.DataFrame,
    thresholds: pd.DataFrame,
    *,
    share: float,
    min_cells: int,
    also_doubtful: frozenset[tuple[str, str]] = frozenset(),
) -> list[Measure]:
    """Spots and foci per cell, spots in the nucleus, of each channel; spots per site where no well has cells.

    Parameters
    ----------
    cells, thresholds
        Tables `WELL_SPOTS_PER_CELL` and `WELL_SPOT_THRESHOLDS` (compared) of all wells.
    share
        As of `doubtful_wells`.
    min_cells
        A well with fewer cells has no value.
    also_doubtful
        Wells whose cells are in doubt.
    """
    found = []
    for channel, sites in thresholds.groupby("channel", sort=False):
        doubtful = doubtful_wells(sites, share=share) | also_doubtful
        own = cells[cells["channel"] == channel]
        if own.empty:
            values = sites.groupby(_WELL, sort=False)["n_spots"].agg(n="size", value="mean").reset_index()
            name = f"spots_per_site_{channel}"
            found.append(Measure(name, f"Spots per site, {channel}", "spots", values, True, doubtful))
            continue
        for column, name, words in (
            ("n_spots", "spots_per_cell", "Spots per cell"),
            ("n_foci", "foci_per_cell", "Foci per cell"),
            ("n_in_nucleus", "spots_in_nucleus", "Spots in the nucleus"),
        ):
            values = _means_of_wells(own, column, wells=sites, min_cells=min_cells)
            unit = "foci" if column == "n_foci" else "spots"
            source = ("spots", str(channel), column)
            found.append(Measure(f"{name}_{channel}", f"{words}, {channel}", unit, values, True, doubtful, source))
    # A column without any value other than 0, foci for instance, says nothing.
    return [one for one in found if one.name.startswith("spots_per") or (one.values["value"] > 0).any()]


def _means_of_wells(cells: pd.DataFrame, column: str, *, wells: pd.DataFrame, min_cells: int) -> pd.DataFrame:
    means = cells.groupby(_WELL)[column].agg(n="count", value="mean")
    known = pd.MultiIndex.from_frame(wells[_WELL].drop_duplicates())
    means = means.reindex(known)
    means["n"] = means["n"].fillna(0).astype(np.int64)
    means["value"] = means["value"].astype(np.float64).where(means["n"] >= min_cells)
    return means.reset_index()


def feature_units(path: Path) -> dict[str, str]:
    """Features of the table of the cells of a well, name to unit.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, or has no columns plate, well, is_border_cell and is_in_no_cell.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with as_readable(path, expected="the features of the cells of a well"):
        schema = pq.read_schema(path)
    missing = [name for name in _CELL if name not in schema.names]
    if missing:
        raise InputError(f"{path}: expected the columns {_CELL}, but {missing} are missing. Make it again.")
    units = {name: (schema.field(name).metadata or {}).get(b"unit", b"").decode() for name in schema.names}
    return {name: units[name] for name in feature_names(schema.names) if pa.types.is_floating(schema.field(name).type)}


def feature_measures(
    paths: Sequence[Path],
    units: Mapping[str, str],
    *,
    wells: Sequence[tuple[str, str]],
    min_cells: int,
    doubtful: frozenset[tuple[str, str]],
) -> list[Measure]:
    """The mean of each feature over the complete cells of a well, NaN left out: cells at the edge are cut off.

    A feature that no cell has, for instance in µm where the side of a pixel is not known, is left out.

    Parameters
    ----------
    paths
        Tables of the cells, one per well; one well is in memory at a time.
    units
        From `feature_units`.
    wells
        Those that have a group; one without cells has no value.
    min_cells, doubtful
        As of `spot_measures`.
    """
    names = list(units)
    nothing = pd.DataFrame(columns=names, dtype=np.float64)
    numbers = {key: (nothing.count(), nothing.mean()) for key in wells}
    for path in paths:
        cells = pd.read_parquet(path, columns=[*_CELL, *names])
        complete = complete_cells(cells)
        for key, own in complete.groupby(_WELL, sort=False):
            if key in numbers:
                numbers[key] = (own[names].count(), own[names].mean())
    keys = pd.DataFrame(list(numbers), columns=_WELL)
    counts, means = (pd.DataFrame([pair[k] for pair in numbers.values()]).reset_index(drop=True) for k in (0, 1))
    found = []
    for name in names:
        n = counts[name].astype(np.int64)
        if not n.any():
            continue
        values = keys.assign(n=n, value=means[name].astype(np.float64).where(n >= min_cells))
        label = name.replace("_", " ")
        found.append(Measure(name, label, units[name], values, False, doubtful, ("features", name)))
    return found


def measured_wells(measures: Sequence[Measure], wells: pd.DataFrame) -> pd.DataFrame:
    """Table `MEASURED_WELLS`: a row per measure and well of a group.

    Parameters
    ----------
    measures
    wells
        A row per well that has a group: plate, well, group, replicate, is_control.
    """
    columns = ["measure", "unit", *_WELL, "group", "replicate", "is_control", "n", "value", "is_doubtful"]
    parts = []
    for one in measures:
        table = wells.merge(one.values, on=_WELL, how="left", validate="one_to_one")
        keys = zip(table["plate"], table["well"], strict=True)
        table = table.assign(
            measure=one.name,
            unit=one.unit,
            n=table["n"].fillna(0).astype(np.int64),
            value=table["value"].astype(np.float64),
            is_doubtful=np.array([key in one.doubtful for key in keys], dtype=bool),
        )
        parts.append(table[columns])
    return pd.concat(parts, ignore_index=True)
