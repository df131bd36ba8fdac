"""Sum up remove and retrain: one table per retraining → roar.csv, roar.svg."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.attribution.report.validation import roar_figure
from wellspring.attribution.tables import ROAR, ROAR_SUMMARY
from wellspring.attribution.trust import roar_summary
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, errors: Sequence[Path], table: Path, figure: Path) -> None:
    """Join the errors of all retrainings; write their means with intervals, and the figure."""
    summary = roar_summary(pd.concat([read_table(path, ROAR) for path in errors], ignore_index=True))
    print(summary.to_string())
    write_table(summary, table, ROAR_SUMMARY)
    save_figure(roar_figure(summary), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            errors=[Path(path) for path in snakemake.input.errors],
            table=Path(snakemake.output.table),
            figure=Path(snakemake.output.figure),
        )
