"""The keys of a block, read from its schema: one record each for the commented config and the docs page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wellspring.config.expected import range_text

__all__ = ["NO_DEFAULT", "Key", "ToSet", "keys_of", "without_repeats"]

NO_DEFAULT = object()
"""The default of a key that has none."""


@dataclass(frozen=True)
class ToSet:
    """A value that the user has to write: the key is left empty, with this remark."""

    remark: str


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a block.

    Attributes
    ----------
    name, description : str
    allowed : str
        Range and unit, as text; empty where they go without saying.
    choices : dict of str to str
        Names that the key, or an entry of its list, may have, with their meanings.
    default : Any
        `NO_DEFAULT` for a key without one.
    is_required : bool
    methods : (str, tuple of str) or None
        Key and names of the methods of its block that alone have this key; None: all have it.
    keys : tuple of Key
        Keys of the block that the key is, or may be.
    entry_keys : tuple of Key
        Keys of each entry of the list that the key is.
    is_optional_block : bool
        Whether it is a block that may be null.
    example : Any
        A value to show for a key that has no default; None if there is none.
    """

    name: str
    description: str
    allowed: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    default: Any = NO_DEFAULT
    is_required: bool = False
    methods: tuple[str, tuple[str, ...]] | None = None
    keys: tuple["Key", ...] = ()
    entry_keys: tuple["Key", ...] = ()
    is_optional_block: bool = False
    example: Any = None


def keys_of(schema: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys of a block, those of its methods included, in the order of the schema."""
    return tuple(_key(*found) for found in _found(schema))


def _found(
    schema: Mapping[str, Any],
) -> Iterator[tuple[str, Mapping[str, Any], bool, tuple[str, tuple[str, ...]] | None]]:
    """(name, schema, whether it must be given, methods) of each key; one that differs between methods occurs again."""
    shared = schema.get("properties", {})
    branches = [_branch(one) for one in schema.get("allOf", ())]
    for name, part in shared.items():
        yield name, part, name in schema.get("required", ()), None
    seen: dict[str, tuple[str, Mapping[str, Any], bool, list[str]]] = {}
    for _, names, then in branches:
        for name, part in then["properties"].items():
            if part and name not in shared:
                is_required = name in then.get("required", ())
                identity = json.dumps([name, part, is_required], sort_keys=True)
                seen.setdefault(identity, (name, part, is_required, []))[3].extend(names)
    n_methods = sum(len(names) for _, names, _ in branches)
    for name, part, is_required, methods in seen.values():
        everywhere = len(methods) == n_methods
        yield name, part, is_required, None if everywhere else (branches[0][0], tuple(methods))


def _branch(branch: Mapping[str, Any]) -> tuple[str, list[str], Mapping[str, Any]]:
    ((key, choice),) = branch["if"]["properties"].items()
    return key, list(choice.get("enum", [choice.get("const")])), branch["then"]


def _key(name: str, schema: Mapping[str, Any], is_required: bool, methods: tuple[str, tuple[str, ...]] | None) -> Key:
    kinds = schema.get("type", ())
    is_block = "object" in kinds and ("properties" in schema or "allOf" in schema)
    entries = schema.get("items", {})
    named = schema if "enum" in schema else entries if "enum" in entries else {}
    return Key(
        name=name,
        description=schema.get("description", ""),
        allowed=range_text(schema),
        choices={str(one): named.get("meanings", {}).get(one, "") for one in named.get("enum", ())},
        default=schema.get("default", NO_DEFAULT),
        is_required=is_required,
        methods=methods,
        keys=keys_of(schema) if is_block else (),
        entry_keys=keys_of(entries) if "properties" in entries else (),
        is_optional_block=is_block and "null" in kinds,
        example=next(iter(schema.get("examples", ())), None),
    )


def without_repeats(keys: Sequence[Key], seen: set[str] | None = None) -> tuple[Key, ...]:
    """The same keys; of choices that an earlier key has too, the names alone."""
    seen = set() if seen is None else seen
    found = []
    for key in keys:
        identity = json.dumps(key.choices)
        choices = dict.fromkeys(key.choices, "") if identity in seen else key.choices
        seen.add(identity)
        inner = without_repeats(key.keys, seen)
        found.append(replace(key, choices=choices, keys=inner, entry_keys=without_repeats(key.entry_keys, seen)))
    return tuple(found)
