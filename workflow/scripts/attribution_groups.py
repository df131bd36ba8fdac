"""Group the channels: manifest, normalization, crop shards, table of markers → correlation and groups."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.attribution.groups import (
    correlation_groups,
    correlation_in_training_cells,
    correlation_table,
    marker_groups,
)
from wellspring.attribution.settings import GroupSettings
from wellspring.attribution.tables import CORRELATION, GROUPS
from wellspring.dataset.loader import CropLoader
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.jobs import logged_job
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table
from wellspring.training.sources import crops_folder

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Any], outputs: Mapping[str, str], params: Any) -> None:
    """Correlate the channels in some training cells and group them, by that and by marker; write both tables."""
    manifest = read_table(Path(inputs["manifest"]), MANIFEST)
    loader = CropLoader(
        manifest,
        crops_folder=crops_folder(inputs["crops"]),
        normalization=read_table(Path(inputs["normalization"]), NORMALIZATION),
        image_size=params["image_size"],
        exclude_channel=params["target_channel"],
    )
    channels = list(params["input_channels"] or loader.channels)
    settings = settings_of(GroupSettings, params["groups"])
    correlation = correlation_in_training_cells(loader, manifest["split"], channels=channels, n_cells=settings.cells)
    found = [correlation_groups(correlation, channels=channels, min_correlation=settings.min_correlation)]
    if inputs["markers"]:
        found.append(marker_groups(pd.read_csv(inputs["markers"]), channels=channels))
    groups = pd.concat(found, ignore_index=True)
    print(groups.to_string())
    write_table(correlation_table(correlation, channels=channels), Path(outputs["correlation"]), CORRELATION)
    write_table(groups, Path(outputs["groups"]), GROUPS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(inputs=snakemake.input, outputs=snakemake.output, params=snakemake.params)
