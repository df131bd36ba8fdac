"""Compare all runs on the test cells: predictions of each run → metrics.parquet, differences.parquet."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.tables import read_table, write_table
from wellspring.training.metrics import evaluated
from wellspring.training.tables import DIFFERENCES, METRICS, PREDICTIONS

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, predictions: list[Path], metrics: Path, differences: Path, huber_delta: float, bootstrap_samples: int, seed: int
) -> None:
    """Read the runs' predictions and write their metrics, and the differences of models and regimes."""
    tables = [read_table(path, PREDICTIONS) for path in predictions]
    found = evaluated(tables, huber_delta=huber_delta, bootstrap_samples=bootstrap_samples, seed=seed)
    print(found.metrics.to_string())
    print(found.differences.to_string())
    write_table(found.metrics, metrics, METRICS)
    write_table(found.differences, differences, DIFFERENCES)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            predictions=[Path(path) for path in snakemake.input.predictions],
            metrics=Path(snakemake.output.metrics),
            differences=Path(snakemake.output.differences),
            huber_delta=snakemake.params.huber_delta,
            bootstrap_samples=snakemake.params.bootstrap_samples,
            seed=snakemake.params.seed,
        )
