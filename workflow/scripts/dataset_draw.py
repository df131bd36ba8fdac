"""Draw the dataset: manifest.parquet → dataset.csv, dataset.svg."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.dataset.report.composition import composition_table, dataset_figure
from wellspring.dataset.tables import COMPOSITION, MANIFEST
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, manifest: Path, table: Path, figure: Path, columns: list[str], target_channel: str) -> None:
    """Read the manifest; write cells per set and annotation, and the figure of the target."""
    cells = read_table(manifest, MANIFEST)
    composition = composition_table(cells, columns=columns)
    print(composition.to_string())
    write_table(composition, table, COMPOSITION)
    save_figure(dataset_figure(cells, columns=columns, target_channel=target_channel), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            manifest=Path(snakemake.input.manifest),
            table=Path(snakemake.output.table),
            figure=Path(snakemake.output.figure),
            columns=snakemake.params.columns,
            target_channel=snakemake.params.target_channel,
        )
