"""How high a page is before it is drawn: roughly, to fold what would make it too long."""

import math
import re
from collections.abc import Sequence

from wellspring.report.chapter import Chapter, Illustration, PageTable, Part
from wellspring.report.gallery import Gallery
from wellspring.report.well_maps import WellMaps

__all__ = ["height_px"]

# Width of the text on a usual screen; heights of what a page is made of, all in CSS px.
_WIDTH_PX, _LINE_PX, _ROW_PX, _TITLE_PX, _FOLDED_PX = 1000, 26, 29, 60, 45
_LETTERS = 90
_TILE_ROW_PX, _TILES = 310, 4
_HIGHEST_PICTURE_PX = 620


def height_px(chapters: Sequence[Chapter], *, is_folded: bool = False) -> int:
    """About how high the page of these chapters is; `is_folded`: the sections of the chapters take a line each."""
    return sum(_of_chapter(chapter, is_folded=is_folded) for chapter in chapters)


def _of_chapter(chapter: Chapter, *, is_folded: bool) -> int:
    said = [*chapter.warnings, *chapter.findings]
    # Warnings and findings are at the top of the page and in the chapter.
    total = 3 * _TITLE_PX + (1 if is_folded else 2) * _of_text(said)
    if chapter.picture:
        total += min(_HIGHEST_PICTURE_PX, _of_part(chapter.picture))
    if is_folded:
        return total + _FOLDED_PX
    for section in chapter.sections:
        total += _TITLE_PX + _of_text([*section.text, *section.findings, *section.warnings])
        total += sum(_of_part(part) for part in section.parts)
    return total


def _height_over_width(svg: str) -> float:
    """As the head of the image says; 0.75 where it does not."""
    box = re.search(r'viewBox="[-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)[ ,]+([\d.]+)"', svg[:2000])
    return float(box[2]) / float(box[1]) if box and float(box[1]) > 0 else 0.75


def _of_text(lines: Sequence[str]) -> int:
    return sum(_LINE_PX * (1 + len(line) // _LETTERS) for line in lines)


def _of_part(part: Part) -> int:
    if isinstance(part, Illustration):
        return round(min(_WIDTH_PX, part.width_px) * _height_over_width(part.svg)) + _TITLE_PX
    if isinstance(part, PageTable):
        return _FOLDED_PX if part.folded else _TITLE_PX + _ROW_PX * (len(part.rows) + 2)
    if isinstance(part, Gallery):
        return _TITLE_PX + _TILE_ROW_PX * math.ceil(len(part.tiles) / _TILES)
    if isinstance(part, WellMaps):
        return _TITLE_PX + (_WIDTH_PX // 3 + _LINE_PX) * math.ceil(len(part.planes) / 3)
    return _FOLDED_PX
