"""Cell table and crops of one well → its manifest, its counts per criterion, its training cells' histograms."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.cells.shards import shard_of_well
from wellspring.cells.tables import CELLS
from wellspring.dataset import job
from wellspring.dataset.histograms import save_histogram
from wellspring.dataset.settings import SelectionSettings
from wellspring.dataset.tables import FILTERED, MANIFEST
from wellspring.jobs import logged_job
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    cells: Path,
    crops: Path,
    annotations: Mapping[str, str | None],
    selection: Mapping[str, Any],
    manifest: Path,
    filtered: Path,
    histogram: Path,
) -> None:
    """Choose and split the cells of one well by `selection` and `annotations`; count what its pixels hold."""
    settings = settings_of(SelectionSettings, selection)
    table = read_table(cells, CELLS, of_well=True)
    well = job.run(table, shard_of_well(crops), annotations=annotations, settings=settings)
    print(well.filtered.to_string(index=False))
    print(well.manifest["split"].value_counts().to_string())
    write_table(well.filtered, filtered, FILTERED)
    save_histogram(histogram, well.histogram)
    write_table(well.manifest, manifest, MANIFEST)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            cells=Path(snakemake.input.cells),
            crops=Path(snakemake.input.crops),
            annotations=snakemake.params.annotations,
            selection=snakemake.params.selection,
            manifest=Path(snakemake.output.manifest),
            filtered=Path(snakemake.output.filtered),
            histogram=Path(snakemake.output.histogram),
        )
