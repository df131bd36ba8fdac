"""Draw quality and illumination: tables of the stage quality → images.csv, image_*.svg, illumination.svg."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.quality.images import read_functions, read_small_sites
from wellspring.quality.report.figures import (
    MAX_FLAGGED,
    FlaggedImage,
    flagged_figure,
    histograms_figure,
    illumination_figure,
)
from wellspring.quality.tables import FLAGGED_IMAGES
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, images: Path, functions: Sequence[Path], measures: Sequence[str], output: Sequence[Path]) -> None:
    """Read the judged `images` and each plate's `functions`; write `output` = (table, histograms, flagged, light)."""
    table = read_table(images, FLAGGED_IMAGES)
    write_table(table, output[0], FLAGGED_IMAGES)
    save_figure(histograms_figure(table, measures=measures), output[1])
    save_figure(flagged_figure(_flagged(table, folder=images.parent)), output[2])
    save_figure(illumination_figure({path.stem: read_functions(path)[0] for path in functions}), output[3])


def _flagged(table: pd.DataFrame, *, folder: Path) -> list[FlaggedImage]:
    found = []
    for row in table[table["is_flagged"]].head(MAX_FLAGGED).to_dict("records"):
        channels, sites = read_small_sites(folder / row["plate"] / f"{row['well']}.npz")
        small = next(one for one in sites if one.site == row["site"]).images[channels.index(row["channel"])]
        title = f"{row['plate']} {row['well']}, site {row['site']}, {row['channel']}"
        found.append(FlaggedImage(title, row["reasons"], small.ratio))
    return found


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("table", "histograms", "flagged", "illumination")
        main(
            images=Path(snakemake.input.images),
            functions=[Path(path) for path in snakemake.input.functions],
            measures=snakemake.params.measures,
            output=[Path(snakemake.output[name]) for name in names],
        )
