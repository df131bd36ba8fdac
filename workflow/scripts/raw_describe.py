"""Files of one well → what is in them, as JSON: channels, pixels or sites, from headers alone."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.raw.describe import describe_well

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, path: Path, plate: str, well: str, raw: Mapping[str, Any], description: Path) -> None:
    """Describe the well at `path` and write it to `description`."""
    found = describe_well(path, well=well, raw=raw)
    print(f"{plate}/{well}: {found}")
    with replaced_when_whole(description) as temporary:
        text = json.dumps({"plate": plate, "well": well, **asdict(found)}, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            plate=snakemake.wildcards.plate,
            well=snakemake.wildcards.well,
            raw=snakemake.params.raw,
            description=Path(snakemake.output.description),
        )
