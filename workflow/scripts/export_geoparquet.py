"""Features and labels of one well → outlines of its cells as GeoParquet."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.cells.tables import MEASURED
from wellspring.export.geoparquet import write_outlines
from wellspring.jobs import logged_job
from wellspring.raw.index import read_index
from wellspring.segmentation.labels import read_labels
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, index: Path, measured: Path, nuclei: Path, cells: Path | None, has_nuclei: bool, outlines: Path) -> None:
    """Write the file `outlines`; labels are those of `cells`, or of `nuclei` where no cells are segmented."""
    table = read_table(measured, MEASURED, of_well=True)
    write_outlines(
        outlines,
        table,
        labels=read_labels(cells or nuclei, of_well=True),
        nuclei=read_labels(nuclei, of_well=True) if cells is not None and has_nuclei else None,
        pixel_size_um=read_index(index).pixel_size_um,
    )
    print(f"{len(table)} cells")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            measured=Path(given.measured),
            nuclei=Path(given.nuclei),
            cells=Path(given.cells) if given.cells else None,
            has_nuclei=snakemake.params.has_nuclei,
            outlines=Path(snakemake.output.outlines),
        )
