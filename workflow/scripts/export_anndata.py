"""Table of all cells → the cells of one plate as AnnData (.h5ad)."""

from pathlib import Path
from typing import TYPE_CHECKING

import wellspring
from wellspring.export.cells import columns_of_cells
from wellspring.export.tables import write_anndata
from wellspring.jobs import logged_job
from wellspring.raw.channels import read_channels

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, cells: Path, channels: Path, plate: str, h5ad: Path) -> None:
    """Write the rows of `plate` in the table `cells` to `h5ad`; `channels`: table of the channels of the wells."""
    columns = columns_of_cells(cells, channels=read_channels(channels))
    n_cells = write_anndata(h5ad, cells, plate=plate, columns=columns, about={"version": wellspring.__version__})
    print(f"{h5ad}: {n_cells} cells x {len(columns.features)} features")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            cells=Path(snakemake.input.cells),
            channels=Path(snakemake.input.channels),
            plate=snakemake.wildcards.plate,
            h5ad=Path(snakemake.output.h5ad),
        )
