"""What a key takes, in words: for messages, the commented config and the docs page."""

from collections.abc import Mapping
from typing import Any

__all__ = ["expected_text", "plain_number", "range_text"]

_NOUNS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}


def expected_text(schema: Mapping[str, Any]) -> str:
    """What a value must be, such as ``a whole number of 1 or more, or null``."""
    if "oneOf" in schema:
        texts = [expected_text(one) for one in sorted(schema["oneOf"], key=lambda one: one.get("type") == "null")]
        return ", or ".join(texts)
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}" if len(schema["enum"]) > 1 else str(schema["enum"][0])
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    texts = [_kind_text(kind, schema) for kind in sorted(kinds, key=lambda kind: kind == "null")]
    return ", or ".join(texts) if texts else "a value"


def _kind_text(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "null":
        return "null"
    if kind in ("integer", "number"):
        return f"a {_NOUNS[kind]}{_range(schema)}"
    if kind == "string":
        return str(schema.get("form", "text"))
    if kind == "array":
        return _list_text(schema)
    if kind == "object":
        if "properties" in schema:
            return "a block of keys"
        values = schema.get("additionalProperties")
        return f"a block of names, each with {expected_text(values)}" if values else "a block of names and values"
    return _NOUNS[kind]


def _list_text(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    n = f" of {low} to {high} entries" if high is not None else f" of {low} or more entries" if low > 1 else ""
    n = " of at least one entry" if low == 1 and high is None else f" of {low} entries" if low == high else n
    items = schema.get("items", {})
    inner = expected_text(items)
    return f"a list{n}" if inner in ("text", "a value", "a block of keys") else f"a list{n}, each {inner}"


def _range(schema: Mapping[str, Any]) -> str:
    """With a space in front: `` of 1 or more``; nothing where all numbers will do."""
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    bounds = [f"above {plain_number(above)}"] if above is not None else []
    bounds += [f"of {plain_number(low)} or more"] if low is not None else []
    bounds += [f"below {plain_number(below)}"] if below is not None else []
    bounds += [f"at most {plain_number(high)}"] if high is not None else []
    if low is not None and high is not None:
        bounds = [f"from {plain_number(low)} to {plain_number(high)}"]
    step = schema.get("multipleOf")
    text = f" {' and '.join(bounds)}" if bounds else ""
    return text if step is None else f"{text}, a multiple of {plain_number(step)}"


def range_text(schema: Mapping[str, Any]) -> str:
    """Unit and range of a key for its comment, such as ``px, at least 1``; nothing where there is nothing to say."""
    options = schema.get("oneOf", [schema])
    ranges = " or ".join(dict.fromkeys(one for option in options if (one := _short_range(option))))
    return ", ".join(one for one in (schema.get("unit", ""), ranges) if one)


def _short_range(schema: Mapping[str, Any]) -> str:
    if "items" in schema or isinstance(schema.get("additionalProperties"), Mapping):
        return _short_list(schema)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        texts = [f"{plain_number(low)} to {plain_number(high)}"]
    else:
        words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
        texts = [f"{word} {plain_number(schema[key])}" for key, word in words.items() if key in schema]
    if "multipleOf" in schema:
        texts.append(f"a multiple of {plain_number(schema['multipleOf'])}")
    return ", ".join(texts)


def _short_list(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    n = f"{low} values" if low == high else f"{low} to {high} values" if high is not None else ""
    n = "at least one entry" if low == 1 and high is None else n
    each = _short_range(schema.get("items") or schema["additionalProperties"])
    return ", ".join(one for one in (n, f"each {each}" if each else "") if one)


def plain_number(value: float) -> str:
    """A number without an exponent, which YAML may read as text: 0.00005, 10."""
    return str(int(value)) if float(value).is_integer() else f"{value:.12f}".rstrip("0")
