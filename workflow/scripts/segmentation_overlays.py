"""Indexes, labels and doubts of all wells → nuclei and cells of a few, drawn (SVG) and as tiles (JSON)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.raw.index import read_index
from wellspring.report.chosen_wells import ChosenWell, chosen_wells, compared_wells
from wellspring.report.gallery import write_gallery
from wellspring.report.style import save_figure
from wellspring.segmentation.doubts import compared_sites
from wellspring.segmentation.report import overlays
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.tables import read_tables

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Sequence[Path]],
    projection: str,
    channels: Sequence[str],
    n_wells: int,
    output: Mapping[str, Path],
) -> None:
    """Of the wells behind the files `given` (lists of a name) draw `n_wells`; write `output`: figure, gallery.

    Without `channels`, they are drawn in their first one.
    """
    channels = channels or read_index(given["indexes"][0]).channels[:1]
    keys = [(path.parent.name, path.stem) for path in given["indexes"]]
    sites = overlays.sites_to_look_at(compared_sites(read_tables(given["about"], SITE_NUCLEI, of_wells=True)))
    shown = chosen_wells(keys, sites, number=n_wells)
    drawn, others = (
        [one for chosen in wells if (one := _read(given, keys, chosen, projection=projection, channels=channels))]
        for wells in (shown, compared_wells(keys, sites, shown=shown))
    )
    save_figure(overlays.overlay_figure(drawn, channels=channels, with_spots=False, others=others), output["figure"])
    write_gallery(
        overlays.overlay_gallery(drawn, channels=channels, with_spots=False, others=others), output["gallery"]
    )


def _read(
    given: Mapping[str, Sequence[Path]],
    keys: Sequence[tuple[str, str]],
    chosen: ChosenWell,
    *,
    projection: str,
    channels: Sequence[str],
) -> overlays.Overlay | None:
    place = keys.index((chosen.plate, chosen.well))
    return overlays.read_overlay(
        given["indexes"][place],
        projection=projection,
        channels=channels,
        nuclei=given["nuclei"][place],
        cells=given["cells"][place],
        wanted_site=chosen.site,
        doubts=", ".join(chosen.doubts),
    )


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            given={name: [Path(path) for path in paths] for name, paths in snakemake.input.items()},
            projection=snakemake.params.projection,
            channels=snakemake.params.channels,
            n_wells=snakemake.params.n_wells,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
