"""What all tests share: when a network library is imported, which tests need one, and in which order files are run.

Importing Keras takes longer than collecting all tests. So a test file names Keras, and what imports it, in a block
`if TYPE_CHECKING:` at its top, as for linters; the fixture `network_imports` makes these imports when the file's first
test runs. What is done as the file is read, such as values of `parametrize`, does without these names.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from wellspring.provenance import import_statements

LEARNING = {"keras", "tensorflow", "jax"}
LIBRARY = Path(__file__).resolve().parents[1] / "src"
IMPORTED_WHILE_COLLECTING = pytest.StashKey[set[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of files that import a network library, and start with the files that take longest.

    Two workers share the tests file by file, so a long file at the end would keep one of them waiting.
    """
    for item in items:
        if _learns(item.path):
            item.add_marker("network")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("workflow", "network")])


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Remember which network libraries the collection imported; a test wants none."""
    session.config.stash[IMPORTED_WHILE_COLLECTING] = LEARNING & set(sys.modules)


@pytest.fixture
def imported_while_collecting(request: pytest.FixtureRequest) -> set[str]:
    """The network libraries that were there before the first test ran."""
    return request.config.stash[IMPORTED_WHILE_COLLECTING]


@pytest.fixture(scope="module", autouse=True)
def network_imports(request: pytest.FixtureRequest) -> None:
    """Make the imports that a test file has under `if TYPE_CHECKING:`, once, before its first test."""
    for node in ast.parse(request.path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            imports = compile(ast.Module(node.body, type_ignores=[]), str(request.path), "exec")
            exec(imports, vars(request.module))


@cache
def _learns(test: Path) -> bool:
    """Whether a test file imports a network library, itself or by a module of wellspring as that is imported."""
    files = [file for file in (test, test.with_name("conftest.py")) if file.is_file()]
    waiting = {name for file in files for name in _named(file.read_text(encoding="utf-8"))}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] in LEARNING:
            return True
        seen.add(name)
        if name.startswith("wellspring."):
            waiting |= _imported_with(name) - seen
    return False


@cache
def _imported_with(module: str) -> set[str]:
    """What the import of a module of wellspring imports; what a function of it does, a test may do without."""
    base = LIBRARY.joinpath(*module.split("."))
    files = [file for file in (base / "__init__.py", base.with_suffix(".py")) if file.is_file()]
    return {name for file in files for name in _named(_INNER.sub("", file.read_text(encoding="utf-8")))}


# The line with the words of an import statement that is in a block: of a function, of `if TYPE_CHECKING:`.
_INNER = re.compile(r"^[ \t]+(?:from\b.*)?\bimport\b.*$", flags=re.MULTILINE)


def _named(text: str) -> set[str]:
    """Modules in import statements; a name that is imported from a module may be one too."""
    names: set[str] = set()
    for module, listed in import_statements(text):
        names |= {module, *(f"{module}.{name}" for name in listed)} if module else set(listed)
    return names
