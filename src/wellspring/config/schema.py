"""The schema of the whole config, put together from those of the stages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.config.yaml_files import parsed
from wellspring.methods import expanded
from wellspring.stage import stages

__all__ = ["REPORT", "SCHEMAS", "config_schema", "schema_of_value"]

REPORT = "report"
"""The block that belongs to no stage."""
SCHEMAS = Path(__file__).resolve().parents[3] / "workflow" / "schemas"
"""Folder of the schemas of this checkout."""

_SHARED = {
    "wells": {
        "type": "string",
        "minLength": 1,
        "description": (
            "Sheet of wells (tab-separated: plate, well, path, annotations), relative to the folder that you run in."
        ),
    },
    "pathvars": {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": "^[^{}]*$", "form": "a path without braces"},
        "description": "Snakemake's path variables: where results, logs and benchmarks are written.",
        "examples": [{"results": "results", "logs": "logs", "benchmarks": "benchmarks"}],
    },
}


def config_schema(folder: Path = SCHEMAS) -> dict[str, Any]:
    """The JSON schema (2020-12) of the whole config: a block per stage, from ``folder/<stage>.schema.yaml``.

    Raises
    ------
    FileNotFoundError
        When a stage has no schema.
    """
    blocks = [*(one.name for one in stages()), REPORT]
    parts = {name: _block(folder / f"{name}.schema.yaml") for name in blocks}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["wells", *(name for name, part in parts.items() if "default" not in part)],
        "properties": {**_SHARED, **parts},
    }


def _block(path: Path) -> dict[str, Any]:
    block: dict[str, Any] = expanded(parsed(path.read_text(encoding="utf-8")))
    return block


def schema_of_value(schema: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """`schema`, or of a schema with ``oneOf`` the option that takes this type of value (`schema` itself if none)."""
    kinds = json_types(value)
    for option in schema.get("oneOf", ()):
        allowed = option.get("type", ())
        if kinds & ({allowed} if isinstance(allowed, str) else set(allowed)):
            return option  # type: ignore[no-any-return]
    return schema


def json_types(value: Any) -> set[str]:
    """What JSON schema calls the type of a value; a whole number is a number too."""
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    if isinstance(value, float):
        return {"integer", "number"} if value.is_integer() else {"number"}
    return {"string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"}
