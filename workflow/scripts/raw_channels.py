"""Indexes of all wells → channels.csv (id, channel): all wells have the same channels, and the config fits them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import inert_text, replaced_when_whole
from wellspring.jobs import logged_job, notify
from wellspring.raw.bad_wells import kept_wells
from wellspring.raw.comparison import check_config_in_wells, check_files, compare_channels, planes_notes
from wellspring.raw.index import read_index
from wellspring.stage import stages

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    indexes: Sequence[Path],
    named: Mapping[str, Sequence[str]],
    optional: Sequence[str],
    config: Mapping[str, Any],
    channels: Path,
) -> None:
    """Compare the wells with each other, with the channels `named`, and with the blocks of `config`."""
    found = [read_index(path) for path in indexes]
    wells = kept_wells(found)
    for one in found:
        if one.left_out:
            notify(f"WARNING {one.name} is left out: {one.left_out}")
    check_files(wells)
    shared = compare_channels({(one.plate, one.well): one.channels for one in wells}, named=named, optional=optional)
    check_config_in_wells(config, wells, stages=[one for one in stages() if one.name in config])
    for note in planes_notes(wells):
        notify(f"NOTE {note}")
    print(f"{len(wells)} wells share {len(shared)} channels: {', '.join(shared)}")
    with replaced_when_whole(channels) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("id", "channel"), *enumerate(map(inert_text, shared))])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            indexes=[Path(file) for file in snakemake.input.indexes],
            named=snakemake.params.named,
            optional=snakemake.params.optional,
            config=snakemake.params.config,
            channels=Path(snakemake.output.channels),
        )
