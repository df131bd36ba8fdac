"""One HTML page from the chapters: it loads nothing from the network. A long one has pages for its chapters.

Its one script makes tables sort and filter; all is readable without it, and the page lets no other script run.
"""

import base64
import hashlib
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import yaml
from markupsafe import Markup

import wellspring
from wellspring.errors import InputError
from wellspring.report.chapter import LONG_TABLE, Chapter, Details, Illustration, PageTable, Section
from wellspring.report.gallery import Gallery
from wellspring.report.methods import methods_of
from wellspring.report.page_size import height_px
from wellspring.report.svg import InlineSvg, inline_svg
from wellspring.report.words import listed, unbroken

__all__ = ["MOST_PX", "SCRIPT", "TEMPLATE", "render_chapter", "render_page"]

TEMPLATE = Path(__file__).with_name("page.html.jinja")
SCRIPT = Path(__file__).with_name("page.js")
MOST_PX = 10_000
"""Of a page that would be higher, about ten screens, the chapters are on pages of their own, or folded."""
# Height of the pictures that the page begins with: what fits a screen with some text above. What is higher is made
# smaller; what is so high that it could not be read then is cut.
_HIGHEST_PX, _TOO_HIGH_PX = 620.0, 1000.0
# The same where chapters are on pages of their own, of those that do not open the page: it has ten screens for all.
_SHORT_PX, _TOO_HIGH_SHORT_PX = 380.0, 640.0
_OF_THE_PAGE = frozenset({"overview", "warnings", "findings", "run", "methods", "reproduce", "config"})


def render_page(
    chapters: Sequence[Chapter],
    *,
    title: str,
    n_wells: int,
    config: Mapping[str, Any],
    conditions: Mapping[str, Any] | None = None,
    versions: Sequence[tuple[str, str]],
    folder: Path | None = None,
    pages: Mapping[str, str] | None = None,
) -> str:
    """The page as HTML text. All text is escaped; figures are taken in by `inline_svg`.

    Parameters
    ----------
    chapters
        In the order of the page; those that open it come first. None is fine: the page then says what was run.
    title
        The first line.
    n_wells
        Wells in the sheet.
    config
        The checked config, which the page shows.
    conditions
        ``columns`` of the sheet by which wells can be compared, plate and well first, and ``rows``, one per well; None:
        the sheet has no such columns.
    versions
        Names and versions of the software.
    folder
        Where the page is, for links to the files that it names; None: no links.
    pages
        Stage to the page of its chapter (`render_chapter`), relative to this one. If this page would be longer than
        `MOST_PX`, what the chapters hold is there alone; None: it is folded then.

    Raises
    ------
    ValueError
        When two chapters are of the same stage, one has several galleries, or a figure is no SVG image; the message
        names it.
    """
    names = [chapter.stage for chapter in chapters]
    clashing = sorted({name for name in names if names.count(name) > 1 or name in _OF_THE_PAGE})
    if clashing:
        raise ValueError(f"report: expected one chapter per stage, and none named {sorted(_OF_THE_PAGE)}: {clashing}")
    _check_galleries(chapters)
    chapters = sorted(chapters, key=_is_late)
    warnings = {one.stage: _warnings(one) for one in chapters}
    is_long = height_px(chapters) > MOST_PX
    is_split = is_long and pages is not None
    needs = "The chapters are in the folder next to it; it needs" if is_split else "This file needs no other file,"
    return _rendered(
        chapters,
        folder=folder,
        title=title,
        lead=_lead(chapters, n_wells=n_wells),
        warnings=warnings,
        n_warnings=sum(len(lines) for lines in warnings.values()),
        warned=listed([one.title for one in chapters if warnings[one.stage]]),
        has_findings=any(one.findings for one in chapters),
        run=_run(chapters, n_wells=n_wells, folded=is_split),
        conditions=_conditions(conditions),
        software=_software(versions),
        methods=methods_of(chapters, versions=versions),
        is_folded=is_long and not is_split,
        pages=pages or {},
        is_split=is_split,
        back="",
        commands=_commands(chapters, folded=is_split),
        config=_config(config),
        footer=f"Made by wellspring {wellspring.__version__}. {needs} no network and no script.",
    )


def render_chapter(chapter: Chapter, *, title: str, folder: Path | None = None, back: str) -> str:
    """One chapter as a page of its own, as `render_page` would show it.

    Parameters
    ----------
    chapter
    title
        Of the report.
    folder
        Where this page is, as of `render_page`.
    back
        The report, relative to this page.
    """
    _check_galleries([chapter])
    return _rendered(
        [chapter],
        folder=folder,
        title=f"{chapter.title}: {title}",
        lead="",
        warnings={chapter.stage: []},
        n_warnings=0,
        has_findings=False,
        methods=None,
        is_folded=False,
        pages={},
        is_split=False,
        back=back,
        footer=f"Made by wellspring {wellspring.__version__}.",
    )


def _rendered(chapters: Sequence[Chapter], *, folder: Path | None, **parts: object) -> str:
    """The page with what any page needs."""
    script = SCRIPT.read_text(encoding="utf-8")
    page = _template(str(TEMPLATE)).render(
        chapters=chapters,
        sections={one.stage: _anchored(one) for one in chapters},
        pictures={one.stage: _unshown_picture(one) for one in chapters},
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
        links=_Links(folder),
        drawing=_drawing,
        figures=_Figures(),
        **parts,
    )
    return f"{page.strip()}\n"


@cache
def _template(path: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(path).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken
    return environment.get_template(Path(path).name)


def _drawing(markup: str) -> Markup:
    """What a layer draws, by the rules for figures: nothing that acts.

    Raises
    ------
    ValueError
        When it is no SVG.
    """
    found = inline_svg(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{markup}</svg>', name="layer")
    if found is None:
        raise ValueError("gallery: a layer holds more than shapes")
    return Markup(found.markup.removeprefix('<g id="layer">').removesuffix("</g>"))


def _check_galleries(chapters: Sequence[Chapter]) -> None:
    """A gallery is found by the name of its chapter."""
    for one in chapters:
        galleries = [part for section in one.sections for part in section.parts if isinstance(part, Gallery)]
        if len(galleries) > 1 or (isinstance(one.picture, Gallery) and not galleries):
            raise ValueError(
                f"chapter {one.stage}: expected one gallery at most, in a section even if it is the picture, got "
                f"{len(galleries)} in sections"
            )


def _is_late(chapter: Chapter) -> bool:
    return not chapter.opens_page


@dataclass(frozen=True)
class _Links:
    """From the page to the files that it names, where it is known where the page is."""

    folder: Path | None

    def to(self, file: str) -> str:
        """A relative link, or ``""``."""
        return quote(Path(os.path.relpath(file, self.folder)).as_posix()) if self.folder and file else ""


def _lead(chapters: Sequence[Chapter], *, n_wells: int) -> str:
    wells = f"{n_wells:,} well{'' if n_wells == 1 else 's'}"
    if not chapters:
        return f"{wells}. The config asks for no result that this page could show."
    return f"{wells}. Chapters: {listed([chapter.title for chapter in chapters])}."


def _warnings(chapter: Chapter) -> list[str]:
    """Those of the chapter and of its sections, each once."""
    of_sections = (text for section in chapter.sections for text in section.warnings)
    return list(dict.fromkeys([*chapter.warnings, *of_sections]))


def _anchored(chapter: Chapter) -> list[tuple[str, Section]]:
    return [(f"{chapter.stage}-{number}", section) for number, section in enumerate(chapter.sections, start=1)]


def _unshown_picture(chapter: Chapter) -> Illustration | None:
    """The chapter's picture, unless one of its sections shows it."""
    shown = {part.svg for section in chapter.sections for part in section.parts if isinstance(part, Illustration)}
    picture = chapter.picture
    return None if not isinstance(picture, Illustration) or picture.svg in shown else picture


def _run(chapters: Sequence[Chapter], *, n_wells: int, folded: bool) -> PageTable:
    """What was run, as the chapters say it."""
    rows = [(chapter.title, name, value) for chapter in chapters for name, value in chapter.settings]
    if not any(name == "Wells" for _, name, _ in rows):
        rows.insert(0, ("", "Wells", f"{n_wells:,}"))
    shown = [("" if number and rows[number - 1][0] == row[0] else row[0], *row[1:]) for number, row in enumerate(rows)]
    return PageTable(
        title="Data and settings", file="", head=("Chapter", "What", "Value"), rows=shown, n_text=3, folded=folded
    )


def _conditions(conditions: Mapping[str, Any] | None) -> PageTable | None:
    """The sheet, as far as wells can be compared by it."""
    if conditions is None:
        return None
    head, rows = list(conditions["columns"]), [[str(value) for value in row] for row in conditions["rows"]]
    title = f"Wells and their conditions ({len(rows)})"
    return PageTable(title=title, file="", head=head, rows=rows, n_text=len(head), folded=True)


def _software(versions: Sequence[tuple[str, str]]) -> PageTable:
    return PageTable(title="Software", file="", head=("Package", "Version"), rows=versions, n_text=2, folded=True)


def _config(config: Mapping[str, Any]) -> Details:
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    return Details(title="Show the config of this run", text=text)


def _commands(chapters: Sequence[Chapter], *, folded: bool) -> PageTable:
    """A command per file that the chapters show."""
    files: dict[str, tuple[str, str]] = {}
    for chapter in chapters:
        first = [chapter.picture] if chapter.picture else []
        for part in [*first, *(part for section in chapter.sections for part in section.parts)]:
            if isinstance(part, Illustration | PageTable | Gallery) and part.file:
                files.setdefault(part.file, (chapter.title, part.title))
    rows = [(*said, f"snakemake {shlex.quote(file)} --force") for file, said in files.items()]
    head = ("Chapter", "Figure or table", "Command")
    folded = folded or len(rows) > LONG_TABLE
    title = f"Commands ({len(rows)})" if folded else "Commands"
    return PageTable(title=title, file="", head=head, rows=rows, n_text=3, folded=folded)


@dataclass
class _Figures:
    """The figures of one page: each is in it once, under a name of its own, and shown by that name from then on."""

    known: dict[str, InlineSvg | None] = field(default_factory=dict)
    drawn_once: set[str] = field(default_factory=set)

    def drawn(self, figure: Illustration) -> Markup:
        """The element that shows `figure`."""
        return self._element(figure, width_px=float(figure.width_px), box=None)

    def picture(self, figure: Illustration, *, is_short: bool = False) -> Markup:
        """The element that shows `figure` no higher than a screen, and lower if `is_short`.

        It is smaller, or its upper part at its own width.
        """
        found = self._known(figure)
        if found is None:
            return self.drawn(figure)
        left, top, width, height = _numbers(found.view_box)
        highest = width * (_SHORT_PX if is_short else _HIGHEST_PX) / figure.width_px
        if not self.is_cut(figure, is_short=is_short):
            return self._element(figure, width_px=figure.width_px * min(1.0, highest / height), box=None)
        return self._element(figure, width_px=float(figure.width_px), box=f"{left:g} {top:g} {width:g} {highest:g}")

    def is_cut(self, figure: Illustration, *, is_short: bool = False) -> bool:
        """Whether `picture` shows the upper part: what is much higher than a screen would be too small to read."""
        found = self._known(figure)
        if found is None:
            return False
        _, _, width, height = _numbers(found.view_box)
        return figure.width_px * height / width > (_TOO_HIGH_SHORT_PX if is_short else _TOO_HIGH_PX)

    def _element(self, figure: Illustration, *, width_px: float, box: str | None) -> Markup:
        found = self._known(figure)
        shown = {"style": f"--width: {width_px:.0f}px", "title": figure.title}
        if found is None:
            data = base64.b64encode(figure.svg.encode("utf-8")).decode("ascii")
            image = '<img class="figure" style="{style}" alt="{title}" src="data:image/svg+xml;base64,{data}">'
            return Markup(image).format(**shown, data=data)
        inside = Markup('<use href="#{}"></use>').format(found.name)
        if found.name not in self.drawn_once:
            self.drawn_once.add(found.name)
            inside = Markup(found.markup)
        image = '<svg class="figure" style="{style}" role="img" aria-label="{title}" viewBox="{box}">{inside}</svg>'
        return Markup(image).format(**shown, box=box or found.view_box, inside=inside)

    def _known(self, figure: Illustration) -> InlineSvg | None:
        if figure.svg not in self.known:
            try:
                self.known[figure.svg] = inline_svg(figure.svg, name=f"f{len(self.known) + 1}")
            except ValueError as error:
                remedy = f"snakemake {shlex.quote(figure.file)} --force"
                raise InputError(f"{figure.file}: {error}. Make it again: {remedy}") from error
        return self.known[figure.svg]


def _numbers(view_box: str) -> tuple[float, float, float, float]:
    left, top, width, height = (float(number) for number in view_box.replace(",", " ").split())
    return left, top, width, height
