"""Draw the spots of a few wells in their images: images, labels, spots → spot_overlays.svg."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.segmentation.report.overlays import overlay_figure, read_overlay
from wellspring.spots.tables import WELL_SPOTS
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    drawn: Sequence[tuple[str, str, str]],
    files: Sequence[tuple[Path, Path, Path]],
    raw: Mapping[str, Any],
    channels: Sequence[str],
    figure: Path,
) -> None:
    """Draw the wells `drawn` = (plate, well, path), each with its `files` = (nuclei, cells, spots)."""
    overlays = [
        read_overlay(
            Path(path), key=(plate, well), raw=raw, nuclei=nuclei, cells=cells, spots=read_table(spots, WELL_SPOTS)
        )
        for (plate, well, path), (nuclei, cells, spots) in zip(drawn, files, strict=True)
    ]
    save_figure(overlay_figure(overlays, channels=channels, with_spots=True), figure)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        triples = zip(given.nuclei, given.cells, given.spots, strict=True)
        main(
            drawn=snakemake.params.drawn,
            files=[(Path(nuclei), Path(cells), Path(spots)) for nuclei, cells, spots in triples],
            raw=snakemake.params.raw,
            channels=snakemake.params.channels,
            figure=Path(snakemake.output.figure),
        )
