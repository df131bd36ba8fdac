"""Table of the measured wells → the chapter on the cells and its plate maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.cells.report.chapter import cells_chapter, map_figure, most_different, shown_features
from wellspring.cells.tables import WELL_MEASURED
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    wells: Path,
    captions: Sequence[Path],
    features: Mapping[str, Any],
    has_cells: bool,
    output: Mapping[str, Path],
) -> None:
    """Draw the wells of the table `wells`; write the figures ``area`` and ``intensity`` and the ``chapter``."""
    table = read_table(wells, WELL_MEASURED)
    area, lights = shown_features(table, has_cells=has_cells)
    save_figure(map_figure(table, area), output["area"])
    save_figure(map_figure(table, most_different(table, lights)), output["intensity"])
    chapter = cells_chapter(
        table,
        features=features,
        has_cells=has_cells,
        files={**output, "wells": wells},
        captions=read_captions(captions),
    )
    write_chapter(chapter, output["chapter"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            wells=Path(snakemake.input.wells),
            captions=[Path(path) for path in snakemake.input.captions],
            features=snakemake.params.features,
            has_cells=snakemake.params.has_cells,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
