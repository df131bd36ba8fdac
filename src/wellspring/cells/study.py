"""The cells of all wells in one table, and one row per well: with what the sheet says of the wells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wellspring.cells.features.declared import feature_names
from wellspring.cells.tables import MEASURED, WELL_MEASURED, complete_cells, well_measured
from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.raw.index import read_index
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.spots.tables import WELL_SPOT_THRESHOLDS, WELL_SPOTS_PER_CELL
from wellspring.tables import KEY, inert, read_table, write_table

__all__ = ["LEFT_OUT", "WellFiles", "well_summary", "with_spots", "write_study"]

LEFT_OUT = "left out"
"""How the doubts of a well that was left out begin; the reason follows."""

_NO_DOUBT = "none"
# Enough for any measurement; cells.parquet has all digits.
_CSV_DIGITS = "%.7g"


@dataclass(frozen=True)
class WellFiles:
    """The files of one well: index; features; nuclei of its sites; counts and thresholds of spots, None without."""

    index: Path
    measured: Path
    nuclei: Path
    spots: Path | None
    thresholds: Path | None


def write_study(
    wells: Sequence[WellFiles],
    *,
    annotations: Mapping[tuple[str, str], Mapping[str, str | None]],
    spot_channels: Sequence[str],
    has_nuclei: bool,
    has_cells: bool,
    cells_parquet: Path,
    cells_csv: Path,
    wells_csv: Path,
) -> pd.DataFrame:
    """Write the tables of all cells and of all wells; one well is in memory at a time.

    Parameters
    ----------
    wells
        In the order of the rows.
    annotations
        (plate, well) to the sheet's columns, the same for all wells; None where a field is empty. One that has the
        name of a column of these tables is called ``sheet_<name>``.
    spot_channels
        Channels whose spots were counted.
    has_nuclei, has_cells
        What is segmented, or given.
    cells_parquet, cells_csv
        Key, the sheet's columns, then those of `MEASURED`, the features, and ``<compartment>_Spots_<n>_<channel>``.
    wells_csv
        Table `well_measured`, the sheet's columns, then means and medians.

    Returns
    -------
    DataFrame
        What `wells_csv` holds.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not what it should be; when spots were counted in a cell that was not measured.
    """
    rows, table = [], well_measured(has_nuclei=has_nuclei, has_cells=has_cells)
    annotations = {key: _renamed(own) for key, own in annotations.items()}
    with replaced_when_whole(cells_parquet) as parquet, replaced_when_whole(cells_csv) as csv:
        writer: pq.ParquetWriter | None = None
        try:
            for number, (files, key) in enumerate(zip(wells, annotations, strict=True)):
                cells, metadata = _cells_of(files, annotations[key], spot_channels=spot_channels)
                arrow = _with_metadata(pa.Table.from_pandas(cells, preserve_index=False), metadata)
                writer = writer or pq.ParquetWriter(parquet, arrow.schema, compression="zstd")
                writer.write_table(arrow)
                first = number == 0
                inert(cells).to_csv(
                    csv, mode="w" if first else "a", header=first, index=False, float_format=_CSV_DIGITS
                )
                nuclei = read_table(files.nuclei, SITE_NUCLEI)
                about = {"plate": key[0], "well": key[1], "doubts": _doubts(files, nuclei), **annotations[key]}
                n_nuclei = int(nuclei["n_nuclei"].sum())
                rows.append(well_summary(cells).assign(**about, n_nuclei=n_nuclei))
        finally:
            if writer is not None:
                writer.close()
    summary = pd.concat(rows, ignore_index=True)
    sheet = list(next(iter(annotations.values())))
    first_names = [*table.names, *sheet]
    unknown = {column.name for column in WELL_MEASURED.further if column.name not in table.names}
    summary = summary[[*first_names, *(name for name in summary if name not in {*first_names, *unknown})]]
    write_table(summary, wells_csv, table)
    return summary


def _renamed(annotations: Mapping[str, str | None]) -> dict[str, str | None]:
    taken = {*MEASURED.names, *WELL_MEASURED.names, *(column.name for column in WELL_MEASURED.further)}
    return {f"sheet_{name}" if name in taken else name: value for name, value in annotations.items()}


def _cells_of(
    files: WellFiles, annotations: Mapping[str, str | None], *, spot_channels: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, dict[bytes, bytes]]]:
    """The rows of one well, and the metadata of its columns."""
    cells = read_table(files.measured, MEASURED, of_well=True)
    metadata = {field.name: field.metadata or {} for field in pq.read_schema(files.measured)}
    if files.spots is not None:
        spots = read_table(files.spots, WELL_SPOTS_PER_CELL, of_well=True)
        about = {field.name: field.metadata or {} for field in pq.read_schema(files.spots)}
        metadata |= {new: about[name] for new, (name, _) in _columns_of_counts(cells, spots, spot_channels).items()}
        cells = with_spots(cells, spots, channels=spot_channels)
    sheet = pd.DataFrame({name: pd.Series([value] * len(cells), dtype="str") for name, value in annotations.items()})
    names = [name for name in cells if name not in KEY]
    return pd.concat([cells[list(KEY)], sheet, cells[names]], axis=1), metadata


def _with_metadata(table: pa.Table, metadata: Mapping[str, Mapping[bytes, bytes]]) -> pa.Table:
    fields = [
        field.with_metadata(dict(metadata[field.name])) if field.name in metadata else field for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def with_spots(cells: pd.DataFrame, spots: pd.DataFrame, *, channels: Sequence[str]) -> pd.DataFrame:
    """The table of cells with the counts of each channel, as ``<compartment>_Spots_<n>_<channel>``.

    Parameters
    ----------
    cells
        Table `MEASURED` of a well.
    spots
        Table `WELL_SPOTS_PER_CELL` of the same. Cells that were not searched have no counts (missing).
    channels
        Those that get columns, searched in this well or not.

    Raises
    ------
    ValueError
        When a cell with counts is not among `cells`.
    """
    unknown = sorted(set(spots["object_id"]) - set(cells["object_id"]))
    if unknown:
        raise InputError(
            f"{len(unknown)} cells have spots but no features, the first of object_id {unknown[0]}: the files are of "
            "different segmentations. Remove results/cells and results/spots and run again."
        )
    columns = _columns_of_counts(cells, spots, channels)
    joined = cells
    for channel in channels:
        own = spots[spots["channel"] == channel].set_index("object_id")
        counts = {new: own[name].astype(np.float64) for new, (name, of) in columns.items() if of == channel}
        joined = joined.join(pd.DataFrame(counts, index=own.index), on="object_id", validate="one_to_one")
    return joined


def _columns_of_counts(cells: pd.DataFrame, spots: pd.DataFrame, channels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Column in the table of all cells to the count and channel that it holds."""
    compartment = "Cells" if any(name.startswith("Cells_") for name in cells) else "Nuclei"
    counts = [name for name in spots if name.startswith("n_")]
    return {f"{compartment}_Spots_{name}_{one}": (name, one) for one in channels for name in counts}


def well_summary(cells: pd.DataFrame) -> pd.DataFrame:
    """One row on the cells of a well: how many, and mean and median of each feature of the complete ones.

    Cells that touch the edge of their image are cut off, so they are no measure of size or counts. A well without
    complete cells has no means and medians (missing). A nucleus in no cell is no cell.
    """
    complete = complete_cells(cells)
    values = complete[feature_names(cells.columns)]
    n_cells = int((~cells["is_in_no_cell"].astype(bool)).sum())
    row: dict[str, object] = {"n_cells": n_cells, "n_complete": len(complete)}
    row |= {f"mean_{name}": value for name, value in values.mean().items()}
    row |= {f"median_{name}": value for name, value in values.median().items()}
    return pd.DataFrame([row])


def _doubts(files: WellFiles, nuclei: pd.DataFrame) -> str:
    """Why the well was left out; or the doubts of all sites, each once, with what they are about."""
    if reason := read_index(files.index).left_out:
        return f"{LEFT_OUT}: {reason}"
    parts = list(_stated("nuclei", nuclei["doubts"]))
    if files.thresholds is not None:
        images = read_table(files.thresholds, WELL_SPOT_THRESHOLDS, of_well=True)
        for channel, own in images.groupby("channel", sort=False):
            parts += _stated(f"spots of {channel}", own["doubts"])
    return "; ".join(parts) or _NO_DOUBT


def _stated(about: str, doubts: pd.Series) -> Iterator[str]:
    words = dict.fromkeys(word for text in doubts for word in text.split(", ") if word != _NO_DOUBT)
    if words:
        yield f"{about}: {', '.join(words)}"
