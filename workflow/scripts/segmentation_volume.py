"""Index of one well, its nuclei and cells → labels of its cells slice by slice (OME-TIFF, a stack per site)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import read_stacks
from wellspring.raw.index import read_index
from wellspring.segmentation import job
from wellspring.segmentation.labels import label_writer, read_labels
from wellspring.segmentation.settings import CellSettings
from wellspring.segmentation.volumes import volume_of_site
from wellspring.settings import settings_of

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path | None,
    left_out: Sequence[str],
    background: Mapping[str, float],
    settings: Mapping[str, Any],
    z_step_um: float,
    nuclei: Path,
    cells: Path,
    volume: Path,
) -> None:
    """Label the cells of every kept site of the well behind `index` in its stack; write `volume`."""
    well, method = read_index(index), settings_of(CellSettings, settings)
    applied = read_correction(correction, left_out=left_out)
    stacks = corrected(read_stacks(well, wanted=job.cell_channels(method)), applied, background=background)
    of_nuclei, of_cells = read_labels(nuclei, of_well=True), read_labels(cells, of_well=True)
    with label_writer(volume, pixel_size_um=well.pixel_size_um, z_step_um=z_step_um) as write:
        for site in stacks:
            (stack,) = site.stacks.values()
            labels = volume_of_site(stack, of_nuclei[site.site], of_cells[site.site], method)
            print(f"site {site.site}: {(labels > 0).sum()} voxels of cells")
            write(site.site, labels)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            index=Path(given.index),
            correction=Path(given.correction) if given.correction else None,
            left_out=snakemake.params.left_out,
            background=snakemake.params.background,
            settings=snakemake.params.cells,
            z_step_um=snakemake.params.z_step_um,
            nuclei=Path(given.nuclei),
            cells=Path(given.cells),
            volume=Path(snakemake.output.volume),
        )
