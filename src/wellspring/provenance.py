"""Digests of the library's own modules, so that an edit reruns what depends on it and nothing else."""

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

__all__ = ["code_digest", "imported_modules"]

_PACKAGE = "wellspring"


def code_digest(*modules: str) -> str:
    """Digest of the source of `modules` and of every wellspring module that they import, directly or not.

    Parameters
    ----------
    modules
        Dotted names such as ``"wellspring.cells"``. A package named here stands for all of its modules; one that is
        only imported from stands for its ``__init__``.

    Returns
    -------
    str
        16 hexadecimal digits. It depends on the files' bytes alone.

    Raises
    ------
    ValueError
        When a name is not a module of wellspring.
    """
    digest = hashlib.sha256()
    for name in sorted(_closure(modules)):
        digest.update(name.encode())
        digest.update(_source(name).read_bytes())
    return digest.hexdigest()[:16]


def imported_modules(*modules: str) -> list[str]:
    """The names that `code_digest` covers, sorted."""
    return sorted(_closure(modules))


def _closure(modules: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = [inner for name in modules for inner in _modules_of(name)]
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
    return [".".join((name, *place.parts)).removesuffix(".__init__") for place in inner]


@cache
def _source(name: str) -> Path:
    root = Path(__file__).parent
    parts = name.split(".")
    base = root.joinpath(*parts[1:])
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    for path in candidates:
        if parts[0] == _PACKAGE and path.is_file():
            return path
    raise ValueError(f"{name!r} is not a module of {_PACKAGE}; expected one of {[str(c) for c in candidates]}.")


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
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = importlib.util.resolve_name("." * node.level + base, package)
            found.append(base)
            found.extend(f"{base}.{alias.name}" for alias in node.names)
    return tuple(n for n in found if n.split(".")[0] == _PACKAGE and n != _PACKAGE and _is_module(n))
