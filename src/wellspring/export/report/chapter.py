"""The chapter on exported files: what there is, and how it is opened."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from wellspring.export.openers import OPENERS
from wellspring.report.chapter import Chapter, Details, PageTable, Section

__all__ = ["export_chapter", "size_of"]

_MEGABYTE = 1e6


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size


def export_chapter(files: Mapping[str, Sequence[Path]]) -> Chapter:
    """The chapter.

    Parameters
    ----------
    files
        Name of a format to its files and folders, those of all plates.
    """
    rows = []
    for name, paths in files.items():
        size = sum(map(size_of, paths)) / _MEGABYTE
        first = str(paths[0]) if paths else ""
        rows.append([OPENERS[name].title, OPENERS[name].program, first, f"{len(paths):,}", f"{size:,.1f}"])
    table = PageTable(
        title="Files for other programs",
        file="",
        head=["Format", "For", "First file or folder", "Number", "MB"],
        rows=rows,
        n_text=3,
        file_column=2,
    )
    how = [Details(title=f"How to open: {OPENERS[name].title}", text=_how(name)) for name in files]
    return Chapter(
        stage="export",
        title="Files for other programs",
        lead="Which programs open these results?",
        sections=[Section(title="", parts=[table, *how])],
    )


def _how(name: str) -> str:
    one = OPENERS[name]
    return f"{one.what} Files: results/export/{one.files}\n\n{one.lines}"
