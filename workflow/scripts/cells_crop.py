"""Pixels of one well (MPM files, or TIFF files and labels) → cell table (Parquet) and crop shard (Arrow)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.cells.annotations import add_annotations
from wellspring.cells.crops import extract_cells
from wellspring.cells.tables import CELLS
from wellspring.jobs import logged_job
from wellspring.raw.mpm import read_mpm
from wellspring.raw.pixels import PixelTable
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    path: Path,
    labels: Path | None,
    key: tuple[str, str],
    annotations: Mapping[str, str],
    raw: Mapping[str, Any],
    image_size: int,
    output: tuple[Path, Path],
) -> None:
    """Cut the cells of the well `key` = (plate, well) at `path`; write `output` = (table, shard)."""
    table = add_annotations(_pixels(path, labels, well=key[1], raw=raw), annotations)
    cells = extract_cells(table, output[1], plate=key[0], well=key[1], image_size=image_size)
    print(f"{len(cells)} cells, {cells['is_cropped'].sum()} larger than {image_size} px; background {table.background}")
    write_table(cells, output[0], CELLS)


def _pixels(path: Path, labels: Path | None, *, well: str, raw: Mapping[str, Any]) -> PixelTable:
    if labels is None:
        return read_mpm(path, **{name: value for name, value in raw.items() if name != "format"})
    from wellspring.cells.labelled import pixels_of_labels  # An MPM job needs no image library.
    from wellspring.raw.tiff import read_sites
    from wellspring.segmentation.labels import read_labels

    how = {name: raw[name] for name in ("pattern", "channels", "projection", "pixel_size_um")}
    sites = read_sites(path, well=well, **how)
    return pixels_of_labels(sites, read_labels(labels), background=raw["background"], source=str(path))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            labels=Path(snakemake.input.labels) if snakemake.input.labels else None,
            key=(snakemake.wildcards.plate, snakemake.wildcards.well),
            annotations=snakemake.params.annotations,
            raw=snakemake.params.raw,
            image_size=snakemake.params.image_size,
            output=(Path(snakemake.output.cells), Path(snakemake.output.crops)),
        )
