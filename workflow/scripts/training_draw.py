"""Compare the models: metrics.parquet, manifest.parquet, histories, published figures → metrics.csv, two figures."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.dataset.tables import MANIFEST
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table
from wellspring.training.report.comparison import (
    comparison_table,
    histories_figure,
    metrics_figure,
    read_published,
    run_of,
    validation_baseline_mae,
)
from wellspring.training.tables import COMPARISON, HISTORY, METRICS

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    metrics: Path,
    manifest: Path,
    histories: list[Path],
    published: Path | None,
    table: Path,
    metrics_svg: Path,
    histories_svg: Path,
) -> None:
    """Write the table of all metrics beside the published ones, and the figures of metrics and histories."""
    comparison = comparison_table(read_table(metrics, METRICS), read_published(published))
    print(comparison.to_string())
    write_table(comparison, table, COMPARISON)
    save_figure(metrics_figure(comparison), metrics_svg)
    runs = {run_of(path): read_table(path, HISTORY) for path in histories}
    baseline_mae = validation_baseline_mae(read_table(manifest, MANIFEST))
    save_figure(histories_figure(runs, baseline_mae=baseline_mae), histories_svg)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            metrics=Path(snakemake.input.metrics),
            manifest=Path(snakemake.input.manifest),
            histories=[Path(path) for path in snakemake.input.histories],
            published=Path(snakemake.input.published) if snakemake.input.published else None,
            table=Path(snakemake.output.table),
            metrics_svg=Path(snakemake.output.metrics),
            histories_svg=Path(snakemake.output.histories),
        )
