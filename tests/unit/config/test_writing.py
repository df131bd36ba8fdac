"""The commented config and the docs page: one source, the schemas; and the starting points for one's own data."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from wellspring.__main__ import main
from wellspring.config import config_schema, validated_config
from wellspring.config.command import shipped_config
from wellspring.config.keys import NO_DEFAULT, Key, ToSet, keys_of
from wellspring.config.page import config_page
from wellspring.config.starts import Start, starts, with_values
from wellspring.config.writing import WIDTH, commented_config, value_text

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = config_schema()
SHIPPED = sorted(path for path in (ROOT / "config").glob("**/*.yaml") if path.name != "short.yaml")
STUDIES = [pytest.param(one, id=f"{one.name}-{one.format}") for one in starts()]

SMALL: dict[str, Any] = {
    "properties": {
        "method": {
            "description": "How.",
            "enum": ["a", "b"],
            "meanings": {"a": "first", "b": "second"},
            "default": "a",
        },
        "size_px": {"description": "Side.", "unit": "px", "type": "integer", "minimum": 2, "default": 8},
        "extra": {
            "description": "More. null = none.",
            "type": ["object", "null"],
            "default": None,
            "properties": {"name": {"description": "Its name.", "type": "string"}},
            "required": ["name"],
        },
    },
    "allOf": [
        {"if": {"properties": {"method": {"const": "a"}}}, "then": {"properties": {"method": {}}}},
        {
            "if": {"properties": {"method": {"const": "b"}}},
            "then": {
                "properties": {
                    "method": {},
                    "rate": {"description": "Speed.", "type": "number", "exclusiveMinimum": 0, "default": 0.00005},
                }
            },
        },
    ],
}


def _body(text: str) -> str:
    return text.partition("as tables.\n\n")[2]


def test_each_key_has_its_comment_and_keys_of_other_methods_are_off() -> None:
    assert _body(
        commented_config(
            {"properties": {"block": {"type": "object", "default": {}, "description": "All.", **SMALL}}}, {}
        )
    ) == (
        "# All.\n"
        "block:\n"
        "  # How.\n"
        "  #   a: first\n"
        "  #   b: second\n"
        "  method: a\n"
        "  # Side. (px, at least 2)\n"
        "  size_px: 8\n"
        "  # More. null = none.\n"
        "  extra: null\n"
        "  # Or, in place of null, a block with these keys:\n"
        "  #extra:\n"
        "    # Its name. Must be given.\n"
        "    #name:\n"
        "  # With method b only: speed. (above 0)\n"
        "  #rate: 0.00005\n"
    )


def test_values_that_differ_from_their_default_name_it() -> None:
    schema = {"properties": {"block": {"type": "object", "default": {}, "description": "All.", **SMALL}}}
    given = {"block": {"method": "b", "size_px": ToSet("your size"), "extra": {"name": "x"}}}
    text = commented_config(schema, given)
    assert yaml.safe_load(text) == {
        "block": {"method": "b", "size_px": None, "extra": {"name": "x"}, "rate": 0.00005},
    }
    assert "  # How. Default: a.\n" in text
    assert "  size_px:  # <- your size\n" in text


def test_the_shipped_config_and_the_docs_page_are_those_of_the_schemas() -> None:
    remedy = (
        "run `wellspring config --output config/config.yaml --force; wellspring config --docs --output docs/config.md`"
    )
    assert (ROOT / "config/config.yaml").read_text(encoding="utf-8") == shipped_config(SCHEMA), remedy
    assert (ROOT / "docs/config.md").read_text(encoding="utf-8") == config_page(SCHEMA), remedy


def test_the_shipped_config_has_the_default_of_every_key() -> None:
    least = {"wells": "config/wells.tsv", "raw": {"format": "mpm"}, "dataset": {"target_channel": "00_EU"}}
    written = yaml.safe_load(shipped_config(SCHEMA))
    defaults = validated_config(least, schema=SCHEMA, source="config")
    assert written == defaults
    assert max(map(len, shipped_config(SCHEMA).splitlines())) <= WIDTH + 1


def test_keys_that_are_off_are_those_that_the_schema_has() -> None:
    names = {name.strip() for name in re.findall(r"^ *#(\w+):", shipped_config(SCHEMA), flags=re.MULTILINE)}
    assert {"pattern", "roar", "curve_steps", "distance_px", "value", "tile_size_px"} <= names
    assert names <= set(_names(keys_of(SCHEMA)))


def _names(keys: tuple[Key, ...]) -> list[str]:
    return [name for one in keys for name in (one.name, *_names(one.keys))]


def test_every_key_is_described() -> None:
    def undescribed(keys: tuple[Key, ...], above: str) -> list[str]:
        return [
            name
            for one in keys
            for name in [
                *([] if one.description else [above + one.name]),
                *undescribed((*one.keys, *one.entry_keys), f"{above}{one.name}."),
            ]
        ]

    assert undescribed(keys_of(SCHEMA), "") == []


def test_units_in_names_are_those_of_the_schema() -> None:
    units = {"_px": "px", "_um": "µm", "_percent": "%"}
    wrong = []

    def look(keys: tuple[Key, ...]) -> None:
        for one in keys:
            unit = next((unit for end, unit in units.items() if one.name.endswith(end)), None)
            if unit is not None and not one.allowed.startswith(unit):
                wrong.append(one.name)
            look((*one.keys, *one.entry_keys))

    look(keys_of(SCHEMA))
    assert wrong == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_shipped_configs_are_valid(path: Path) -> None:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    validated_config(config, schema=SCHEMA, source=str(path), files=[path])


def test_the_short_validation_is_valid_over_the_whole_one() -> None:
    folder = ROOT / "config/validation"
    whole, short = (
        yaml.safe_load((folder / name).read_text(encoding="utf-8")) for name in ("config.yaml", "short.yaml")
    )
    merged = with_values(whole, dict(_leaves(short)))
    checked = validated_config(merged, schema=SCHEMA, source="short", files=[folder / "short.yaml"])
    assert checked["training"]["epochs"] == short["training"]["epochs"]


def _leaves(values: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    pairs = [(f"{above}{name}", value) for name, value in values.items()]
    return [
        leaf
        for key, value in pairs
        for leaf in (_leaves(value, f"{key}.") if isinstance(value, dict) else [(key, value)])
    ]


GIVEN = {
    "raw.pattern": "{well}_s{site}_{channel}.tif",
    "segmentation.nucleus_channel": "DAPI",
    "segmentation.cells.channel": "CELL",
    "dataset.target_channel": "EU",
    "spots.channels": "[RNA]",
    "quality.channels": "[DAPI, RNA]",
}


@pytest.mark.parametrize("start", STUDIES)
def test_a_starting_point_is_valid_once_its_keys_are_set(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yaml"
    named = ["config", "--study", start.name, "--format", start.format, "--output", str(path)]
    assert main(named) == 0
    asked = capsys.readouterr().err
    assert [line.split(":")[0].strip() for line in asked.splitlines()[1:]] == list(start.to_set)
    with pytest.raises(ValueError):
        validated_config(yaml.safe_load(path.read_text(encoding="utf-8")), schema=SCHEMA, source="config")
    settings = [part for key in start.to_set for part in ("--set", f"{key}={GIVEN.get(key, 'A')}")]
    assert main([*named, *settings, "--force"]) == 0
    assert capsys.readouterr().err == ""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    checked = validated_config(config, schema=SCHEMA, source="config", files=[path])
    assert checked["raw"]["format"] == start.format
    assert checked["raw"].get("pattern") in (None, GIVEN["raw.pattern"])


def test_the_shipped_config_is_replaced_and_a_changed_one_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(shipped_config(SCHEMA), encoding="utf-8")
    command = ["config", "--study", "smfish", "--set", "segmentation.cells=null", "--output", str(path)]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{path}: written\n"
    assert "segmentation.cells.channel" not in captured.err
    changed = path.read_text(encoding="utf-8").replace("seed: 123", "seed: 5")
    path.write_text(changed, encoding="utf-8")
    assert main(command) == 1
    assert "there is a config already" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == changed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--study", "none"], "--study: expected one of profiling, smfish, transcription, got none."),
        (["--study", "smfish", "--format", "mpm"], "study smfish: needs --format tiff, got mpm."),
        (["--set", "raw.patern=x"], "--set raw.patern: unknown key patern; did you mean pattern?"),
        (["--set", "nothing=x"], "--set nothing: unknown key nothing; known keys are wells, pathvars, raw"),
        (["--set", "pattern"], "--set pattern: expected KEY=VALUE."),
        (["--set", "dataset.target_channel=EU", "--set", "cells.image_size=2"], "cells.image_size: expected a whole"),
        (["--set", "cells.image_size.more=2"], "unknown key more; cells.image_size is no block."),
    ],
)
def test_command_lines_that_are_refused(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert captured.err.count("\n") == 1


def test_studies_and_stages_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--study", "list"]) == 0
    assert "--study smfish --format tiff: detect spots" in capsys.readouterr().out
    assert main(["stages"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("raw ")
    assert "(after raw, quality)" in next(line for line in lines if line.startswith("segmentation"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00005, "0.00005"),
        (5.0, "5.0"),
        (98, "98"),
        (None, "null"),
        (True, "true"),
        ("{well}.tif", "'{well}.tif'"),
        ([1, "a"], "[1, a]"),
        ({"a": [1]}, "{a: [1]}"),
        ("imagenet", "imagenet"),
    ],
)
def test_values_on_one_line(value: object, text: str) -> None:
    assert value_text(value) == text
    assert yaml.safe_load(text) == value


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from wellspring.__main__ import _parser; _parser().format_help(); "
        "heavy = ('numpy', 'pandas', 'yaml', 'jsonschema', 'keras', 'snakemake'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_a_key_without_a_default_has_none() -> None:
    (wells, *_) = keys_of(SCHEMA)
    assert wells.default is NO_DEFAULT
    assert wells.is_required
