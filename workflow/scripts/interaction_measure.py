"""Index of one well of single cells → numbers of each cell (Parquet)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.interaction.job import measured_images
from wellspring.interaction.settings import MeasureSettings
from wellspring.interaction.tables import INTERACTION
from wellspring.jobs import logged_job
from wellspring.raw.dypfish import read_cell_images
from wellspring.raw.index import read_index
from wellspring.settings import settings_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, index: Path, measure: Mapping[str, Any], cells: Path) -> None:
    """Measure the images of the well behind `index` and write the table `cells`."""
    well = read_index(index)
    found = measured_images(
        read_cell_images(well), settings_of(MeasureSettings, measure), plate=well.plate, well=well.well
    )
    print(f"{len(found)} cells, {int((found['remark'] != 'none').sum())} with a remark")
    write_table(found, cells, INTERACTION)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            measure=snakemake.params.measure,
            cells=Path(snakemake.output.cells),
        )
