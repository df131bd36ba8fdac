"""Exported files → the chapter on them, and the README of their folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.export.openers import readme
from wellspring.export.report.chapter import export_chapter
from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.report.chapter import write_chapter

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, files: Mapping[str, Sequence[Path]], chapter: Path, text: Path) -> None:
    """Write `chapter` on the `files` of each format, and what they are to `text`."""
    write_chapter(export_chapter(files), chapter)
    with replaced_when_whole(text) as temporary:
        temporary.write_text(readme(list(files)), encoding="utf-8")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            files={
                # Of a plate the folder, whose last file is the input.
                name: [
                    Path(path).parent if name in ("ome_zarr", "spatialdata") else Path(path)
                    for path in snakemake.input[name]
                ]
                for name in snakemake.params.formats
            },
            chapter=Path(snakemake.output.chapter),
            text=Path(snakemake.output.readme),
        )
