"""Every workflow script keeps the form that the house asks for."""

import ast
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).resolve().parents[2] / "workflow" / "scripts").glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_documented_and_has_one_typed_main(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    tree = ast.parse(text)
    assert "→" in (ast.get_docstring(tree) or "")
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    assert len(mains) == 1
    arguments = mains[0].args
    assert not arguments.args, "keyword-only"
    assert all(argument.annotation for argument in arguments.kwonlyargs)
    assert "with logged_job(snakemake.log[0])" in text
