"""Corrected images of one well, and which sites are kept → fields ready to be embedded (NPZ)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.profiling.fields import well_fields, write_fields
from wellspring.quality.images import read_corrected
from wellspring.quality.tables import KEPT_SITES
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, images: Path, sites: Path, key: tuple[str, str], channels: Sequence[str], size_px: int, fields: Path
) -> None:
    """Shrink the kept sites of the well `key` = (plate, well) and write them to `fields`."""
    table = read_table(sites, KEPT_SITES)
    kept = table.loc[(table["plate"] == key[0]) & (table["well"] == key[1]) & table["is_kept"], "site"].tolist()
    found = well_fields(read_corrected(images), key=key, kept=kept, channels=channels, size_px=size_px)
    print(f"{key}: {len(found.keys)} fields")
    write_fields(fields, found)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            images=Path(snakemake.input.images),
            sites=Path(snakemake.input.sites),
            key=(snakemake.wildcards.plate, snakemake.wildcards.well),
            channels=snakemake.params.channels,
            size_px=snakemake.params.size_px,
            fields=Path(snakemake.output.fields),
        )
