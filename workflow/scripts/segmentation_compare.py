"""Scores and examples of held-out wells → the comparison as a figure (SVG) and a table (CSV)."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.segmentation.learned.examples import read_examples
from wellspring.segmentation.report.trained import draw_compared
from wellspring.segmentation.tables import NUCLEUS_SCORES
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, scores: Path, examples: Path, figure: Path, table: Path) -> None:
    """Draw the `examples` with what each method found, and write the `scores` as text."""
    found = read_table(scores, NUCLEUS_SCORES)
    save_figure(draw_compared(read_examples(examples), found), figure)
    write_table(found, table, NUCLEUS_SCORES)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            scores=Path(snakemake.input.scores),
            examples=Path(snakemake.input.examples),
            figure=Path(snakemake.output.figure),
            table=Path(snakemake.output.table),
        )
