"""Draw nuclei and cells of a few wells, count flagged objects of all: images, labels → segmentation.csv, .svg."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.segmentation.report.counts import segmentation_table
from wellspring.segmentation.report.overlays import overlay_figure, read_overlay
from wellspring.segmentation.tables import WELL_SEGMENTED, WELL_SEGMENTED_COUNTS
from wellspring.spots.tables import WELL_SPOTS
from wellspring.tables import empty_table, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    objects: Sequence[Path],
    wells: Sequence[tuple[str, str]],
    drawn: Sequence[tuple[str, str, str]],
    labels: tuple[Sequence[Path], Sequence[Path]],
    raw: Mapping[str, Any],
    channels: Sequence[str],
    output: tuple[Path, Path],
) -> None:
    """Count the objects of `wells`, draw those of `drawn` = (plate, well, path); write `output` = (table, figure)."""
    found = pd.concat([read_table(path, WELL_SEGMENTED) for path in objects], ignore_index=True)
    table = segmentation_table(found, wells=wells)
    print(table.to_string())
    write_table(table, output[0], WELL_SEGMENTED_COUNTS)
    spots = empty_table(WELL_SPOTS)
    overlays = [
        read_overlay(Path(path), key=(plate, well), raw=raw, nuclei=nuclei, cells=cells, spots=spots)
        for (plate, well, path), nuclei, cells in zip(drawn, *labels, strict=True)
    ]
    save_figure(overlay_figure(overlays, channels=channels, with_spots=False), output[1])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            objects=[Path(path) for path in snakemake.input.objects],
            wells=snakemake.params.wells,
            drawn=snakemake.params.drawn,
            labels=([Path(p) for p in snakemake.input.nuclei], [Path(p) for p in snakemake.input.cells]),
            raw=snakemake.params.raw,
            channels=snakemake.params.channels,
            output=(Path(snakemake.output.table), Path(snakemake.output.figure)),
        )
