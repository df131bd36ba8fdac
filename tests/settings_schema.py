"""Typed settings and the schema of their block must agree: used by the tests of every stage that has settings."""

import dataclasses
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from wellspring.methods import expanded

_SCHEMAS = Path(__file__).resolve().parents[1] / "workflow" / "schemas"
_TYPES = {"integer": int, "number": float, "string": str, "boolean": bool, "null": type(None)}


def block_schema(stage: str, *keys: str) -> dict[str, Any]:
    """The schema of a block of the config, registries expanded; `keys` lead to a nested block.

    ``block_schema("segmentation", "cells")`` is that of ``segmentation.cells``, looked for in the branches too.
    """
    schema: dict[str, Any] = expanded(yaml.safe_load((_SCHEMAS / f"{stage}.schema.yaml").read_text(encoding="utf-8")))
    for key in keys:
        parts = [schema, *(branch["then"] for branch in schema.get("allOf", []))]
        schema = next(part["properties"][key] for part in parts if part.get("properties", {}).get(key))
    return schema


def assert_settings_match_schema(kind: Any, schema: Mapping[str, Any], *, where: str = "settings") -> None:
    """Assert that a frozen dataclass without defaults has the keys and types of a block's schema.

    `kind` is a dataclass, or a union of dataclasses, one for each of the schema's methods, told apart by a field that
    is a `Literal` of the methods' names. Nested blocks are compared with the types of their fields. A key of names may
    be `str` or the `Literal` of exactly these names; a list is a `tuple`, `list` or `Sequence`.
    """
    members = [one for one in _members(kind) if one is not type(None)]
    variants = list(_variants(schema))
    used = set()
    for key, name, properties in variants:
        fitting = [one for one in members if key is None or name in _names(one, key)]
        assert len(fitting) == 1, f"{where}: expected one class for {key}: {name}, got {fitting}"
        used.add(fitting[0])
        _assert_fields(fitting[0], properties, where=where if name is None else f"{where} ({name})")
    assert used == set(members), f"{where}: classes without a method in the schema: {set(members) - used}"


def _variants(schema: Mapping[str, Any]) -> Iterator[tuple[str | None, str | None, dict[str, Any]]]:
    """(key, method, properties) of each branch of a block; (None, None, properties) of one without branches."""
    shared = schema.get("properties", {})
    if not schema.get("allOf"):
        yield None, None, shared
    for branch in schema.get("allOf", []):
        ((key, choice),) = branch["if"]["properties"].items()
        for name in choice.get("enum", [choice.get("const")]):
            properties = {**branch["then"]["properties"]}
            properties.update({one: part for one, part in shared.items() if not properties.get(one)})
            yield key, name, {**properties, key: {"enum": [name]}}


def _assert_fields(kind: type, properties: Mapping[str, Any], *, where: str) -> None:
    assert dataclasses.is_dataclass(kind), f"{where}: expected a dataclass, got {kind}"
    assert kind.__dataclass_params__.frozen, f"{where}: {kind.__name__} must be frozen"  # type: ignore[attr-defined]
    fields = {one.name: one for one in dataclasses.fields(kind)}
    assert set(fields) == set(properties), f"{where}: fields {sorted(fields)}, keys {sorted(properties)}"
    hints = get_type_hints(kind, include_extras=True)
    for name, one in fields.items():
        has_default = one.default is not dataclasses.MISSING or one.default_factory is not dataclasses.MISSING
        assert not has_default, f"{where}.{name}: has a default; defaults are the schema's"
        _assert_type(hints[name], properties[name], where=f"{where}.{name}")


def _assert_type(hint: Any, part: Mapping[str, Any], *, where: str) -> None:
    options = list(part.get("oneOf", [part]))
    allowed = {kind for one in options for kind in _kinds(one)}
    members = _members(hint)
    assert ("null" in allowed) == (type(None) in members), f"{where}: null and None must both be allowed, or neither"
    for option in options:
        rest = [one for one in members if one is not type(None)]
        for kind in _kinds(option) - {"null"}:
            _assert_kind(rest, kind, option, where=where)


def _assert_kind(members: Sequence[Any], kind: str, part: Mapping[str, Any], *, where: str) -> None:
    if kind == "object" and "properties" in part:
        _assert_nested(members, part, where=where)
    elif kind == "object":
        fits = [one for one in members if (get_origin(one) or one) in (dict, Mapping)]
        assert fits, f"{where}: expected a Mapping, got {members}"
    elif kind == "array":
        fits = [one for one in members if get_origin(one) in (tuple, list, Sequence)]
        assert fits, f"{where}: expected a tuple, got {members}"
        for inner in {one for hint in fits for one in get_args(hint)} - {...}:
            _assert_type(inner, part.get("items", {}), where=f"{where}[]")
    elif kind == "enum":
        names = {name for one in members if get_origin(one) is Literal for name in get_args(one)}
        if str not in members:
            # A class may serve several methods: then one of them is looked for.
            fitting = names >= set(part["enum"]) if len(part["enum"]) == 1 else names == set(part["enum"])
            assert fitting, f"{where}: expected one of {part['enum']}, got {members}"
    else:
        assert _TYPES[kind] in members, f"{where}: expected {kind}, got {members}"


def _assert_nested(members: Sequence[Any], part: Mapping[str, Any], *, where: str) -> None:
    classes = [one for one in members if dataclasses.is_dataclass(one)]
    assert classes, f"{where}: expected a dataclass, got {members}"
    assert_settings_match_schema(Union[tuple(classes)], part, where=where)  # noqa: UP007


def _kinds(part: Mapping[str, Any]) -> set[str]:
    """Kinds of values that a schema allows; names are ``enum``, nothing is anything."""
    if "enum" in part or "const" in part:
        return {"enum"}
    kinds = part.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _members(hint: Any) -> list[Any]:
    if get_origin(hint) is Annotated:
        return _members(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return [inner for one in get_args(hint) for inner in _members(one)]
    return [hint]


def _names(kind: type, key: str) -> tuple[Any, ...]:
    hint = get_type_hints(kind, include_extras=True).get(key)
    return get_args(hint) if get_origin(hint) is Literal else ()
