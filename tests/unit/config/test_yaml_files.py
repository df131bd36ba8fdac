"""Mistakes in YAML, with line and column."""

from pathlib import Path

import pytest

from wellspring.config.yaml_files import read_yaml, yaml_mistake
from wellspring.errors import InputError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("wells: a.tsv\nraw:\n\tformat: tiff\n", r"line 3, column 1: .*Indent with blanks, not with tabs"),
        ("wells: a.tsv\nraw: {format: tiff\nspots: 1\n", r"line 3, column 6: it is no YAML: .*in 'spots: 1'"),
        ("a: b: c\n", r"line 1, column 5: .*mapping values are not allowed here in 'a: b: c'"),
        ("a: 1\nb\nc: 2\n", r"line 2, column 1: .*could not find expected ':' in 'b'"),
        ("- a\n- b\n", "line 1, column 1: expected keys and values, found list"),
        ("a: 'x\n", "line 2, column 1: it is no YAML: while scanning a quoted scalar"),
    ],
)
def test_a_mistake_has_its_line_and_column(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_yaml(tmp_path / "config.yaml")


def test_what_can_be_read_has_none(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("a: {b: 1}\n", encoding="utf-8")
    assert yaml_mistake(path) is None
    assert read_yaml(path) == {"a": {"b": 1}}
    path.write_text("", encoding="utf-8")
    assert read_yaml(path) == {}
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(InputError, match="found byte 3 that is none"):
        read_yaml(path)
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        read_yaml(tmp_path / "none.yaml")
