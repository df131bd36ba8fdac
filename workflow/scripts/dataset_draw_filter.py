"""Draw how many cells each criterion removed: filtered.parquet → quality.csv, quality.svg."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.dataset.report.filtering import quality_figure, quality_table
from wellspring.dataset.tables import FILTERED, QUALITY
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, filtered: Path, table: Path, figure: Path) -> None:
    """Read what the criteria removed; write the table per well and its figure."""
    quality = quality_table(read_table(filtered, FILTERED))
    print(quality.to_string())
    write_table(quality, table, QUALITY)
    save_figure(quality_figure(quality), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            filtered=Path(snakemake.input.filtered),
            table=Path(snakemake.output.table),
            figure=Path(snakemake.output.figure),
        )
