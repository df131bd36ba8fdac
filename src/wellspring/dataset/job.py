"""From a well's cells to its part of the dataset."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from wellspring.cells.shards import Shard
from wellspring.dataset.annotations import add_annotations
from wellspring.dataset.crops import crop_of
from wellspring.dataset.histograms import Histogram, channel_histograms
from wellspring.dataset.selection import make_manifest, select_cells
from wellspring.dataset.settings import SelectionSettings
from wellspring.dataset.splitting import split_cells

__all__ = ["SelectedWell", "run"]


@dataclass(frozen=True)
class SelectedWell:
    """What a well adds to the dataset: tables `MANIFEST` and `FILTERED`, and its training cells' intensities."""

    manifest: pd.DataFrame
    filtered: pd.DataFrame
    histogram: Histogram


def run(
    cells: pd.DataFrame, shard: Shard, *, annotations: Mapping[str, str | None], settings: SelectionSettings
) -> SelectedWell:
    """Choose and split the cells of one well, and count the intensities of its training cells.

    Parameters
    ----------
    cells
        `CELLS` of the well, in the order of `shard`.
    annotations
        See `add_annotations`.
    """
    header = shard.header
    table = add_annotations(cells, annotations, source=f"{header.plate}/{header.well}")
    drop = [{"column": one.column, "drop": list(one.drop)} for one in settings.filter]
    selection = select_cells(table, plate=header.plate, well=header.well, drop=drop, keep=settings.select)
    splits = split_cells(table.iloc[selection.rows], **asdict(settings.split))
    chosen = make_manifest(table, rows=selection.rows, split=splits, target_channel=settings.target_channel)
    training = chosen.loc[chosen["split"] == "train", ["row", "object_id"]].itertuples(index=False)
    used = (crop_of(shard, row=row, object_id=object_id) for row, object_id in training)
    counts = channel_histograms(used, n_channels=len(header.channels))
    return SelectedWell(chosen, selection.filtered, Histogram(header, counts))
