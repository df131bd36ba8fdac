"""Files of a plate's index → its table (Parquet), and copies of the files, but of those that hold its pixels too."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.files import temporary_beside
from wellspring.jobs import logged_job, notify
from wellspring.raw.formats import format_named
from wellspring.raw.plane_files import holds_pixels
from wellspring.raw.plate_index import write_plate_index
from wellspring.raw.plate_readers import index_of_plate

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, path: Path, format_name: str, files: Sequence[Path], table: Path, copies: Path) -> None:
    """Write the index of the plate at `path` to `table`, and a copy of its `files` without pixels to `copies`."""
    reader = format_named(format_name).reader
    assert reader is not None
    index = index_of_plate(reader, path)
    wells = index.images["well"].nunique()
    print(f"{index.plate}: {wells} wells, {len(index.images)} images, channels {', '.join(index.channels)}")
    for note in index.notes:
        notify(f"NOTE {path}: {note}")
    write_plate_index(index, table)
    folder = temporary_beside(copies)
    folder.mkdir(parents=True)
    root = Path(index.root)
    for file in files:
        if holds_pixels(file):
            continue
        inside = file.relative_to(root) if file.is_relative_to(root) else Path(file.name)
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / inside)
    shutil.rmtree(copies, ignore_errors=True)
    folder.rename(copies)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            format_name=snakemake.params.format,
            files=[Path(file) for file in snakemake.input.files],
            table=Path(snakemake.output.table),
            copies=Path(snakemake.output.copies),
        )
