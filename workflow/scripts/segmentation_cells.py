"""TIFF files of one well and its nuclei → label images of its cells (OME-TIFF), table of flagged objects (Parquet)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.jobs import logged_job
from wellspring.raw.tiff import read_stacks
from wellspring.segmentation.flags import count_flags
from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.segmentation.sites import cells_of_site, channel_of
from wellspring.segmentation.tables import WELL_SEGMENTED
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    path: Path,
    key: tuple[str, str],
    raw: Mapping[str, Any],
    cells: Mapping[str, Any],
    nuclei: Path,
    output: tuple[Path, Path],
) -> None:
    """Label the cells of every site of the well `key` = (plate, well); write `output` = (labels, flags)."""
    wanted, settings = channel_of(cells)
    tables: list[pd.DataFrame] = []

    def labelled() -> Iterator[tuple[str, NDArray[np.uint32]]]:
        for site in read_stacks(path, well=key[1], wanted=wanted, **raw):
            stain = next(iter(site.stacks.values()), None)
            labels, objects = cells_of_site(stain, read_labels(nuclei)[site.site], **settings)
            tables.append(objects.assign(plate=key[0], well=key[1], site=site.site))
            yield site.site, labels

    size = next(read_stacks(path, well=key[1], wanted=[], **raw)).pixel_size_um
    write_labels(output[0], labelled(), pixel_size_um=size)
    write_table(pd.concat(tables, ignore_index=True), output[1], WELL_SEGMENTED)
    print(*(count_flags(table).to_string() for table in tables), sep="\n")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            key=(snakemake.wildcards.plate, snakemake.wildcards.well),
            raw=snakemake.params.raw,
            cells=snakemake.params.cells,
            nuclei=Path(snakemake.input.nuclei),
            output=(Path(snakemake.output.labels), Path(snakemake.output.objects)),
        )
