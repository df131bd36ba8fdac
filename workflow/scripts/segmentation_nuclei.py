"""Index of one well → label images of its nuclei (OME-TIFF, one image per site)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.segmentation import job
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.settings import SegmentationSettings
from wellspring.settings import settings_of

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
) -> None:
    """Label the nuclei of every kept site of the well behind `index`; one site at a time is in memory."""
    well, settings = read_index(index), settings_of(SegmentationSettings, segmentation)
    correction = read_correction(illumination, sites, plate=well.plate, well=well.well)
    raw = read_sites(well, projection=projection, wanted=[job.seed_channel(settings)])
    images = corrected(raw, correction, background=background)
    write_labels(labels, job.run_nuclei(images, settings), pixel_size_um=well.pixel_size_um)


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
        )
