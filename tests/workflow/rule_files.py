"""The rules as their files have them: text, without Snakemake."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wellspring.provenance import import_statements

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "wellspring"
RULE_FILES = ROOT / "workflow" / "rules"
SCRIPTS = ROOT / "workflow" / "scripts"


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the file that it stands in, its text from the name on."""

    name: str
    file: Path
    text: str

    def __repr__(self) -> str:
        return self.name

    @property
    def stage(self) -> str:
        """First word of the rule file's name: a stage may have a second file, such as ``attribution_tests.smk``."""
        return self.file.stem.split("_")[0]

    @property
    def script(self) -> Path:
        """The script that it runs, by its name."""
        return SCRIPTS / f"{self.name}.py"

    def block(self, name: str) -> str:
        """The indented text below ``name:``; empty where the rule has none."""
        found = re.search(rf"^    {name}:(.*(?:\n(?:        .*)?)*)", self.text, flags=re.M)
        return found[1].strip("\n") if found else ""


def rules() -> tuple[Rule, ...]:
    """All rules, by file and place."""
    return tuple(_rules())


def _rules() -> Iterator[Rule]:
    for path in sorted(RULE_FILES.glob("*.smk")):
        for text in re.split(r"^(?:rule|checkpoint) ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            yield Rule(text.split(":")[0], path, text)


@cache
def modules_named(file: Path) -> frozenset[str]:
    """Modules that a Python file imports anywhere in it, in functions too."""
    names: set[str] = set()
    for module, listed in import_statements(file.read_text(encoding="utf-8")):
        names |= {module, *(f"{module}.{name}" for name in listed)} if module else set(listed)
    return frozenset(names)


def file_of(module: str) -> Path:
    """The file of a module of wellspring."""
    base = ROOT.joinpath("src", *module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
