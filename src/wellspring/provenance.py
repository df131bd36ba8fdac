"""Digests of the library's own modules, so that an edit reruns what depends on it and nothing else."""

import hashlib
import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from wellspring.errors import InputError

__all__ = [
    "code_digest",
    "import_statements",
    "imported_by_script",
    "imported_modules",
    "modules_of_script",
    "script_digest",
]

_PACKAGE = "wellspring"


def code_digest(*modules: str) -> str:
    """Digest of the source of `modules` and of every wellspring module that they import, directly or not.

    Parameters
    ----------
    modules
        Dotted names such as ``"wellspring.cells"``. A package named here means all of its modules; one that is
        only imported from means its ``__init__``.

    Returns
    -------
    str
        16 hexadecimal digits. It depends on the files' bytes alone.

    Raises
    ------
    ValueError
        When a name is not a module of wellspring.
    """
    return _digest(_closure([inner for name in modules for inner in _modules_of(name)]))


def script_digest(script: Path, *modules: str) -> str:
    """`code_digest` of the wellspring modules that a script imports, wherever in it, and of `modules`.

    Parameters
    ----------
    script
        A Python file; Snakemake watches its own text.
    modules
        What the script comes to by name alone, such as the module of the method that a wildcard names; a package
        means all of its modules.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such script, or no such module.
    """
    return _digest(imported_by_script(script, *modules))


def imported_by_script(script: Path, *modules: str) -> list[str]:
    """The names that `script_digest` covers, sorted."""
    named = [inner for name in modules for inner in _modules_of(name)]
    return sorted(_closure([*modules_of_script(script), *named]))


def _digest(names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode())
        digest.update(_source(name).read_bytes())
    return digest.hexdigest()[:16]


@cache
def modules_of_script(script: Path) -> tuple[str, ...]:
    """The wellspring modules that a Python file names in its imports."""
    return _named_in(Path(script).read_text(encoding="utf-8"), package="")


def imported_modules(*modules: str) -> list[str]:
    """The names that `code_digest` covers, sorted."""
    return sorted(_closure([inner for name in modules for inner in _modules_of(name)]))


def _closure(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imports(name))
    return found


def _modules_of(name: str) -> list[str]:
    path = _source(name)
    if path.name != "__init__.py":
        return [name]
    inner = [found.relative_to(path.parent).with_suffix("") for found in path.parent.rglob("*.py")]
    return [".".join((name, *index.parts)).removesuffix(".__init__") for index in inner]


def _source(name: str) -> Path:
    found = _found(name)
    if found is None:
        candidates = [str(path) for path in _candidates(name)]
        raise InputError(f"{name!r} is not a module of {_PACKAGE}; expected one of {candidates}.")
    return found


@cache
def _found(name: str) -> Path | None:
    """The file of a module of wellspring; None where there is none."""
    if name.split(".")[0] != _PACKAGE:
        return None
    return next((path for path in _candidates(name) if path.is_file()), None)


def _candidates(name: str) -> tuple[Path, Path]:
    base = Path(__file__).parent.joinpath(*name.split(".")[1:])
    return base / "__init__.py", base.with_suffix(".py")


@cache
def _imports(name: str) -> tuple[str, ...]:
    path = _source(name)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return _named_in(path.read_text(encoding="utf-8"), package=package)


def _named_in(text: str, *, package: str) -> tuple[str, ...]:
    found: list[str] = []
    for base, names in import_statements(text):
        if not base:
            found.extend(names)
            continue
        level = len(base) - len(base.lstrip("."))
        full = importlib.util.resolve_name(base, package) if level else base
        found.append(full)
        found.extend(f"{full}.{name}" for name in names)
    return tuple(n for n in found if n.split(".")[0] == _PACKAGE and n != _PACKAGE and _found(n) is not None)


def import_statements(text: str) -> Iterator[tuple[str, list[str]]]:
    """What each import statement takes its names from ("": from nothing), and the names.

    The words are looked for in the text: hundreds of files are read at each start of the workflow, and parsing them
    took longer than all else. A statement in a docstring counts too, which costs a rerun at worst; each statement has
    lines of its own, as the formatter writes them.
    """
    for word in re.finditer(r"\bimport\b", text):
        before = text[text.rfind("\n", 0, word.start()) + 1 : word.start()].split()
        if before and not (len(before) == 2 and before[0] == "from"):
            continue
        end = text.find("\n", word.end())
        rest = text[word.end() : end if end >= 0 else len(text)].lstrip()
        if rest.startswith("("):
            rest = text[word.end() : _closing(text, word.end())].lstrip()[1:]
        listed = re.sub(r"#.*", "", rest).split(",")
        yield before[1] if before else "", [name.split()[0] for name in listed if name.strip()]


def _closing(text: str, start: int) -> int:
    """Where the next parenthesis closes that is in no comment; the text's end if none does."""
    end = text.find(")", start)
    while end >= 0 and "#" in text[max(start, text.rfind("\n", 0, end)) : end]:
        end = text.find(")", end + 1)
    return end if end >= 0 else len(text)
