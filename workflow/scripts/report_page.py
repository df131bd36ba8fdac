"""Write the report: chapters of all stages → report.html, and a page per chapter."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_chapter
from wellspring.report.page import render_chapter, render_page
from wellspring.report.versions import software_versions

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, chapters: Sequence[Path], params: Any, page: Path, pages: Sequence[Path]) -> None:
    """Read the chapters, in their order; write those that show something as one file, and each to one of `pages`."""
    config = params["config"]
    found = [read_chapter(path) for path in chapters]
    title = config["report"]["title"]
    for one, path in zip(found, pages, strict=True):
        own = render_chapter(one, title=title, folder=path.parent, back=os.path.relpath(page, path.parent))
        with replaced_when_whole(path) as temporary:
            temporary.write_text(own, encoding="utf-8")
    text = render_page(
        [one for one in found if not one.is_empty],
        title=title,
        n_wells=params["n_wells"],
        conditions=params["conditions"],
        config=config,
        versions=software_versions(),
        folder=page.parent,
        pages={one.stage: os.path.relpath(path, page.parent) for one, path in zip(found, pages, strict=True)},
    )
    with replaced_when_whole(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            chapters=[Path(path) for path in snakemake.input.chapters],
            params=snakemake.params,
            page=Path(snakemake.output.page),
            pages=[Path(path) for path in snakemake.output.pages],
        )
