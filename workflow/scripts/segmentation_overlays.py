"""Indexes and labels of a few wells → nuclei and cells drawn in their images (SVG)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.raw.index import read_index
from wellspring.report.style import save_figure
from wellspring.segmentation.report.overlays import overlay_figure, read_overlay

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    indexes: Sequence[Path],
    nuclei: Sequence[Path],
    cells: Sequence[Path],
    projection: str,
    channels: Sequence[str],
    figure: Path,
) -> None:
    """Draw the wells behind `indexes`, each with its labels; without `channels`, in their first one."""
    channels = channels or read_index(indexes[0]).channels[:1]
    found = [
        read_overlay(index, projection=projection, channels=channels, nuclei=of_nuclei, cells=of_cells)
        for index, of_nuclei, of_cells in zip(indexes, nuclei, cells, strict=True)
    ]
    overlays = [one for one in found if one is not None]
    save_figure(overlay_figure(overlays, channels=channels, with_spots=False), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = {name: [Path(path) for path in paths] for name, paths in snakemake.input.items()}
        main(
            **given,
            projection=snakemake.params.projection,
            channels=snakemake.params.channels,
            figure=Path(snakemake.output.figure),
        )
