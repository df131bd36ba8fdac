"""TIFF files of one well, its nuclei and cells → tables of its spots, counts, foci, thresholds, curves (Parquet)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.raw.tiff import read_stacks
from wellspring.segmentation.labels import read_labels
from wellspring.spots.images import TABLES, SpotTables, joined_tables, spots_of_image, voxel_size_um
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    path: Path,
    key: tuple[str, str],
    raw: Mapping[str, Any],
    spots: Mapping[str, Any],
    labels: tuple[Path, Path],
    output: Mapping[str, Path],
) -> None:
    """Find the spots of the well `key` = (plate, well); `labels` = (nuclei, cells); `output` by table."""
    nuclei, cells = (read_labels(file) for file in labels)
    settings = {name: value for name, value in spots.items() if name not in ("channels", "spacing_um")}
    found: list[SpotTables] = []
    last_id = 0
    for site in read_stacks(path, well=key[1], wanted=spots["channels"], **raw):
        in_site = nuclei[site.site], cells[site.site]
        for channel, image in site.stacks.items():
            spacing = voxel_size_um(spots["spacing_um"], pixel_size_um=site.pixel_size_um, n_axes=image.ndim)
            tables = spots_of_image(image, *in_site, spacing_um=spacing, first_id=last_id, **settings)
            found.append(tables.named(plate=key[0], well=key[1], site=site.site, channel=channel))
            print(f"site {site.site}, {channel}: {len(tables.spots)} spots in {len(tables.cells)} cells")
        last_id += int(in_site[0].max(initial=0))
    joined = joined_tables(found)
    for name, table in TABLES.items():
        write_table(getattr(joined, name), output[name], table)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            key=(snakemake.wildcards.plate, snakemake.wildcards.well),
            raw=snakemake.params.raw,
            spots=snakemake.params.spots,
            labels=(Path(snakemake.input.nuclei), Path(snakemake.input.cells)),
            output={name: Path(file) for name, file in snakemake.output.items()},
        )
