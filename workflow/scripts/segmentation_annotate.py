"""Index of one well, label images of some of its sites → their images and labels (npz)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.segmentation.learned.annotated_wells import annotated_labels, annotated_site
from wellspring.segmentation.learned.examples import write_examples

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    labels: Sequence[Path],
    pattern: str,
    left_out: Sequence[str],
    projection: str,
    background: Mapping[str, float],
    channels: Sequence[str],
    sites: Path,
) -> None:
    """Read the annotated and kept sites of the well behind `index`, as the network will see them; write `sites`."""
    well = read_index(index)
    annotated = annotated_labels(labels, pattern=pattern, sites=well.sites)
    images = read_sites(well, projection=projection, wanted=channels)
    seen = corrected(images, read_correction(correction, left_out=left_out), background=background)
    found = [annotated_site(site, annotated) for site in seen if site.site in annotated]
    print(f"annotated sites: {', '.join(one.name for one in found)}")
    write_examples(found, sites)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            correction=Path(given.correction) if given.correction else None,
            labels=[Path(path) for path in given.labels],
            pattern=snakemake.params.names["nuclei"],
            left_out=snakemake.params.left_out,
            projection=snakemake.params.projection,
            background=snakemake.params.background,
            channels=snakemake.params.channels,
            sites=Path(snakemake.output.sites),
        )
