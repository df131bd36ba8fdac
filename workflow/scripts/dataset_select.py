"""Cell table and crops of one well → its manifest, its counts per criterion, its training cells' histograms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.cells.shards import Shard
from wellspring.cells.tables import CELLS
from wellspring.dataset.crops import crop_of
from wellspring.dataset.histograms import Histogram, channel_histograms, save_histogram
from wellspring.dataset.selection import make_manifest, select_cells
from wellspring.dataset.splitting import split_cells
from wellspring.dataset.tables import FILTERED, MANIFEST
from wellspring.jobs import logged_job
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    cells: Path,
    crops: Path,
    target_channel: str,
    drop: Sequence[Mapping[str, Any]],
    keep: Mapping[str, Sequence[Any]],
    split: Mapping[str, Any],
    manifest: Path,
    filtered: Path,
    histogram: Path,
) -> None:
    """Choose and split the cells of one well by the config's `drop`, `keep` and `split`; count what its pixels hold."""
    table, shard = read_table(cells, CELLS), Shard(crops)
    selection = select_cells(table, plate=shard.header.plate, well=shard.header.well, drop=drop, keep=keep)
    print(selection.filtered.to_string(index=False))
    splits = split_cells(table.iloc[selection.rows], **split)
    chosen = make_manifest(table, rows=selection.rows, split=splits, target_channel=target_channel)
    training = chosen.loc[chosen["split"] == "train", ["row", "object_id"]].itertuples(index=False)
    used = (crop_of(shard, row=row, object_id=object_id) for row, object_id in training)
    counts = channel_histograms(used, n_channels=len(shard.header.channels))
    print(chosen["split"].value_counts().to_string())
    write_table(selection.filtered, filtered, FILTERED)
    save_histogram(histogram, Histogram(shard.header, counts))
    write_table(chosen, manifest, MANIFEST)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            cells=Path(snakemake.input.cells),
            crops=Path(snakemake.input.crops),
            target_channel=snakemake.params.target_channel,
            drop=snakemake.params.filter,
            keep=snakemake.params.select,
            split=snakemake.params.split,
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
