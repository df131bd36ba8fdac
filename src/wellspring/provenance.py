"""Digests of the library's own modules, so that an edit reruns what depends on it and nothing else."""

import ast
import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from wellspring.errors import InputError

__all__ = ["code_digest", "imported_by_script", "imported_modules", "modules_of_script", "script_digest"]

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
    return _named_in(ast.parse(Path(script).read_text(encoding="utf-8")), package="")


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


@cache
def _source(name: str) -> Path:
    root = Path(__file__).parent
    parts = name.split(".")
    base = root.joinpath(*parts[1:])
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    for path in candidates:
        if parts[0] == _PACKAGE and path.is_file():
            return path
    raise InputError(f"{name!r} is not a module of {_PACKAGE}; expected one of {[str(c) for c in candidates]}.")


def _is_module(name: str) -> bool:
    try:
        _source(name)
    except ValueError:
        return False
    return True


@cache
def _imports(name: str) -> tuple[str, ...]:
    path = _source(name)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return _named_in(ast.parse(path.read_text(encoding="utf-8")), package=package)


def _named_in(tree: ast.Module, *, package: str) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = importlib.util.resolve_name("." * node.level + base, package)
            found.append(base)
            found.extend(f"{base}.{alias.name}" for alias in node.names)
    return tuple(n for n in found if n.split(".")[0] == _PACKAGE and n != _PACKAGE and _is_module(n))
