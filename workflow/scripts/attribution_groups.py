"""Group the channels: manifest, normalization, crop shards, table of markers → correlation and groups."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wellspring.attribution.groups import correlation_groups, correlation_table, marker_groups, pixel_correlation
from wellspring.attribution.tables import CORRELATION, GROUPS
from wellspring.dataset.loader import CropLoader
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.jobs import logged_job
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, str], outputs: Mapping[str, str], params: Any) -> None:
    """Correlate the channels in some training cells and group them, by that and by marker; write both tables."""
    manifest = read_table(Path(inputs["manifest"]), MANIFEST)
    scaling = read_table(Path(inputs["normalization"]), NORMALIZATION)
    images = {"crops_folder": Path(params["crops_folder"]), "exclude_channel": params["target_channel"]}
    loader = CropLoader(manifest, normalization=scaling, image_size=params["image_size"], **images)
    channels = list(params["input_channels"] or loader.channels)
    places = [loader.channels.index(channel) for channel in channels]
    task = params["groups"]
    train = np.flatnonzero(manifest["split"] == "train")
    drawn = np.sort(np.random.default_rng(0).permutation(train)[: task["cells"]])
    pictures = (loader.batch([int(place)])[0][0] for place in drawn)
    pixels = (image[image[..., -1] > 0][:, places] for image in pictures)
    correlation = pixel_correlation(pixels, n_channels=len(channels))
    found = [correlation_groups(correlation, channels=channels, min_correlation=task["min_correlation"])]
    if inputs["markers"]:
        found.append(marker_groups(pd.read_csv(inputs["markers"]), channels=channels))
    groups = pd.concat(found, ignore_index=True)
    print(groups.to_string())
    write_table(correlation_table(correlation, channels=channels), Path(outputs["correlation"]), CORRELATION)
    write_table(groups, Path(outputs["groups"]), GROUPS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(inputs=snakemake.input, outputs=snakemake.output, params=snakemake.params)
