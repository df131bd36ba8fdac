"""Means of all wells → the chapter on brightness, its table and its figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.brightness.report.chapter import brightness_chapter, draw_means
from wellspring.brightness.tables import BRIGHTNESS

from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, means: Sequence[Path], captions: Sequence[Path], table: Path, figure: Path, chapter: Path) -> None:
    """Write the `table` and the `figure` of all wells, and what is to be said of them to `chapter`."""
    found = read_tables(means, BRIGHTNESS)
    write_table(found, table, BRIGHTNESS)
    save_figure(draw_means(found), figure)
    files = {"table": table, "figure": figure}
    write_chapter(brightness_chapter(found, files=files, captions=read_captions(captions)), chapter)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            means=[Path(file) for file in snakemake.input.means],
            captions=[Path(file) for file in snakemake.input.captions],
            table=Path(snakemake.output.table),
            figure=Path(snakemake.output.figure),
            chapter=Path(snakemake.output.chapter),
        )
