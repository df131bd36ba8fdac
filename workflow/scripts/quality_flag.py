"""Measures of the images of one plate → images compared with the others of the plate, and sites that are kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.left_out import write_left_out
from wellspring.quality.outliers import flagged_images, kept_sites
from wellspring.quality.tables import FLAGGED_IMAGES, IMAGE_QUALITY, KEPT_SITES
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, wells: Sequence[Path], drop: bool, judging: Mapping[str, Any], images: Path, sites: Path, left_out: Path
) -> None:
    """Judge the images in the tables `wells`; write the tables `images` and `sites`, and `left_out` (JSON)."""
    judged = flagged_images(read_tables(wells, IMAGE_QUALITY, of_wells=True), **judging)
    kept = kept_sites(judged, drop=drop)
    print(f"{int(judged['is_flagged'].sum())} of {len(judged)} images flagged, {int(kept['is_kept'].sum())} of")
    print(f"{len(kept)} sites kept\n{kept[kept['is_flagged']].to_string()}")
    write_table(judged, images, FLAGGED_IMAGES)
    write_table(kept, sites, KEPT_SITES)
    # A well without sites is one of the plate too.
    dropped = {path.name.removesuffix(".parquet"): list[str]() for path in wells}
    for row in kept[~kept["is_kept"]].itertuples():
        dropped[row.well].append(row.site)
    write_left_out(left_out, dropped, plate=left_out.parent.name)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            wells=[Path(path) for path in snakemake.input.images],
            drop=snakemake.params.drop,
            judging=snakemake.params.judging,
            images=Path(snakemake.output.images),
            sites=Path(snakemake.output.sites),
            left_out=Path(snakemake.output.left_out),
        )
