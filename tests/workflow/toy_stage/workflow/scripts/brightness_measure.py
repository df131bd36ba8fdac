"""Index of one well → mean intensity of each channel (Parquet)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.brightness.means import channel_means
from wellspring.brightness.tables import BRIGHTNESS

from wellspring.jobs import logged_job
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, index: Path, channels: Sequence[str], projection: str, means: Path) -> None:
    """Measure the `channels` of the well behind `index` and write the table `means`."""
    well = read_index(index)
    found = channel_means(read_sites(well, projection=projection, wanted=channels), channels=channels)
    print(found.to_string())
    write_table(found.assign(plate=well.plate, well=well.well), means, BRIGHTNESS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            channels=snakemake.params.channels,
            projection=snakemake.params.projection,
            means=Path(snakemake.output.means),
        )
