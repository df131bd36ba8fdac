"""Fields of all wells → a small picture of each well (Parquet)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.profiling.fields import each_well
from wellspring.profiling.tables import THUMBNAILS
from wellspring.profiling.thumbnails import thumbnails
from wellspring.tables import empty_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, fields: Sequence[Path], output: Path) -> None:
    """Draw the first field of each well that has one, one well in memory at a time, and write `output`."""
    pictures = [thumbnails(one) for one in each_well(fields) if len(one.keys)]
    table = pd.concat(pictures, ignore_index=True) if pictures else empty_table(THUMBNAILS)
    write_table(table, output, THUMBNAILS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            fields=[Path(path) for path in snakemake.input.fields],
            output=Path(snakemake.output.thumbnails),
        )
