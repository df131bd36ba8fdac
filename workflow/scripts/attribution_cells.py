"""Manifest of the dataset → the cells that every run explains, and those whose maps are kept (Parquet)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.attribution.selection import explained_cells
from wellspring.attribution.tables import EXPLAINED_CELLS
from wellspring.dataset.tables import MANIFEST
from wellspring.jobs import logged_job
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, manifest: Path, split: str, max_cells: int | None, map_cells: Sequence[str], cells: Path) -> None:
    """Choose cells of the `manifest`, those that the config names among them; write the table `cells`."""
    found = explained_cells(read_table(manifest, MANIFEST), split=split, max_cells=max_cells, named=map_cells)
    print(f"{len(found)} cells of split {split}, of each level: {found['level'].value_counts().to_dict()}")
    write_table(found, cells, EXPLAINED_CELLS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            manifest=Path(snakemake.input.manifest),
            split=snakemake.params.split,
            max_cells=snakemake.params.max_cells,
            map_cells=snakemake.params.map_cells,
            cells=Path(snakemake.output.cells),
        )
