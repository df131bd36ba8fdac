"""Index of one well, labels of its nuclei and cells → features of every cell (Parquet)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.cells.features import job
from wellspring.cells.settings import FeatureSettings
from wellspring.jobs import logged_job
from wellspring.quality.correction import read_correction
from wellspring.raw.index import read_index
from wellspring.settings import settings_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    seeds: Path,
    cells: Path | None,
    correction: Path | None,
    left_out: Sequence[str],
    has_nuclei: bool,
    raw: Mapping[str, Any],
    features: Mapping[str, Any],
    measured: Path,
) -> None:
    """Measure the cells of every kept site of the well behind `index`, by the config's block `features`."""
    well, settings = read_index(index), settings_of(FeatureSettings, features)
    applied = read_correction(correction, left_out=left_out)
    found = job.run(well, seeds, cells, applied, settings, has_nuclei=has_nuclei, raw=raw)
    has_cells = cells is not None
    table = job.measured_table(settings, channels=well.channels, has_nuclei=has_nuclei, has_cells=has_cells)
    write_table(found, measured, table)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            seeds=Path(given.seeds),
            cells=Path(given.cells) if given.cells else None,
            correction=Path(given.correction) if given.correction else None,
            left_out=snakemake.params.left_out,
            has_nuclei=snakemake.params.has_nuclei,
            raw=snakemake.params.raw,
            features=snakemake.params.features,
            measured=Path(snakemake.output.measured),
        )
