"""Draw true against predicted values of a model: manifest.parquet, predictions.parquet → predictions_{model}.svg."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.dataset.tables import MANIFEST
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table
from wellspring.training.report.predictions import predicted_cells, predictions_figure, stratum_column
from wellspring.training.tables import PREDICTIONS

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, manifest: Path, predictions: list[Path], figure: Path, model: str, columns: list[str], target_channel: str
) -> None:
    """Read the manifest and the predictions of every regime and seed of one model; draw the test cells."""
    cells = read_table(manifest, MANIFEST)
    stratum = stratum_column(columns, available=list(cells.columns))
    predicted = pd.concat([read_table(path, PREDICTIONS) for path in predictions], ignore_index=True)
    tested = predicted_cells(predicted, cells, stratum=stratum)
    print(tested.groupby(["regime", "seed", "stratum"]).size().to_string())
    save_figure(predictions_figure(tested, model=model, stratum=stratum, target_channel=target_channel), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            manifest=Path(snakemake.input.manifest),
            predictions=[Path(path) for path in snakemake.input.predictions],
            figure=Path(snakemake.output.figure),
            model=snakemake.wildcards.model,
            columns=snakemake.params.columns,
            target_channel=snakemake.params.target_channel,
        )
