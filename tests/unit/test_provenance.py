"""A code digest changes when a module that it follows changes, and not otherwise. On a library made for the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wellspring import provenance
from wellspring.provenance import (
    code_digest,
    imported_by_script,
    imported_modules,
    modules_of_script,
    script_digest,
)

MODULES = {
    "__init__.py": '"""root"""',
    "files.py": "import os",
    "raw/__init__.py": "from wellspring.raw.pixels import Table",
    "raw/pixels.py": "import numpy as np",
    "raw/mpm.py": "from wellspring.files import helper\nfrom .pixels import Table\nfrom . import absent",
    "cells/__init__.py": '"""nothing"""',
    "cells/crops.py": "def f():\n    from wellspring import files\n    import wellspring.raw.mpm",
    "cells/inner/__init__.py": "",
    "cells/inner/deep.py": "from ..crops import f",
    "report.py": "from wellspring.cells import crops",
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "wellspring"
    for name, text in MODULES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(provenance, "__file__", str(root / "provenance.py"))
    _forget()
    yield root
    _forget()


def _forget() -> None:
    provenance._found.cache_clear()
    provenance._imports.cache_clear()
    provenance.modules_of_script.cache_clear()


def _changed(library: Path, name: str, *modules: str) -> bool:
    """Whether the digest of `modules` changes with an edit of the file `name`."""
    before = code_digest(*modules)
    with (library / name).open("a", encoding="utf-8") as file:
        file.write("\n# edited")
    _forget()
    return code_digest(*modules) != before


def test_imports_are_followed_in_every_form() -> None:
    assert set(imported_modules("wellspring.cells.shards")) >= {"wellspring.cells.shards", "wellspring.files"}


def test_a_module_is_followed_through_functions_and_relative_imports(library: Path) -> None:
    assert imported_modules("wellspring.cells.crops") == [
        *("wellspring.cells.crops", "wellspring.files"),
        *("wellspring.raw", "wellspring.raw.mpm", "wellspring.raw.pixels"),
    ]


@pytest.mark.parametrize(
    ("edited", "changes"),
    [
        ("cells/crops.py", True),
        ("raw/mpm.py", True),
        ("raw/pixels.py", True),
        ("files.py", True),
        ("report.py", False),
        ("cells/inner/deep.py", False),
        ("__init__.py", False),
    ],
)
def test_the_digest_of_a_module(library: Path, edited: str, changes: bool) -> None:
    assert _changed(library, edited, "wellspring.cells.crops") is changes


def test_a_package_stands_for_all_of_its_modules(library: Path) -> None:
    assert set(imported_modules("wellspring.cells")) >= {
        *("wellspring.cells", "wellspring.cells.crops", "wellspring.cells.inner", "wellspring.cells.inner.deep"),
    }
    assert _changed(library, "cells/inner/deep.py", "wellspring.cells")


def test_a_package_that_is_only_imported_from_does_not(library: Path) -> None:
    found = imported_modules("wellspring.report")
    assert "wellspring.cells" in found
    assert "wellspring.cells.crops" in found
    assert "wellspring.cells.inner.deep" not in found


def test_the_digest_does_not_depend_on_the_order_or_on_time(library: Path) -> None:
    one = code_digest("wellspring.files", "wellspring.raw")
    (library / "files.py").touch()
    _forget()
    assert code_digest("wellspring.raw", "wellspring.files") == one
    assert len(one) == 16
    assert int(one, 16) >= 0


@pytest.mark.parametrize("name", ["wellspring.nowhere", "numpy", "wellspring.files.helper"])
def test_a_name_that_is_no_module_is_told(library: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is not a module of wellspring; expected one of"):
        code_digest(name)


SCRIPT = """from wellspring.cells.crops import f


def main() -> None:
    from wellspring import files
    import wellspring.raw
    import numpy
"""


@pytest.fixture
def script(library: Path) -> Path:
    path = library.parent / "cells_crop.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_a_script_s_modules_are_read_from_it_wherever_it_imports_them(script: Path) -> None:
    assert set(modules_of_script(script)) == {"wellspring.cells.crops", "wellspring.files", "wellspring.raw"}


def test_a_script_s_package_stands_for_itself_and_a_named_one_for_all_of_its_modules(script: Path) -> None:
    found = imported_by_script(script)
    assert found == [
        *("wellspring.cells.crops", "wellspring.files", "wellspring.raw", "wellspring.raw.mpm"),
        "wellspring.raw.pixels",
    ]
    inner = {"wellspring.cells.inner", "wellspring.cells.inner.deep"}
    assert set(imported_by_script(script, "wellspring.cells.inner")) == {*found, *inner}


@pytest.mark.parametrize(
    ("edited", "further", "changes"),
    [
        ("cells/crops.py", (), True),
        ("raw/mpm.py", (), True),
        ("report.py", (), False),
        ("cells/inner/deep.py", (), False),
        ("cells/inner/deep.py", ("wellspring.cells.inner.deep",), True),
        ("cells/inner/deep.py", ("wellspring.cells.inner",), True),
    ],
)
def test_the_digest_of_a_script(
    library: Path, script: Path, edited: str, further: tuple[str, ...], changes: bool
) -> None:
    before = script_digest(script, *further)
    with (library / edited).open("a", encoding="utf-8") as file:
        file.write("\n# edited")
    _forget()
    assert (script_digest(script, *further) != before) is changes


def test_the_script_s_own_text_is_left_to_snakemake(script: Path) -> None:
    before = script_digest(script)
    script.write_text(f"{SCRIPT}# edited", encoding="utf-8")
    _forget()
    assert script_digest(script) == before


def test_a_script_or_a_module_that_is_not_there_is_told(script: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"cells_fold\.py"):
        script_digest(script.with_name("cells_fold.py"))
    with pytest.raises(ValueError, match=r"'wellspring\.nowhere' is not a module of wellspring"):
        script_digest(script, "wellspring.nowhere")


ODD = """from wellspring.raw import (  # where (all) the pixels are
    mpm,  # of a plate
    pixels as seen,
)
import os, wellspring.files as files
from .cells import (crops)
if True:
    from wellspring . report import nothing
'''
import ( of a sentence
'''
important = "an import of wellspring.report"
"""


def test_statements_are_found_in_every_layout(library: Path) -> None:
    found = provenance._named_in(ODD, package="wellspring")
    assert found == (
        *("wellspring.raw", "wellspring.raw.mpm", "wellspring.raw.pixels", "wellspring.files"),
        *("wellspring.cells", "wellspring.cells.crops"),
    )
