"""Draw thresholds and counts per cell of all wells: tables of the stage spots → spots.csv, spot_*.svg."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.spots.report.figures import counts_figure, curves_figure, spots_table
from wellspring.spots.tables import (
    SPOT_QUALITY,
    WELL_SPOT_CURVES,
    WELL_SPOT_THRESHOLDS,
    WELL_SPOTS,
    WELL_SPOTS_PER_CELL,
)
from wellspring.tables import Table, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    spots: Sequence[Path],
    cells: Sequence[Path],
    thresholds: Sequence[Path],
    curves: Sequence[Path],
    output: tuple[Path, Path, Path],
) -> None:
    """Read the tables of all wells; write `output` = (table, figure of the curves, figure of the counts)."""
    chosen, counts = _joined(thresholds, WELL_SPOT_THRESHOLDS), _joined(cells, WELL_SPOTS_PER_CELL)
    table = spots_table(chosen, counts, _joined(spots, WELL_SPOTS))
    print(table.to_string())
    write_table(table, output[0], SPOT_QUALITY)
    save_figure(curves_figure(_joined(curves, WELL_SPOT_CURVES), chosen), output[1])
    save_figure(counts_figure(counts, chosen), output[2])


def _joined(paths: Sequence[Path], table: Table) -> pd.DataFrame:
    return pd.concat([read_table(path, table) for path in paths], ignore_index=True)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            **{name: [Path(path) for path in paths] for name, paths in snakemake.input.items()},
            output=(Path(snakemake.output.table), Path(snakemake.output.curves), Path(snakemake.output.counts)),
        )
