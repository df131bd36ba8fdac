"""Table of all cells → the cells of one plate as a cytomining profile (Parquet)."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.export.cells import columns_of_cells
from wellspring.export.tables import write_cytomining
from wellspring.jobs import logged_job

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, cells: Path, plate: str, profiles: Path) -> None:
    """Write the rows of `plate` in the table `cells` to `profiles`."""
    n_cells = write_cytomining(profiles, cells, plate=plate, columns=columns_of_cells(cells, channels=[]))
    print(f"{profiles}: {n_cells} cells")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            cells=Path(snakemake.input.cells),
            plate=snakemake.wildcards.plate,
            profiles=Path(snakemake.output.profiles),
        )
