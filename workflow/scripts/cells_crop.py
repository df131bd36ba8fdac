"""Index of one well (and labels of its images) → cell table (Parquet) and crop shard (Arrow)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.cells import job
from wellspring.cells.tables import CELLS
from wellspring.jobs import logged_job
from wellspring.quality.correction import read_correction
from wellspring.raw.index import read_index
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    labels: Path | None,
    correction: Path | None,
    left_out: Sequence[str],
    raw: Mapping[str, Any],
    image_size: int,
    cells: Path,
    crops: Path,
    others: Path | None = None,
) -> None:
    """Cut the cells of the well behind `index`; `raw` holds the keys of the config that its pixels are read by."""
    well = read_index(index)
    applied = read_correction(correction, left_out=left_out)
    table = job.run(well, labels, applied, crops, settings=raw, image_size=image_size, others=others)
    print(f"{len(table)} cells, {table['is_cropped'].sum()} larger than {image_size} px")
    write_table(table, cells, CELLS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            labels=Path(given.labels) if given.labels else None,
            others=Path(given.others) if given.others else None,
            correction=Path(given.correction) if given.correction else None,
            left_out=snakemake.params.left_out,
            raw=snakemake.params.raw,
            image_size=snakemake.params.image_size,
            cells=Path(snakemake.output.cells),
            crops=Path(snakemake.output.crops),
        )
