"""Numbers of one stain under corrupted light → their figure (SVG)."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.labelling.corruptions.tables import LABELLING_STABILITY, LABELLING_TOLERANCE
from wellspring.labelling.report.limits import draw_stability
from wellspring.report.style import save_figure
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, curves: Path, tolerances: Path, off: float, figure: Path) -> None:
    """Draw the curves of one stain."""
    found = read_table(curves, LABELLING_STABILITY), read_table(tolerances, LABELLING_TOLERANCE)
    save_figure(draw_stability(*found, off=off), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            curves=Path(snakemake.input.curves),
            tolerances=Path(snakemake.input.tolerances),
            off=float(snakemake.params.off),
            figure=Path(snakemake.output.figure),
        )
