"""Index of one well → measures of each image (Parquet) and its small images (NPZ)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.quality import job
from wellspring.quality.images import write_small_sites
from wellspring.quality.tables import IMAGE_QUALITY
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    channels: Sequence[str],
    projection: str,
    background: Mapping[str, float],
    bright_sd: float,
    images: Path,
    small: Path,
) -> None:
    """Measure the `channels` of the well behind `index`; write the table `images` and the `small` images."""
    well = read_index(index)
    sites = read_sites(well, projection=projection, wanted=channels)
    measured = job.run(sites, key=(well.plate, well.well), background=background, bright_sd=bright_sd)
    print(measured.images.to_string())
    write_table(measured.images, images, IMAGE_QUALITY)
    write_small_sites(small, measured.small, channels=channels)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            channels=snakemake.params.channels,
            projection=snakemake.params.projection,
            background=snakemake.params.background,
            bright_sd=snakemake.params.bright_sd,
            images=Path(snakemake.output.images),
            small=Path(snakemake.output.small),
        )
