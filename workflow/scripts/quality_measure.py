"""TIFF files of one well → measures of each image (Parquet) and its small images (NPZ)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.images import write_small_sites
from wellspring.quality.sites import measured_well
from wellspring.quality.tables import IMAGE_QUALITY
from wellspring.raw.tiff import read_sites
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    path: Path,
    key: tuple[str, str],
    raw: Mapping[str, Any],
    background: Mapping[str, float],
    quality: Mapping[str, Any],
    output: tuple[Path, Path],
) -> None:
    """Measure the images of the well `key` = (plate, well) at `path`; write `output` = (table, small images)."""
    sites = read_sites(path, well=key[1], **raw)
    measured = measured_well(sites, key=key, background=background, **quality)
    print(measured.images.to_string())
    write_table(measured.images, output[0], IMAGE_QUALITY)
    write_small_sites(output[1], measured.small, channels=quality["channels"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            key=(snakemake.wildcards.plate, snakemake.wildcards.well),
            raw=snakemake.params.raw,
            background=snakemake.params.background,
            quality=snakemake.params.quality,
            output=(Path(snakemake.output.images), Path(snakemake.output.small)),
        )
