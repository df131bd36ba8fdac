"""Index of one well, its nuclei, cells and doubtful borders → tables of its spots (Parquet)."""

from collections.abc import Mapping, Sequence
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
from wellspring.spots.tables import WELL_SPOT_MARKS
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    left_out: Sequence[str],
    background: Mapping[str, float],
    spots: Mapping[str, Any],
    nuclei: Path | None,
    cells: Path | None,
    borders: Path | None,
    marks: Path | None,
    output: Mapping[str, Path],
) -> None:
    """Find the spots in every kept site of the well behind `index`; write `output`, a file per table."""
    well, settings = read_index(index), settings_of(SpotSettings, spots)
    applied = read_correction(correction, left_out=left_out)
    images = corrected(read_stacks(well, wanted=settings.channels), applied, background=background)
    paths = (nuclei, cells, borders)
    labels, of_cells, others = (None if path is None else read_labels(path, of_well=True) for path in paths)
    marked = None if marks is None else read_table(marks, WELL_SPOT_MARKS)
    found = job.run(images, labels, of_cells, settings, key=(well.plate, well.well), borders=others, marks=marked)
    for name, table in TABLES.items():
        write_table(getattr(found, name), output[name], table)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            correction=Path(given.correction) if given.correction else None,
            left_out=snakemake.params.left_out,
            background=snakemake.params.background,
            spots=snakemake.params.spots,
            nuclei=Path(given.nuclei) if given.nuclei else None,
            cells=Path(given.cells) if given.cells else None,
            borders=Path(given.borders) if given.borders else None,
            marks=Path(str(given.marks)) if given.get("marks") else None,
            output={name: Path(file) for name, file in snakemake.output.items()},
        )
