"""Data of the plate browser → its page, and the chapter that links to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.browser.page import render_browser
from wellspring.browser.report.chapter import browser_chapter
from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.report.chapter import write_chapter

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, plates: Sequence[Path], wells: Sequence[Path], others: Sequence[Path], title: str, chapter: Path, page: Path
) -> None:
    """Write the `page` of the `plates`, and the `chapter`; `wells` and `others` are the rest of its files."""
    names = [path.stem for path in plates]
    with replaced_when_whole(page) as temporary:
        temporary.write_text(render_browser(title=title, plates=names), encoding="utf-8")
    size = sum(path.stat().st_size for path in (page, *plates, *wells, *others))
    write_chapter(browser_chapter(page, plates=names, n_wells=len(wells), size=size), chapter)
    print(f"{page}: {size / 1e6:.1f} MB, {size / 1e3 / len(wells):.0f} kB per well")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            plates=[Path(path) for path in given.plates],
            wells=[Path(path) for path in given.wells],
            others=[Path(path) for name in ("pictures", "images") for path in given[name]],
            title=snakemake.params.title,
            chapter=Path(snakemake.output.chapter),
            page=Path(snakemake.output.page),
        )
