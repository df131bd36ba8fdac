"""Index of one well → label images of its nuclei (OME-TIFF, an image per site), tables of these (Parquet)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.jobs import logged_job
from wellspring.quality.correction import read_correction
from wellspring.raw.index import read_index
from wellspring.segmentation import job
from wellspring.segmentation.given.job import given_well
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.settings import SegmentationSettings
from wellspring.segmentation.tables import MATCHED, SITE_NUCLEI, WELL_NUCLEI
from wellspring.segmentation.volumes import seed_images
from wellspring.settings import settings_of
from wellspring.tables import empty_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    left_out: Sequence[str],
    projection: str,
    background: Mapping[str, float],
    segmentation: Mapping[str, Any],
    given: Mapping[str, Sequence[Path]],
    labels: Path,
    about: Path,
    objects: Path,
    matches: Path,
) -> None:
    """Label the nuclei of every kept site of the well behind `index`; describe sites and nuclei in the tables."""
    well, settings = read_index(index), settings_of(SegmentationSettings, segmentation)
    applied = read_correction(correction, left_out=left_out)
    images = seed_images(well, settings, applied, projection=projection, background=background)
    ours = given_well(given, segmentation=segmentation, sites=well.sites)
    rows, each, pairs = [empty_table(SITE_NUCLEI)], [empty_table(WELL_NUCLEI)], [empty_table(MATCHED)]

    def labelled() -> Iterator[tuple[str, NDArray[np.uint32]]]:
        for one in job.run_nuclei(images, settings, key=(well.plate, well.well), given=ours):
            rows.append(one.about)
            each.append(one.objects)
            pairs.append(one.matches)
            yield one.site, one.labels

    write_labels(labels, labelled(), pixel_size_um=well.pixel_size_um)
    write_table(_joined(rows), about, SITE_NUCLEI)
    write_table(_joined(each), objects, WELL_NUCLEI)
    write_table(_joined(pairs), matches, MATCHED)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The tables one below the other, the first of which is empty."""
    return pd.concat(tables[1:], ignore_index=True) if tables[1:] else tables[0]


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            correction=Path(snakemake.input.correction) if snakemake.input.correction else None,
            left_out=snakemake.params.left_out,
            projection=snakemake.params.projection,
            background=snakemake.params.background,
            segmentation=snakemake.params.segmentation,
            given={kind: [Path(file) for file in snakemake.input.get(f"given_{kind}", [])] for kind in job.GIVEN},
            **{name: Path(file) for name, file in snakemake.output.items()},
        )
