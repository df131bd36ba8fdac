"""OME-Zarr plate and AnnData file of one plate → a SpatialData store, a view of both."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.export.spatialdata import write_spatialdata
from wellspring.jobs import logged_job

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, plate: Path, h5ad: Path, store: Path) -> None:
    """Write the folder of `store`; `plate`, `store`: the metadata file in the folder of each."""
    n_images = write_spatialdata(store.parent, plate=plate.parent, h5ad=h5ad)
    print(f"{store.parent}: {n_images} images")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            plate=Path(snakemake.input.plate),
            h5ad=Path(snakemake.input.h5ad),
            store=Path(snakemake.output.store),
        )
