"""The config: its schema, put together from those of the stages; checked, with every default filled in."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from wellspring.errors import InputError
from wellspring.methods import expanded
from wellspring.stage import stages, wanted_stages

__all__ = ["REPORT", "config_schema", "validated_config"]

REPORT = "report"
"""The block that belongs to no stage."""
_SHARED = {
    "wells": {
        "type": "string",
        "minLength": 1,
        "description": "Sheet of wells (tab-separated: plate, well, path, annotations), relative to the run's folder.",
    },
    "pathvars": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Snakemake's path variables, for instance {results: other_folder}.",
    },
}


def config_schema(folder: Path) -> dict[str, Any]:
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
    block: dict[str, Any] = expanded(yaml.safe_load(path.read_text(encoding="utf-8")))
    return block


def validated_config(config: Mapping[str, Any], *, schema: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return a copy of `config` with defaults filled in; raise one message that lists every mistake.

    Parameters
    ----------
    config
        As read from YAML.
    schema
        JSON schema (2020-12). Defaults are filled top down; a conditional branch (``if``/``then``) is chosen by the
        values already there.
    source
        Named in the message.

    Raises
    ------
    ValueError
        With one line per mistake: the key, what was expected, what came.
    """
    filled = copy.deepcopy(dict(config))
    _fill(filled, schema)
    validator = jsonschema.Draft202012Validator(schema)
    mistakes = [_words(error) for error in sorted(validator.iter_errors(filled), key=lambda e: list(map(str, e.path)))]
    if not mistakes:
        mistakes = [*_nothing_asked_for(filled), *(line for one in stages() for line in one.mistakes(filled))]
    if mistakes:
        lines = "\n".join(f"  - {line}" for line in mistakes)
        raise InputError(f"{source}: {len(mistakes)} mistake(s) in the config:\n{lines}\nSee config/README.md.")
    return filled


def _nothing_asked_for(config: Mapping[str, Any]) -> list[str]:
    if any(one.asked_by for one in wanted_stages(config)):
        return []
    ways = "; ".join(one.asked_by for one in stages() if one.asked_by)
    return [f"nothing is asked for: give at least one of {ways}"]


def _fill(values: dict[str, Any], schema: Mapping[str, Any]) -> None:
    for name, part in schema.get("properties", {}).items():
        if name not in values and "default" in part:
            values[name] = copy.deepcopy(part["default"])
        if isinstance(values.get(name), dict):
            _fill(values[name], part)
    for branch in schema.get("allOf", []):
        if jsonschema.Draft202012Validator(branch["if"]).is_valid(values):
            _fill(values, branch["then"])


def _words(error: jsonschema.ValidationError) -> str:
    key = ".".join(str(part) for part in error.absolute_path) or "(top level)"
    instance: Any = error.instance
    schema: Any = error.schema
    options: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = sorted(schema.get("properties", {}))
        unknown = sorted(set(instance) - set(known))
        return f"{key}: unknown key(s) {unknown}; known keys are {known}"
    if error.validator == "required":
        return f"{key}: {error.message}"
    if error.validator == "oneOf":
        # A value of the right type has a better reason than its type.
        reasons = [inner for inner in error.context or [] if inner.validator != "type"]
        if reasons:
            return _words(reasons[0])
        return f"{key}: expected one of {[o.get('type', o) for o in options]}, got {instance!r}"
    if error.validator == "type" and "method" in schema.get("properties", {}) and isinstance(instance, str):
        return f"{key}: expected a block, for instance {{method: {instance}}}, got {instance!r}"
    return f"{key}: {error.message}"
