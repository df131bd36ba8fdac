"""Index of one well, illumination and kept sites of its plate → fields ready to be embedded (NPZ)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.profiling.fields import well_fields, write_fields
from wellspring.profiling.job import ReadingSettings, read_kept_sites

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path,
    left_out: Sequence[str],
    reading: ReadingSettings,
    steps: Sequence[Mapping[str, Any]],
    size_px: int,
    fields: Path,
) -> None:
    """Shrink the kept sites of a well and write them to `fields`."""
    key, images = read_kept_sites(index, correction=correction, left_out=left_out, reading=reading)
    found = well_fields(images, key=key, channels=reading.channels, steps=steps, size_px=size_px)
    print(f"{key}: {len(found.keys)} fields")
    write_fields(fields, found)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            correction=Path(snakemake.input.correction),
            left_out=snakemake.params.left_out,
            reading=ReadingSettings(**snakemake.params.reading),
            steps=snakemake.params.steps,
            size_px=snakemake.params.size_px,
            fields=Path(snakemake.output.fields),
        )
