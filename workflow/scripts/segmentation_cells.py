"""Index of one well and its nuclei → labels of its cells, doubtful borders (OME-TIFF), table of objects (Parquet)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_stacks
from wellspring.raw.index import read_index
from wellspring.segmentation import job
from wellspring.segmentation.flags import numbered_objects
from wellspring.segmentation.given.job import given_well
from wellspring.segmentation.labels import label_writer, read_labels
from wellspring.segmentation.settings import CellSettings
from wellspring.segmentation.tables import MATCHED, WELL_NUCLEI, WELL_SEGMENTED
from wellspring.settings import settings_of
from wellspring.tables import empty_table, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    left_out: Sequence[str],
    background: Mapping[str, float],
    cells: Mapping[str, Any] | None,
    names: Mapping[str, str | None],
    given: Sequence[Path],
    nuclei: Path,
    nucleus_objects: Path,
    matches: Path,
    labels: Path,
    borders: Path,
    objects: Path,
) -> None:
    """Label the cells of every kept site of the well behind `index`; write `labels`, `borders`, the table `objects`."""
    well, settings = read_index(index), None if cells is None else settings_of(CellSettings, cells)
    applied = read_correction(correction, left_out=left_out)
    stacks = read_stacks(well, wanted=job.cell_channels(settings))
    theirs = given_well({"cells": given}, segmentation=names, sites=well.sites)
    pairs, tables = read_table(matches, MATCHED, of_well=True), []
    each = read_table(nucleus_objects, WELL_NUCLEI, of_well=True)
    images, size = corrected(stacks, applied, background=background), well.pixel_size_um
    with label_writer(labels, pixel_size_um=size) as write, label_writer(borders, pixel_size_um=size) as write_others:
        for one in job.run_cells(
            images, read_labels(nuclei, of_well=True), settings, matches=pairs, given=theirs, nucleus_objects=each
        ):
            print(f"site {one.site}: {len(one.objects)} objects")
            tables.append(one.objects.assign(plate=well.plate, well=well.well, site=one.site))
            write(one.site, one.labels)
            write_others(one.site, one.others)
    is_labelled = theirs.cells is not None or getattr(settings, "unstained", "ignore") == "seed"
    found = numbered_objects(tables, are_all_labelled=is_labelled) if tables else empty_table(WELL_SEGMENTED)
    write_table(found, objects, WELL_SEGMENTED)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            correction=Path(given.correction) if given.correction else None,
            left_out=snakemake.params.left_out,
            background=snakemake.params.background,
            cells=snakemake.params.cells,
            names=snakemake.params.names,
            given=[Path(file) for file in given.get("given_cells", [])],
            nuclei=Path(given.nuclei),
            nucleus_objects=Path(given.nucleus_objects),
            matches=Path(given.matches),
            **{name: Path(file) for name, file in snakemake.output.items()},
        )
