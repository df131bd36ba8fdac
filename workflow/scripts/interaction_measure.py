"""Index of one well of cells, with labels and spots where these are images of fields → numbers of each cell
(Parquet)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.interaction.files import WellFiles
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


def main(*, files: WellFiles, measure: Mapping[str, Any], reading: Mapping[str, Any] | None, cells: Path) -> None:
    """Measure the cells of the well behind the index in `files` and write the table `cells`.

    `reading`: images (the blocks channels and mtoc), positions, spacing_um, background, left_out; None where each image
    is a cell.
    """
    well, settings = read_index(files.index), settings_of(MeasureSettings, measure)
    if reading is None:
        images = read_cell_images(well)
    else:
        # Imported where a study has images: these libraries take longer to load than the cells of a file to measure.
        from wellspring.interaction.reading import cells_of_fields

        images, settings = cells_of_fields(well, files, settings=settings, **reading)
    key = {"plate": well.plate, "well": well.well}
    found = measured_images(images, settings, **key, has_molecules=reading is not None)
    print(f"{len(found)} cells, {int((found['remark'] != 'none').sum())} with a remark")
    write_table(found, cells, INTERACTION)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given, params = snakemake.input, snakemake.params
        names = ("correction", "spots", "nuclei", "cells", "mtocs")
        paths = {name: Path(given[name]) if given[name] else None for name in names}
        keys = ("images", "positions", "spacing_um", "background", "left_out")
        main(
            files=WellFiles(index=Path(given.index), **paths),
            measure=params.measure,
            reading=None if params.images is None else {key: params[key] for key in keys},
            cells=Path(snakemake.output.cells),
        )
