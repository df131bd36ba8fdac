"""Records of the wells of one plate → what its OME-Zarr plate says of itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.export.plate_zarr import write_plate
from wellspring.export.pyramids import Version
from wellspring.jobs import logged_job

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, records: Sequence[Path], name: str, version: Version, plate: Path) -> None:
    """Write the metadata of the plate `name`; `plate`: the last file of that, in the plate's folder."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in records]
    write_plate(plate.parent, found, name=name, version=version)
    print(f"{plate.parent}: {len(found)} wells, {sum(one['bytes'] for one in found):,} bytes")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            records=[Path(path) for path in snakemake.input.records],
            name=snakemake.wildcards.plate,
            version=snakemake.params.version,
            plate=Path(snakemake.output.plate),
        )
