"""Tables, small images and illumination of all plates → the chapter on the images, its table and its figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.quality.images import read_illumination
from wellspring.quality.report.chapter import quality_chapter
from wellspring.quality.report.figures import (
    FlaggedImage,
    chosen_flagged,
    drawn,
    flagged_figure,
    histograms_figure,
    illumination_figure,
    plate_contrasts,
)
from wellspring.quality.tables import FLAGGED_IMAGES, KEPT_SITES
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, given: Mapping[str, Sequence[Path]], settings: Mapping[str, Any], projection: str, output: Mapping[str, Path]
) -> None:
    """Read the files `given` (lists of a name); write `output`: chapter, table, histograms, flagged, light."""
    images = read_tables(given["images"], FLAGGED_IMAGES, of_plates=True)
    write_table(images, output["table"], FLAGGED_IMAGES)
    light = {path.parent.name: read_illumination(path) for path in given["illumination"]}
    functions = {plate: {name: one.function for name, one in found.items()} for plate, found in light.items()}
    save_figure(histograms_figure(images, measures=settings["judged_by"]), output["histograms"])
    save_figure(flagged_figure(_flagged(images, indexes=given["indexes"], projection=projection)), output["flagged"])
    save_figure(illumination_figure(functions), output["light"])
    chapter = quality_chapter(
        images,
        read_tables(given["sites"], KEPT_SITES, of_plates=True),
        illumination=light,
        settings=settings,
        copies=given["copies"],
        captions=read_captions(given["captions"]),
        files=output,
    )
    write_chapter(chapter, output["chapter"])


def _flagged(images: pd.DataFrame, *, indexes: Sequence[Path], projection: str) -> list[FlaggedImage]:
    """The raw images of the flagged rows that are drawn, read one at a time."""
    files = {(path.parent.name, path.stem): path for path in indexes}
    found = []
    contrasts = plate_contrasts(images)
    for row in chosen_flagged(images).to_dict("records"):
        site = read_index(files[row["plate"], row["well"]]).of_site(row["site"])
        (own,) = read_sites(site, projection=projection, wanted=[row["channel"]])
        title = f"{row['plate']} {row['well']}, site {row['site']}, {row['channel']}"
        found.append(FlaggedImage(title, row["reasons"], drawn(own.image[0]), contrasts[row["plate"], row["channel"]]))
    return found


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("images", "sites", "illumination", "indexes", "copies", "captions")
        main(
            given={name: [Path(path) for path in snakemake.input.get(name, [])] for name in names},
            settings=snakemake.params.settings,
            projection=snakemake.params.projection,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
