"""Index of one well, weights of a network → the places that it marks (Parquet)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.models.starting import prepare_networks
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_stacks
from wellspring.raw.index import read_index
from wellspring.settings import settings_of
from wellspring.spots.enhanced.job import marks_of_well
from wellspring.spots.settings import SpotSizes
from wellspring.spots.tables import WELL_SPOT_MARKS
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    weights: Path,
    left_out: Sequence[str],
    background: Mapping[str, float],
    sizes: Mapping[str, Any],
    channels: Sequence[str],
    threads: int,
    marks: Path,
) -> None:
    """Mark the spots in every kept site of the well behind `index`; write `marks`."""
    prepare_networks(threads=threads)
    well, applied = read_index(index), read_correction(correction, left_out=left_out)
    images = corrected(read_stacks(well, wanted=channels), applied, background=background)
    found = marks_of_well(images, settings_of(SpotSizes, sizes), weights=weights, key=(well.plate, well.well))
    write_table(found, marks, WELL_SPOT_MARKS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            correction=Path(given.correction) if given.correction else None,
            weights=Path(given.weights),
            left_out=snakemake.params.left_out,
            background=snakemake.params.background,
            sizes=snakemake.params.sizes,
            channels=snakemake.params.channels,
            threads=snakemake.threads,
            marks=Path(snakemake.output.marks),
        )
