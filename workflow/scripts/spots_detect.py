"""Index of one well, its nuclei, cells and doubtful borders → tables of its spots (Parquet)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_stacks
from wellspring.raw.index import read_index
from wellspring.segmentation.labels import read_labels
from wellspring.settings import settings_of
from wellspring.spots import job
from wellspring.spots.images import TABLES
from wellspring.spots.settings import SpotSettings
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    illumination: Path | None,
    sites: Path | None,
    background: Mapping[str, float],
    spots: Mapping[str, Any],
    nuclei: Path,
    cells: Path,
    borders: Path | None,
    output: Mapping[str, Path],
) -> None:
    """Find the spots in every kept site of the well behind `index`; write `output`, a file per table."""
    well, settings = read_index(index), settings_of(SpotSettings, spots)
    correction = read_correction(illumination, sites, plate=well.plate, well=well.well)
    images = corrected(read_stacks(well, wanted=settings.channels), correction, background=background)
    labels = read_labels(nuclei), read_labels(cells)
    others = None if borders is None else read_labels(borders)
    found = job.run(images, *labels, settings, key=(well.plate, well.well), borders=others)
    for name, table in TABLES.items():
        write_table(getattr(found, name), output[name], table)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            illumination=Path(given.illumination) if given.illumination else None,
            sites=Path(given.sites) if given.sites else None,
            background=snakemake.params.background,
            spots=snakemake.params.spots,
            nuclei=Path(given.nuclei),
            cells=Path(given.cells),
            borders=Path(given.borders) if given.borders else None,
            output={name: Path(file) for name, file in snakemake.output.items()},
        )
