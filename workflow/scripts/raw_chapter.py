"""Indexes of all wells → the chapter on wells and channels, and its table wells.csv."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.raw.index import read_index
from wellspring.raw.plate_index import plate_notes, read_plate_index
from wellspring.raw.report.chapter import raw_chapter
from wellspring.raw.report.wells import wells_table
from wellspring.raw.tables import WELLS
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    indexes: Sequence[Path],
    channels: Path,
    plates: Sequence[Path],
    captions: Sequence[Path],
    settings: Mapping[str, Any],
    table: Path,
    chapter: Path,
) -> None:
    """Write what is stored of each well of `indexes` to `table`, and what is to be said of it to `chapter`.

    `plates` are the tables of plates that have an index.
    """
    found = [read_index(path) for path in indexes]
    wells = wells_table(found)
    print(wells.to_string())
    write_table(wells, table, WELLS)
    files = {"wells": table, "channels": channels}
    words = read_captions(captions)
    notes = [note for path in plates for note in plate_notes(read_plate_index(path))]
    write_chapter(raw_chapter(found, wells, files=files, captions=words, settings=settings, notes=notes), chapter)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            indexes=[Path(file) for file in snakemake.input.indexes],
            channels=Path(snakemake.input.channels),
            plates=[Path(file) for file in snakemake.input.plates],
            captions=[Path(file) for file in snakemake.input.captions],
            settings=snakemake.params.settings,
            table=Path(snakemake.output.table),
            chapter=Path(snakemake.output.chapter),
        )
