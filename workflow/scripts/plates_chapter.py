"""Tables of all wells → the chapter on plates, its table and its maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.plates.report.chapter import maps_figure, plates_chapter
from wellspring.plates.tables import PLATE_WELLS
from wellspring.plates.wells import WellSources, plate_sites, plate_wells
from wellspring.quality.tables import FLAGGED_IMAGES, KEPT_SITES
from wellspring.raw.report.wells import differing_wells
from wellspring.raw.tables import WELLS
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.site_map import mapped_sites, site_map_figure
from wellspring.report.style import save_figure
from wellspring.segmentation.doubts import compared_sites
from wellspring.segmentation.site_counts import with_cells
from wellspring.segmentation.tables import SITE_NUCLEI, WELL_SEGMENTED
from wellspring.spots.images import TABLES
from wellspring.spots.plate import compared_images
from wellspring.tables import read_table, read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Sequence[Path]],
    stored: Path,
    wells: Sequence[tuple[str, str]],
    counting: Mapping[str, bool],
    output: Mapping[str, Path],
) -> None:
    """Read the files `given` (lists of a name) and the table `stored` of all `wells`; `counting` is of `with_cells`.

    Write `output`: chapter, table, maps, sites.
    """
    objects = read_tables(given["objects"], WELL_SEGMENTED, of_wells=True) if given["objects"] else None
    nuclei = compared_sites(read_tables(given["nuclei"], SITE_NUCLEI, of_wells=True))
    sources = WellSources(
        nuclei=with_cells(nuclei, objects, **counting),
        cells=read_tables(given["cells"], TABLES["cells"], of_wells=True),
        thresholds=compared_images(read_tables(given["thresholds"], TABLES["thresholds"], of_wells=True)),
        images=read_tables(given["images"], FLAGGED_IMAGES),
        sites=read_tables(given["sites"], KEPT_SITES),
        differing=differing_wells(read_table(stored, WELLS)),
    )
    table = plate_wells([(plate, well) for plate, well in wells], sources)
    print(table.to_string())
    write_table(table, output["table"], PLATE_WELLS)
    save_figure(maps_figure(table), output["maps"])
    sites, label = plate_sites(sources)
    save_figure(site_map_figure(sites, column="value", label=label), output["sites"])
    drawn = {name: path for name, path in output.items() if name != "sites" or mapped_sites(sites)}
    chapter = plates_chapter(table, captions=read_captions(given["captions"]), files=drawn)
    write_chapter(chapter, output["chapter"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("nuclei", "objects", "cells", "thresholds", "images", "sites", "captions")
        main(
            given={name: [Path(path) for path in snakemake.input.get(name, [])] for name in names},
            stored=Path(snakemake.input.stored),
            wells=snakemake.params.wells,
            counting=snakemake.params.counting,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
