"""The docs page of the features is that of the code; the command writes it."""

from pathlib import Path

import pytest

from wellspring.__main__ import main
from wellspring.cells.features.families import FAMILIES
from wellspring.cells.features.page import features_page

ROOT = Path(__file__).resolve().parents[3]


def test_the_docs_page_is_that_of_the_declarations() -> None:
    remedy = "run `wellspring features --output docs/features.md --force`"
    assert (ROOT / "docs/features.md").read_text(encoding="utf-8") == features_page(), remedy


def test_each_feature_has_a_row_with_unit_meaning_and_formula() -> None:
    rows = [line for line in features_page().splitlines() if line.startswith("| `")]
    assert len(rows) == sum(map(len, FAMILIES.values()))
    for row in rows:
        parts = [part.strip() for part in row.replace("\\|", "").strip("|").split("|")]
        assert len(parts) == 4, row
        assert all(parts), row


def test_the_command_writes_the_page_and_replaces_no_file_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    assert main(["features", "--output", str(page)]) == 0
    assert page.read_text(encoding="utf-8") == features_page()
    assert main(["features", "--output", str(page)]) == 1
    assert "give --force to replace it" in capsys.readouterr().err
    assert main(["features"]) == 0
    assert capsys.readouterr().out == features_page()
