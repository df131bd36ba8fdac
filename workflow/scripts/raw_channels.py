"""Descriptions of all wells → channels.csv (id, channel): all wells agree, and the config fits them."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.raw.describe import check_axes, check_removed, compare_channels

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    descriptions: Sequence[Path],
    named: Mapping[str, Sequence[str]],
    per_axis: Mapping[str, Any],
    removed: Sequence[int],
    channels: Path,
) -> None:
    """Compare the wells of `descriptions` and write the shared channels to `channels`."""
    wells = [json.loads(path.read_text(encoding="utf-8")) for path in descriptions]
    shared = compare_channels({(w["plate"], w["well"]): w["channels"] for w in wells}, named=named)
    check_axes(
        {(w["plate"], w["well"]): w["n_planes"] for w in wells},
        channels=named.get("spots.channels", ()),
        per_axis=per_axis,
    )
    # A model sees all channels but its target, unless the config names those that it sees.
    check_removed(removed, n_inputs=len(named.get("dataset.input_channels", ())) or len(shared) - 1)
    print(f"{len(wells)} wells share {len(shared)} channels: {', '.join(shared)}")
    with replaced_when_whole(channels) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("id", "channel"), *enumerate(shared)])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            descriptions=[Path(file) for file in snakemake.input.descriptions],
            named=snakemake.params.named,
            per_axis=snakemake.params.per_axis,
            removed=snakemake.params.removed,
            channels=Path(snakemake.output.channels),
        )
