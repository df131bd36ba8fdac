"""Features and labels of one well → outlines of its cells, a GeoJSON file per site."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.cells.study import with_spots
from wellspring.cells.tables import MEASURED
from wellspring.export.geojson import cell_features, write_geojson
from wellspring.jobs import logged_job
from wellspring.segmentation.labels import read_labels
from wellspring.spots.tables import WELL_SPOTS_PER_CELL
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    measured: Path,
    nuclei: Path,
    cells: Path | None,
    spots: Path | None,
    has_nuclei: bool,
    spot_channels: Sequence[str],
    outlines: Path,
) -> None:
    """Write the folder `outlines`; labels are those of `cells`, or of `nuclei` where no cells are segmented."""
    table = read_table(measured, MEASURED, of_well=True)
    if spots is not None:
        table = with_spots(table, read_table(spots, WELL_SPOTS_PER_CELL, of_well=True), channels=spot_channels)
    of_objects = read_labels(cells or nuclei, of_well=True)
    of_nuclei = read_labels(nuclei, of_well=True) if cells is not None and has_nuclei else None
    outlines.mkdir(parents=True, exist_ok=True)
    for site, labels in of_objects.items():
        own = table[table["site"] == site]
        inner = of_nuclei[site] if of_nuclei is not None else None
        features = cell_features(own, labels=labels, nuclei=inner)
        write_geojson(outlines / f"{site}.geojson", features)
        print(f"site {site}: {len(features)} of {len(own)} cells")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            measured=Path(given.measured),
            nuclei=Path(given.nuclei),
            cells=Path(given.cells) if given.cells else None,
            spots=Path(given.spots) if given.spots else None,
            has_nuclei=snakemake.params.has_nuclei,
            spot_channels=snakemake.params.spot_channels,
            outlines=Path(snakemake.output.outlines),
        )
