"""The check of a config: every default filled in, every mistake in one message."""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wellspring.config.messages import mistake_lines, shown
from wellspring.config.texts import repeated_keys
from wellspring.errors import InputError
from wellspring.stage import stages, wanted_stages

__all__ = ["validated_config"]


def validated_config(
    config: Mapping[str, Any], *, schema: Mapping[str, Any], source: str, files: Iterable[Path | str] = ()
) -> dict[str, Any]:
    """Return a copy of `config` with defaults filled in; raise one message that lists every mistake.

    A block that is left empty (``spots:``) has all its defaults.

    Parameters
    ----------
    config
        As read from YAML.
    schema
        JSON schema (2020-12). Defaults are filled top down; a conditional branch (``if``/``then``) is chosen by the
        values already there.
    source
        Named in the message.
    files
        The YAML files that `config` was read from: a key that one of them gives twice is a mistake too.

    Raises
    ------
    InputError
        With one line per mistake: the key, what was expected, what came.
    """
    # Imported where it is used: the command line does without it.
    import jsonschema

    mistakes = [line for path in files for line in repeated_keys(Path(path))]
    if any(line.endswith("holds itself; write its keys out") for line in mistakes):
        # What holds itself has no end.
        raise InputError(f"{source}: {mistakes[0]}.")
    filled = copy.deepcopy(dict(config))
    _fill(filled, schema)
    validator = jsonschema.Draft202012Validator(schema)
    mistakes += _not_finite(filled)
    mistakes += mistake_lines(validator.iter_errors(filled), schema=schema)
    if not mistakes:
        mistakes = [*_nothing_asked_for(filled), *(line for one in stages() for line in one.mistakes(filled))]
    if mistakes:
        lines = "\n".join(f"  - {line}" for line in mistakes)
        raise InputError(f"{source}: {len(mistakes)} mistake(s) in the config:\n{lines}\nSee docs/config.md.")
    return filled


def _nothing_asked_for(config: Mapping[str, Any]) -> list[str]:
    if any(one.asked_by for one in wanted_stages(config)):
        return []
    *most, last = [one.asked_by for one in stages() if one.asked_by]
    return [f"the config asks for no results; give at least one of: {', '.join(most)}, or {last}"]


def _not_finite(values: Any, above: tuple[str, ...] = ()) -> Iterator[str]:
    """What no range excludes: YAML knows .nan and .inf."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _not_finite(value, (*above, str(name)))
    elif isinstance(values, list):
        for value in values:
            yield from _not_finite(value, above)
    elif isinstance(values, float) and not math.isfinite(values):
        yield f"{'.'.join(above)}: expected a finite number, got {shown(values)}"


def _fill(values: dict[str, Any], schema: Mapping[str, Any]) -> None:
    import jsonschema

    for name, part in schema.get("properties", {}).items():
        if part.get("type") == "object" and name in values and values[name] is None:
            values[name] = {}
        if name not in values and "default" in part:
            values[name] = copy.deepcopy(part["default"])
        if isinstance(values.get(name), dict):
            _fill(values[name], part)
    for branch in schema.get("allOf", []):
        if jsonschema.Draft202012Validator(branch["if"]).is_valid(values):
            _fill(values, branch["then"])
