"""Mistakes in the config in the words of the user: the key, what was expected, what came, and the remedy."""

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wellspring.config.expected import expected_text, plain_number
from wellspring.config.schema import json_types, schema_of_value

if TYPE_CHECKING:
    import jsonschema

__all__ = ["dotted", "mistake_lines", "shown"]

_WITH_UNIT = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(?:%|px|nm|µm|um|GB|MB)")
_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?")


def mistake_lines(errors: Iterable["jsonschema.ValidationError"], *, schema: Mapping[str, Any]) -> list[str]:
    """A line for each mistake that the validator found in a config, in the order of the keys.

    Parameters
    ----------
    errors
        Of a validator of `schema`.
    schema
        JSON schema of the whole config, which knows the keys' descriptions and where else a key belongs.
    """
    ordered = sorted(errors, key=lambda one: [str(part) for part in one.absolute_path])
    lines = [line for error in ordered for line in _lines(error, whole=schema)]
    return list(dict.fromkeys(lines))


def dotted(path: Iterable[Any]) -> str:
    """A path in the config as text: ``training.models (entry 2)``."""
    text = ""
    for part in path:
        text += f" (entry {part + 1})" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def shown(value: Any) -> str:
    """A value as YAML has it, cut where it is long."""
    if value in ([], {}) and not isinstance(value, bool):
        return "an empty list" if value == [] else "an empty block"
    text = "nothing" if value is None else value if isinstance(value, str) else _as_yaml(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f"the text {text!r}" if isinstance(value, str) else text


def _as_yaml(value: Any) -> str:
    import yaml

    return (
        str(yaml.safe_dump(value, default_flow_style=True, width=math.inf, allow_unicode=True))
        .removesuffix("\n...\n")
        .strip()
    )


def _lines(error: "jsonschema.ValidationError", *, whole: Mapping[str, Any]) -> Iterator[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        for name in (one for one in instance if one not in known):
            yield _unknown(name, error, known=known, whole=whole)
    elif error.validator == "required":
        yield from _missing(error)
    elif error.validator == "uniqueItems":
        yield f"{dotted(error.absolute_path)}: {_first_repeated(instance)} is listed more than once"
    elif error.validator == "oneOf":
        fitting = schema_of_value(schema, instance)
        if fitting is schema:
            yield _wrong_value(error.absolute_path, instance, schema)
        else:
            # A value of the right type has a better reason than its type.
            inner = [one for one in error.context or [] if one.schema is fitting or fitting in _above(one)]
            if any(one.validator in ("additionalProperties", "required") for one in inner):
                for one in inner:
                    yield from _lines(one, whole=whole)
                return
            first = inner[0]
            yield _wrong_value(first.absolute_path, first.instance, {**_described(schema), **_plain(first.schema)})
    else:
        yield _wrong_value(error.absolute_path, instance, schema)


def _above(error: "jsonschema.ValidationError") -> list[Any]:
    parent: Any = error.parent
    options = parent.schema["oneOf"]
    return [options[error.schema_path[0]]] if isinstance(error.schema_path[0], int) else []


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("unit", "description") if key in schema}


def _plain(schema: Any) -> dict[str, Any]:
    return dict(schema) if isinstance(schema, Mapping) else {}


def _missing(error: "jsonschema.ValidationError") -> Iterator[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    for name in (one for one in schema["required"] if one not in instance):
        part = schema.get("properties", {}).get(name, {})
        needs = ", ".join(part.get("required", ()))
        expected = f"a block with {needs}" if needs else expected_text(part)
        meaning = f" ({_first_sentence(part)})" if "description" in part else ""
        yield f"{dotted([*error.absolute_path, name])}: missing; expected {expected}{meaning}"


def _first_sentence(schema: Mapping[str, Any]) -> str:
    return str(schema["description"]).split(". ")[0].rstrip(".")


def _unknown(name: Any, error: "jsonschema.ValidationError", *, known: Sequence[str], whole: Mapping[str, Any]) -> str:
    key = dotted([*error.absolute_path, str(name)])
    if isinstance(name, (int, float)):
        return f"{key}: a number, not a key; write a decimal number with a point, not with a comma"
    others = _methods_with(str(name), error, whole=whole)
    if others:
        return f"{key}: not used here; it belongs to {others}"
    near = difflib.get_close_matches(str(name), known, n=1)
    if near:
        return f"{key}: unknown key; did you mean {near[0]}?"
    elsewhere = [index for index in _places(str(name), whole) if index != key]
    if elsewhere:
        return f"{key}: unknown key; did you mean {' or '.join(elsewhere[:3])}?"
    return f"{key}: unknown key; known keys are {', '.join(known)}"


def _methods_with(name: str, error: "jsonschema.ValidationError", *, whole: Mapping[str, Any]) -> str:
    """``method: given`` for a key that another method of the same block has; else nothing."""
    path = list(error.absolute_schema_path)
    if "allOf" not in path:
        return ""
    block: Any = whole
    for part in path[: len(path) - 1 - path[::-1].index("allOf")]:
        if part != "if":
            block = block[part]
    found = []
    for branch in block["allOf"]:
        if branch["then"]["properties"].get(name):
            ((key, choice),) = branch["if"]["properties"].items()
            found += [f"{key}: {one}" for one in choice.get("enum", [choice.get("const")])]
    return " or ".join(found)


def _places(name: str, schema: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[str]:
    """Where in the config a key of this name is."""
    found = []
    for part in [schema, *(branch["then"] for branch in schema.get("allOf", []))]:
        for key, inner in part.get("properties", {}).items():
            if key == name and inner:
                found.append(".".join((*above, key)))
            found += _places(name, inner, (*above, key))
    return list(dict.fromkeys(found))


def _first_repeated(values: Sequence[Any]) -> str:
    return next(str(one) for index, one in enumerate(values) if one in values[:index])


def _wrong_value(path: Iterable[Any], value: Any, schema: Mapping[str, Any]) -> str:
    expected = expected_text(schema)
    unit = f" ({schema['unit']})" if schema.get("unit") else ""
    remedy = _remedy(value, schema)
    return f"{dotted(path)}: expected {expected}{unit}, got {shown(value)}{remedy}"


def _remedy(value: Any, schema: Mapping[str, Any]) -> str:
    """What to write instead, where the value shows what was meant."""
    kinds = {kind for one in schema.get("oneOf", [schema]) for kind in _types(one)}
    if value is None:
        if "default" in schema:
            return f"; leave the key out for the default, {_as_yaml(schema['default'])}"
        return f" ({_first_sentence(schema)})" if "description" in schema else ""
    if isinstance(value, str):
        return _remedy_of_text(value, schema, kinds)
    if "object" in kinds and not isinstance(value, dict):
        return _keys_of(schema)
    if not isinstance(value, list) and _fits_items(value, schema):
        return f"; write [{shown(value)}]"
    if "string" in kinds and "enum" not in schema and not isinstance(value, (list, dict)):
        # A name such as 488, No or 2020-01-01, which YAML takes for a number, for false or for a date.
        is_kept = isinstance(value, (int, float)) and not isinstance(value, bool)
        return f'; write "{shown(value)}"' if is_kept else "; put the text in quotes"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _remedy_of_number(value, schema)
    return ""


def _remedy_of_text(value: str, schema: Mapping[str, Any], kinds: set[str]) -> str:
    if "null" in kinds and value.strip().lower() in ("none", "null", "no", ""):
        return "; write null, without quotes"
    if kinds & {"integer", "number"} and _NUMBER.fullmatch(value.strip()):
        return f"; YAML reads this as text, write {plain_number(float(value))}"
    if kinds & {"integer", "number"} and (found := _WITH_UNIT.fullmatch(value.strip())):
        return f"; write {plain_number(float(found[1]))}, without the unit"
    if "boolean" in kinds:
        return "; write true or false, without quotes"
    if "object" in kinds:
        names = schema.get("properties", {})
        method = next((key for key, part in names.items() if value in part.get("enum", ())), None)
        return f"; write {{{method}: {value}}}" if method else _keys_of(schema)
    if _fits_items(value, schema):
        return f"; write [{value}]"
    near = difflib.get_close_matches(value, [str(one) for one in schema.get("enum", ())], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _keys_of(schema: Mapping[str, Any]) -> str:
    parts = [schema, *(branch["then"] for branch in schema.get("allOf", []))]
    names = list(dict.fromkeys(name for part in parts for name in part.get("properties", {})))
    return f"; its keys are {', '.join(names)}" if names else ""


def _fits_items(value: Any, schema: Mapping[str, Any]) -> bool:
    options = [one for one in schema.get("oneOf", [schema]) if "array" in _types(one)]
    return any(json_types(value) & _types(one.get("items", {})) for one in options)


def _remedy_of_number(value: float, schema: Mapping[str, Any]) -> str:
    if schema.get("unit") == "%" and 0 < value <= 1:
        return f"; write {plain_number(round(value * 100, 6))} for {plain_number(round(value * 100, 6))} %"
    largest = schema.get("maximum", schema.get("exclusiveMaximum"))
    if largest == 1 and 1 < value < 100:
        return f"; write {plain_number(round(value / 100, 6))} for {plain_number(value)} %"
    if schema.get("unit") == "µm" and largest is not None and value > largest:
        return f"; write {plain_number(value / 1000)} for {plain_number(value)} nm"
    return ""


def _types(schema: Mapping[str, Any]) -> set[str]:
    if "enum" in schema:
        return {kind for one in schema["enum"] for kind in json_types(one)}
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)
