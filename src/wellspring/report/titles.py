"""What a mark of a figure says when the mouse rests on it: SVG titles, which need no script."""

import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.collections import Collection

__all__ = ["entitle", "with_titles"]

# Matplotlib knows no titles, but links of single marks: these carry the words until the file is written.
_PREFIX = "#title:"
_LINK = re.compile(rf"""<a xlink:href=(["']){_PREFIX}(.*?)\1[^>]*>(.*?)</a>""", re.DOTALL)


def entitle(artist: Artist, titles: Sequence[str]) -> None:
    """Give each mark of a collection, in its order, or any other artist (one title) its words.

    They are shown in figures that `wellspring.report.style.save_figure` writes as SVG.

    Raises
    ------
    ValueError
        When an artist that is no collection gets several.
    """
    links = [f"{_PREFIX}{' '.join(title.split())}" for title in titles]
    if isinstance(artist, Collection):
        artist.set_urls(links)
    elif len(links) == 1:
        artist.set_url(links[0])
    else:
        raise ValueError(f"titles: expected one for {type(artist).__name__}, got {len(links)}")


def with_titles(path: Path) -> None:
    """Turn the links that `entitle` made in the SVG file `path` into titles."""
    text = path.read_text(encoding="utf-8")
    path.write_text(_LINK.sub(r"<g><title>\2</title>\3</g>", text), encoding="utf-8")
