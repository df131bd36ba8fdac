"""Index, labels and features of one well → its group in the OME-Zarr plate, and the record of that."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.cells.tables import MEASURED
from wellspring.export.plate_zarr import write_record, write_well
from wellspring.export.pyramids import Version
from wellspring.jobs import logged_job
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.segmentation.labels import read_labels
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    labels: Mapping[str, Path],
    measured: Path | None,
    projection: str,
    nucleus_channel: str | None,
    n_columns: int,
    version: Version,
    record: Path,
) -> None:
    """Write the well behind `index`, with the `labels` by name, into the plate, and the `record`."""
    well = read_index(index)
    # Next to the folder of the records.
    plate = record.parents[2] / f"{well.plate}.ome.zarr"
    found = write_well(
        plate,
        read_sites(well, projection=projection),
        well=well.well,
        labels={name: read_labels(path, of_well=True) for name, path in labels.items()},
        cells=read_table(measured, MEASURED, of_well=True) if measured is not None else None,
        nucleus_channel=nucleus_channel,
        n_columns=n_columns,
        version=version,
    )
    write_record(record, found)
    print(found)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given, params = snakemake.input, snakemake.params
        files = {"nuclei": given.nuclei if params.has_nuclei else [], "cells": given.cells}
        main(
            index=Path(given.index),
            labels={name: Path(path) for name, path in files.items() if path},
            measured=Path(given.measured) if given.measured else None,
            projection=params.projection,
            nucleus_channel=params.nucleus_channel,
            n_columns=params.n_columns,
            version=params.version,
            record=Path(snakemake.output.record),
        )
