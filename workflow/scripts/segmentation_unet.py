"""Index of one well, weights of a network → label images of its nuclei (OME-TIFF, an image per site)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wellspring.jobs import logged_job
from wellspring.models.starting import prepare_networks
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.segmentation.labels import write_labels

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    weights: Path,
    left_out: Sequence[str],
    projection: str,
    background: Mapping[str, float],
    channels: Sequence[str],
    threads: int,
    labels: Path,
) -> None:
    """Label the nuclei of every kept site of the well behind `index`, which `channels` names; write `labels`."""
    prepare_networks(threads=threads)
    from wellspring.segmentation.learned import segment_nuclei

    well = read_index(index)
    images = read_sites(well, projection=projection, wanted=channels)

    def labelled() -> Iterator[tuple[str, NDArray[np.uint32]]]:
        for site in corrected(images, read_correction(correction, left_out=left_out), background=background):
            found = segment_nuclei(site.image[0], weights=weights)
            print(f"site {site.site}: {found.max()} nuclei")
            yield site.site, found

    write_labels(labels, labelled(), pixel_size_um=well.pixel_size_um)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            correction=Path(given.correction) if given.correction else None,
            weights=Path(given.weights),
            left_out=snakemake.params.left_out,
            projection=snakemake.params.projection,
            background=snakemake.params.background,
            channels=snakemake.params.channels,
            threads=snakemake.threads,
            labels=Path(snakemake.output.labels),
        )
