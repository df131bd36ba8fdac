"""The pages of the documentation as their files have them: links, code spans, code blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "config/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
PLACEHOLDER = re.compile(r"<[^<>]*>|\{[^{}]*\}|\*")

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", flags=re.M | re.S)
_RUN = re.compile(r"^<!-- run: ([\w ]+) -->\n```\w+\n(.*?)^```$", flags=re.M | re.S)


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    def __repr__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without code blocks."""
        return _BLOCK.sub("", self.text)

    def links(self) -> list[str]:
        """Targets of links and pictures that are relative."""
        found = re.findall(r"\]\(([^)\s]+)\)", self.prose)
        return [target for target in found if "://" not in target]

    def anchors(self) -> set[str]:
        """Anchors of the headings, as GitHub makes them."""
        titles = re.findall(r"^#+ (.+)$", self.prose, flags=re.M)
        return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}

    def spans(self) -> list[str]:
        """Text between single backticks, outside of code blocks."""
        return [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", self.prose)]

    def blocks(self, language: str) -> list[str]:
        """Code blocks in a language."""
        return [body for name, body in _BLOCK.findall(self.text) if name == language]

    def runnable(self, name: str) -> str:
        """The code block below ``<!-- run: name -->``."""
        found: dict[str, str] = dict(_RUN.findall(self.text))
        return found[name]

    def command_lines(self) -> Iterator[str]:
        """Lines of shell blocks, continued ones joined, without comments; and code spans."""
        for block in self.blocks("bash"):
            for line in block.replace("\\\n", " ").splitlines():
                yield " ".join(re.sub(r"(^|\s)#.*$", "", line).split())
        yield from self.spans()


def pages() -> list[Page]:
    """All pages."""
    return [Page(path) for path in PAGES]
