"""Flagged objects of all wells, left-out sites, overlays → the chapter on the segmentation and its table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.report.left_out import left_out_sites
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.images import ImageSources
from wellspring.segmentation import tables
from wellspring.segmentation.doubts import compared_sites
from wellspring.segmentation.given.files import has_cells
from wellspring.segmentation.report.chapter import segmentation_chapter
from wellspring.segmentation.report.counts import nucleus_table, segmentation_table
from wellspring.tables import read_tables, write_table

DRAWN = ("overlays", "gallery", "compared", "compared_table")

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    objects: Sequence[Path],
    nuclei: Sequence[Path],
    sites: Sequence[Path],
    drawn: Mapping[str, Path],
    scores: Sequence[Path],
    captions: Sequence[Path],
    wells: Sequence[tuple[str, str]],
    segmentation: Mapping[str, Any],
    corrected: Sequence[str],
    table: Path,
    about: Path,
    chapter: Path,
) -> None:
    """Count the `objects` of `wells` into `table`, compare the `nuclei` of all sites; write the `chapter`."""
    left_out, all_sites = left_out_sites(sites)
    if has_cells(segmentation):
        described, declared = read_tables(objects, tables.WELL_SEGMENTED, of_wells=True), tables.WELL_SEGMENTED_COUNTS
        counts = segmentation_table(described, wells=wells, left_out=left_out, segmentation=segmentation)
    else:
        described = read_tables(objects, tables.WELL_NUCLEI, of_wells=True)
        counts, declared = nucleus_table(described, wells=wells, left_out=left_out), tables.WELL_NUCLEUS_COUNTS
    print(counts.to_string())
    write_table(counts, table, declared)
    compared = compared_sites(read_tables(nuclei, tables.SITE_NUCLEI, of_wells=True))
    write_table(compared, about, tables.SITE_NUCLEI)
    sources = ImageSources(
        files={**drawn, "table": table, "nuclei": about},
        captions=read_captions(captions),
        corrected=corrected,
        left_out=left_out,
        sites=all_sites,
    )
    shown = {"nuclei": compared, "scores": read_tables(scores, tables.NUCLEUS_SCORES) if scores else None}
    write_chapter(segmentation_chapter(counts, **shown, segmentation=segmentation, sources=sources), chapter)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            objects=[Path(path) for path in snakemake.input.objects],
            sites=[Path(path) for path in snakemake.input.get("sites", [])],
            nuclei=[Path(path) for path in snakemake.input.nuclei],
            drawn={name: Path(str(snakemake.input[name])) for name in DRAWN if snakemake.input.get(name)},
            scores=[Path(path) for path in snakemake.input.get("scores", [])],
            captions=[Path(path) for path in snakemake.input.captions],
            wells=[(plate, well) for plate, well in snakemake.params.wells],
            segmentation=snakemake.params.segmentation,
            corrected=snakemake.params.corrected,
            table=Path(snakemake.output.table),
            about=Path(snakemake.output.nuclei),
            chapter=Path(snakemake.output.chapter),
        )
