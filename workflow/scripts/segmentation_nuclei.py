"""Index of one well → label images of its nuclei (OME-TIFF, one image per site), table of its sites (Parquet)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.segmentation import job
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.settings import SegmentationSettings
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.settings import settings_of
from wellspring.tables import empty_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    illumination: Path | None,
    sites: Path | None,
    projection: str,
    background: Mapping[str, float],
    segmentation: Mapping[str, Any],
    labels: Path,
    about: Path,
) -> None:
    """Label the nuclei of every kept site of the well behind `index`; describe the sites in the table `about`."""
    well, settings = read_index(index), settings_of(SegmentationSettings, segmentation)
    correction = read_correction(illumination, sites, plate=well.plate, well=well.well)
    raw = read_sites(well, projection=projection, wanted=[job.seed_channel(settings)])
    images = corrected(raw, correction, background=background)
    rows: list[pd.DataFrame] = []

    def labelled() -> Iterator[tuple[str, NDArray[np.uint32]]]:
        for one in job.run_nuclei(images, settings, key=(well.plate, well.well)):
            rows.append(one.about)
            yield one.site, one.labels

    write_labels(labels, labelled(), pixel_size_um=well.pixel_size_um)
    write_table(pd.concat(rows, ignore_index=True) if rows else empty_table(SITE_NUCLEI), about, SITE_NUCLEI)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            illumination=Path(given.illumination) if given.illumination else None,
            sites=Path(given.sites) if given.sites else None,
            projection=snakemake.params.projection,
            background=snakemake.params.background,
            segmentation=snakemake.params.segmentation,
            labels=Path(snakemake.output.labels),
            about=Path(snakemake.output.about),
        )
