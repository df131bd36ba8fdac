"""What the chapters on images have in common: figures and files, evened light, sites that were left out, doubts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from wellspring.report.chapter import Illustration, PageTable, illustration
from wellspring.report.gallery import Gallery, read_gallery
from wellspring.report.tables import PageColumn, count, page_table
from wellspring.report.words import named_wells

__all__ = ["ImageSources", "doubt_warnings"]

_LEFT_OUT = PageColumn("n_left_out", "Sites\nleft out", count)


@dataclass(frozen=True, kw_only=True)
class ImageSources:
    """What a chapter on images is written from, besides the tables of its stage.

    Attributes
    ----------
    files : mapping of str to Path
        Figures (SVG) and tables by their names in the stage's rule; ``table`` is the one that counts by well.
    captions : mapping of str to str
        From `read_captions`.
    corrected : sequence of str
        Channels that were read with even illumination.
    left_out, sites : pandas.DataFrame
        Sites with their `plate` and `well`: those that were left out, and all (none where all are used).
    """

    files: Mapping[str, Path]
    captions: Mapping[str, str]
    corrected: Sequence[str]
    left_out: pd.DataFrame
    sites: pd.DataFrame

    @property
    def file(self) -> str:
        """Name of the file of ``table``."""
        return str(self.files["table"])

    def figure(self, name: str, *, caption: str, title: str, more: str = "") -> Illustration:
        """The figure of the file `name` under its `caption`, with what there is to add to it."""
        return illustration(self.files[name], title=title, caption=self.captions[caption] + more)

    def gallery(self, name: str, *, figure: str, caption: str, title: str) -> Gallery:
        """The gallery of the file `name`, which is a figure in a file too."""
        found = read_gallery(self.files[name])
        return replace(found, title=title, file=str(self.files[figure]), caption=self.captions[caption])

    def table(self, frame: pd.DataFrame, columns: Sequence[PageColumn], *, title: str, note: str) -> PageTable:
        """The table by well, with the number of sites left out (`n_left_out`) where there are any."""
        shown = (*columns, _LEFT_OUT) if len(self.left_out) else tuple(columns)
        return page_table(frame, shown, title=title, file=self.file, note=note)

    def light(self) -> list[str]:
        """A sentence on the light that was evened; none where none was."""
        return [f"Read with even illumination: {', '.join(self.corrected)}."] if self.corrected else []

    def light_setting(self, verb: str) -> list[tuple[str, str]]:
        """The same as a setting of the page; `verb` is what was done with the images: "Segmented"."""
        return [(f"{verb} with even illumination", ", ".join(self.corrected))] if self.corrected else []


def doubt_warnings(table: pd.DataFrame, meanings: Mapping[str, str], *, what: str, advice: str = "") -> list[str]:
    """Wells with a doubt, a sentence for each doubt in the order of `meanings`.

    Parameters
    ----------
    table
        With `plate`, `well` and `doubts`: words joined by ", ".
    meanings
        Each doubt's words and what they mean.
    what
        What is doubted, as the sentence begins: "Spots".
    advice
        A sentence to end with.
    """
    lines = []
    doubts = table["doubts"].str.split(", ")
    for words, meaning in meanings.items():
        doubtful = table[[words in own for own in doubts]]
        if len(doubtful):
            lines.append(f"{what}, {words}, in {named_wells(doubtful)}: {meaning}.{f' {advice}' if advice else ''}")
    return lines
