"""Numbers of all wells → tables that MultiQC shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.export.multiqc import write_heatmap, write_wells
from wellspring.jobs import logged_job
from wellspring.plates.tables import PLATE_WELLS
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, numbers: Path, wells: Path, plates: Sequence[Path]) -> None:
    """Write the table `wells`, and a heat map of each of the `plates`, which name the files."""
    table = read_table(numbers, PLATE_WELLS)
    write_wells(wells, table)
    for path in plates:
        write_heatmap(path, table, plate=path.name.removesuffix("_mqc.tsv"))
    print(f"{len(table)} wells")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            numbers=Path(snakemake.input.wells),
            wells=Path(snakemake.output.wells),
            plates=[Path(path) for path in snakemake.output.plates],
        )
