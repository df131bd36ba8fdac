"""A chapter of the report: what one stage has to show, as one JSON file that needs no other."""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.report.gallery import Gallery
from wellspring.report.well_maps import WellMaps
from wellspring.settings import settings_of

__all__ = [
    "LONG_TABLE",
    "MOST_FINDINGS",
    "Chapter",
    "Details",
    "Illustration",
    "PageTable",
    "Part",
    "Section",
    "illustration",
    "read_captions",
    "read_chapter",
    "write_chapter",
]

MOST_FINDINGS = 5
# Longer tables are folded away.
LONG_TABLE = 24
_ENLARGED = 1.3
_PX_PER_UNIT = {"pt": 96 / 72, "px": 1.0, "mm": 96 / 25.4, "in": 96.0, "": 1.0}


@dataclass(frozen=True)
class Illustration:
    """A figure: title, its file's name as the reader knows it, SVG text, width in CSS px, caption."""

    title: str
    file: str
    svg: str
    width_px: int
    caption: str
    kind: Literal["illustration"] = "illustration"


@dataclass(frozen=True)
class PageTable:
    """A table as the page shows it: title, file it is in too (or ``""``), column heads, rows of text, a note below.

    The first `n_text` columns are text, the others numbers. Rows in `strong` (indices) are set off. A `folded` table
    is shown when it is asked for. Cells of the column `file_column` (an index; -1: none) are files, which are linked.
    """

    title: str
    file: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    n_text: int = 1
    strong: Sequence[int] = ()
    folded: bool = False
    file_column: int = -1
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Details:
    """Text that is folded away until it is asked for."""

    title: str
    text: str
    kind: Literal["details"] = "details"


Part = Illustration | PageTable | Details | WellMaps | Gallery


@dataclass(frozen=True)
class Section:
    """A part of a chapter: text, then its warnings and findings, then figures, tables and folded text in order.

    The title of a chapter's first section may be empty: it is the chapter's.
    """

    title: str
    text: Sequence[str] = ()
    warnings: Sequence[str] = ()
    findings: Sequence[str] = ()
    parts: Sequence[Part] = ()


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What a stage has to show.

    Attributes
    ----------
    stage : str
        Name of the stage, also the chapter's anchor in the page.
    title : str
    lead : str
        A sentence: which question the chapter answers.
    picture : Illustration, Gallery or None
        The one figure that shows the result, shown at the top of the page, at most 900 px wide and 620 px high: wider
        than high, with few panels. It may be a figure of a section too; if not, it begins the chapter. A gallery
        must be a part of a section; the page begins with its first four tiles. None where there is none.
    warnings : sequence of str
        What the reader must know before the results are believed; repeated at the top of the page.
    findings : sequence of str
        What came out, the most important first, which is written next to the picture; at most `MOST_FINDINGS`.
    settings : sequence of (str, str)
        What was run: name and value, for the page's list.
    sections : sequence of Section
    opens_page : bool
        Whether the chapter comes before those of stages that are earlier: an overview of all.
    methods : str
        What was done, in the past tense, with the settings of the run and citations as (Author year): sentences that
        can be put into a paper.
    references : sequence of str
        What `methods` cites, a reference each.

    Raises
    ------
    ValueError
        When there are more than `MOST_FINDINGS` findings.
    """

    stage: str
    title: str
    lead: str
    picture: Illustration | Gallery | None = None
    warnings: Sequence[str] = ()
    findings: Sequence[str] = ()
    settings: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = field(default_factory=tuple)
    opens_page: bool = False
    methods: str = ""
    references: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.findings) > MOST_FINDINGS:
            raise ValueError(
                f"chapter {self.stage}: expected at most {MOST_FINDINGS} findings, got {len(self.findings)}; put the "
                "others into a section"
            )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show: no picture, warning, finding, text or part."""
        filled = any(one.text or one.warnings or one.findings or one.parts for one in self.sections)
        return not (self.picture or self.warnings or self.findings or filled)


def write_chapter(chapter: Chapter, path: Path) -> None:
    """Write `chapter` to `path` as JSON (UTF-8)."""
    with replaced_when_whole(path) as temporary:
        temporary.write_text(json.dumps(asdict(chapter), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_chapter(path: Path) -> Chapter:
    """Read a chapter that `write_chapter` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or is no chapter, with the command that makes it again.
    """
    path = Path(path)
    remedy = f"Make it again: snakemake {shlex.quote(str(path))} --force"
    try:
        return settings_of(Chapter, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: expected a chapter of the report, found no file. {remedy}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(key) for key in first["loc"]) or "the chapter"
        raise InputError(f"{path}: expected a chapter of the report, but {where}: {first['msg']}. {remedy}") from error
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{path}: expected a chapter of the report, but it cannot be read ({error}). {remedy}"
        ) from error


def illustration(path: Path, *, title: str, caption: str) -> Illustration:
    """The SVG file `path`, as a part of a chapter.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is not an SVG image with a width.
    """
    with as_readable(path, expected="an SVG figure"):
        text = Path(path).read_text(encoding="utf-8")
        width = re.search(r"<svg\b[^>]*?\swidth=\"([\d.]+)(pt|px|mm|in|)\"", text)
        if width is None:
            raise InputError("it has no <svg> with a width")
    return Illustration(
        title=title,
        file=str(path),
        svg=text,
        width_px=round(float(width[1]) * _PX_PER_UNIT[width[2]] * _ENLARGED),
        caption=caption,
    )


def read_captions(paths: Sequence[Path]) -> dict[str, str]:
    """Captions by the names of their files (``thresholds.rst`` is ``thresholds``), each as one line of plain text.

    A caption is the text that `snakemake --report` shows next to the figure too, so it holds no value of a run: the
    chapter adds numbers after it. Literals (``like this``) lose their marks.
    """
    texts = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in paths}
    return {name: " ".join(text.replace("``", "").split()) for name, text in texts.items()}
