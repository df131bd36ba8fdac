"""The chapter on the plate browser: where it is, and how large."""

from collections.abc import Sequence
from pathlib import Path

from wellspring.report.chapter import Chapter, PageTable, Section

__all__ = ["browser_chapter"]

_MEGABYTE = 1e6
_TEXT = (
    "A page to look at the plates: a number of each well or small pictures of all, a well's images with outlines and "
    "spots, each cell's row, and a scatter plot whose cells can be gated. It opens by a double click and needs no "
    "network. To give it to somebody, copy the whole folder."
)


def browser_chapter(page: Path, *, plates: Sequence[str], n_wells: int, size: int) -> Chapter:
    """The chapter.

    Parameters
    ----------
    page
        The page.
    plates
        Those that it shows.
    n_wells, size
        Wells of all plates, and bytes of all of the browser's files.
    """
    row = [str(page), f"{len(plates):,}", f"{n_wells:,}", f"{size / _MEGABYTE:,.1f}"]
    head = ["Page", "Plates", "Wells", "MB"]
    table = PageTable(title="Plate browser", file="", head=head, rows=[row], n_text=1, file_column=0)
    return Chapter(
        stage="browser",
        title="Plate browser",
        lead="What do the wells and their cells look like?",
        sections=[Section(title="", text=[_TEXT], parts=[table])],
    )
