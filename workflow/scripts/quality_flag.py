"""Measures of the images of all wells → images judged beside their plate, and sites that are kept (Parquet)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.quality.outliers import flagged_images, kept_sites
from wellspring.quality.tables import FLAGGED_IMAGES, IMAGE_QUALITY, KEPT_SITES
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, wells: Sequence[Path], drop: bool, judging: Mapping[str, Any], output: tuple[Path, Path]) -> None:
    """Judge the images in the tables `wells`; write `output` = (images, sites)."""
    images = pd.concat([read_table(path, IMAGE_QUALITY) for path in wells], ignore_index=True)
    judged = flagged_images(images, **judging)
    sites = kept_sites(judged, drop=drop)
    print(f"{int(judged['is_flagged'].sum())} of {len(judged)} images flagged, {int(sites['is_kept'].sum())} of")
    print(f"{len(sites)} sites kept\n{sites[sites['is_flagged']].to_string()}")
    write_table(judged, output[0], FLAGGED_IMAGES)
    write_table(sites, output[1], KEPT_SITES)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            wells=[Path(path) for path in snakemake.input.images],
            drop=snakemake.params.drop,
            judging=snakemake.params.judging,
            output=(Path(snakemake.output.images), Path(snakemake.output.sites)),
        )
