"""Index, labels, spots and features of one well → its pictures, outlines and rows for the plate browser."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.browser.data import write_data
from wellspring.browser.wells import Shown, cell_rows, well_pictures, well_sites
from wellspring.cells.study import with_spots
from wellspring.cells.tables import MEASURED
from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.segmentation.labels import read_labels
from wellspring.settings import settings_of
from wellspring.spots.tables import WELL_SPOTS, WELL_SPOTS_PER_CELL
from wellspring.tables import Table, empty_table, read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def _table(path: Path | None, table: Table) -> Any:
    return empty_table(table) if path is None else read_table(path, table, of_well=True)


def main(
    *,
    given: Mapping[str, Path | None],
    index: Path,
    projection: str,
    has_nuclei: bool,
    spot_channels: Sequence[str],
    shown: Mapping[str, Any],
    output: Mapping[str, Path],
) -> None:
    """Write `output` from the files `given`: labels of nuclei and cells, measured, spots, counts; None if not there."""
    well, settings = read_index(index), settings_of(Shown, shown)
    pictures = well_pictures(read_sites(well, projection=projection), shown=settings)
    cells = _table(given["measured"], MEASURED)
    if given["counts"] and given["measured"]:
        cells = with_spots(cells, _table(given["counts"], WELL_SPOTS_PER_CELL), channels=spot_channels)
    paths = (given["nuclei"] if has_nuclei else None, given["cells"])
    nuclei, outlines = (read_labels(path, of_well=True) if path is not None else None for path in paths)
    sites = well_sites(
        pictures, cells=cells, nuclei=nuclei, outlines=outlines, spots=_table(given["spots"], WELL_SPOTS)
    )
    key = {"plate": well.plate, "well": well.well}
    rows = cell_rows(cells, patterns=settings.columns)
    write_data(output["well"], "well", {**key, "sites": sites, "rows": rows, "lights": pictures.lights})
    write_data(output["images"], "images", {**key, "sites": pictures.sites})
    with replaced_when_whole(output["summary"]) as temporary:
        temporary.write_text(json.dumps({"pictures": pictures.thumbnails, "lights": pictures.lights}), encoding="utf-8")
    print(f"{len(sites)} sites, {len(cells)} cells")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("nuclei", "cells", "measured", "spots", "counts")
        main(
            given={name: Path(snakemake.input[name]) if snakemake.input[name] else None for name in names},
            index=Path(snakemake.input.index),
            projection=snakemake.params.projection,
            has_nuclei=snakemake.params.has_nuclei,
            spot_channels=snakemake.params.spot_channels,
            shown=snakemake.params.shown,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
