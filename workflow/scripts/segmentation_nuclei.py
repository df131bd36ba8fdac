"""TIFF files of one well → label images of its nuclei (OME-TIFF, one image per site)."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wellspring.jobs import logged_job
from wellspring.raw.tiff import SiteImage, read_sites
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.methods import nucleus_method

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, path: Path, well: str, raw: Mapping[str, Any], segmentation: Mapping[str, Any], labels: Path) -> None:
    """Label the nuclei of every site of the well at `path`; one site at a time is in memory."""
    sites = read_sites(path, well=well, **raw)
    first = next(sites)
    named = _labelled(chain([first], sites), source=str(path), **segmentation)
    write_labels(labels, named, pixel_size_um=first.pixel_size_um)


def _labelled(
    sites: Iterable[SiteImage], *, source: str, method: str, nucleus_channel: str, **settings: float | None
) -> Iterator[tuple[str, NDArray[np.uint32]]]:
    segment = nucleus_method(method)
    for site in sites:
        if nucleus_channel not in site.channels:
            raise ValueError(
                f"{source}: segmentation.nucleus_channel is {nucleus_channel!r}, but the channels are "
                f"{list(site.channels)}. Correct the config."
            )
        nuclei = segment(site.image[site.channels.index(nucleus_channel)], **settings)
        print(f"site {site.site}: {nuclei.max(initial=0)} nuclei")
        yield site.site, nuclei


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            well=snakemake.wildcards.well,
            raw=snakemake.params.raw,
            segmentation=snakemake.params.segmentation,
            labels=Path(snakemake.output.labels),
        )
