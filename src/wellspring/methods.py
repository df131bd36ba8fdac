"""Methods that the config chooses by name: each says its keys in one place, and the schema follows from it."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["Method", "expanded", "methods_in"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to do a thing, under the name that the config gives it.

    A stage declares a subclass with what it calls (a function, flags), and an instance of it per method.

    Attributes
    ----------
    name : str
    meaning : str
        What it does, one line for the commented config and the docs.
    settings : dict of str to dict
        JSON schema of each key that belongs to this method alone, with ``default``, ``description`` and ``unit``.
    required : tuple of str
        Those of its keys that must be given.
    """

    name: str
    meaning: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()


AnyMethod = TypeVar("AnyMethod", bound=Method)

_OWN_WORDS = ("methods_of", "method_key", "keys_of", "setting", "blocks_of")


def methods_in(place: str, kind: type[AnyMethod] = Method) -> dict[str, AnyMethod]:  # type: ignore[assignment]
    """The methods that a module or package declares, by name, in the order of declaration (modules: by name).

    Parameters
    ----------
    place
        Dotted name. A module has a sequence ``METHODS``; of a package each module with a ``METHOD`` counts.
    kind
        Class that they must be of.

    Raises
    ------
    ValueError
        When there are none, two have one name, or one is of another class.
    """
    module = importlib.import_module(place)
    found: Sequence[Method]
    if hasattr(module, "METHODS"):
        found = module.METHODS
    else:
        inner = (importlib.import_module(f"{place}.{one.name}") for one in pkgutil.iter_modules(module.__path__))
        found = [one.METHOD for one in inner if hasattr(one, "METHOD")]
    named = {one.name: one for one in found if isinstance(one, kind)}
    if not found or len(named) < len(found):
        raise ValueError(f"{place}: expected methods of class {kind.__name__} with names of their own, got {found}")
    return named


def expanded(schema: Any) -> Any:
    """`schema` in which each ``methods_of: PLACE`` is replaced by what the methods declared there allow.

    Of text, the names. Of a block, a branch per name with its own keys; ``method_key`` is the key that holds the
    name (``method`` unless given), ``properties`` holds the keys that all of them have. ``keys_of: PLACE`` with
    ``setting: KEY`` makes a block with a key per method, whose value is that method's own setting KEY. ``blocks_of:
    PLACE`` adds to a block one more per method that has settings, under the method's name.
    """
    if isinstance(schema, list):
        return [expanded(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    rest = {key: expanded(value) for key, value in schema.items() if key not in _OWN_WORDS}
    if "keys_of" in schema:
        named: Mapping[str, Method] = methods_in(schema["keys_of"])
        return {**rest, "properties": {name: dict(one.settings[schema["setting"]]) for name, one in named.items()}}
    if "blocks_of" in schema:
        return {**rest, "properties": {**rest.get("properties", {}), **_own_blocks(schema["blocks_of"])}}
    if "methods_of" not in schema:
        return rest
    found: Mapping[str, Method] = methods_in(schema["methods_of"])
    if "object" not in schema.get("type", ()):
        meanings = {name: one.meaning for name, one in found.items()}
        return {**rest, "enum": list(found), "meanings": meanings}
    return _branched(rest, found, key=schema.get("method_key", "method"))


def _own_blocks(registry: str) -> dict[str, Any]:
    found: Mapping[str, Method] = methods_in(registry)
    return {
        name: {
            "type": "object",
            "description": f"Settings of {name}: {one.meaning}.",
            "additionalProperties": False,
            "default": {},
            "properties": expanded(one.settings),
        }
        for name, one in found.items()
        if one.settings
    }


def _branched(block: Mapping[str, Any], found: Mapping[str, Method], *, key: str) -> dict[str, Any]:
    shared = dict(block.get("properties", {}))
    meanings = {name: one.meaning for name, one in found.items()}
    choice = {**shared.pop(key, {}), "enum": list(found), "meanings": meanings}
    branches = [
        {
            "if": {"required": [key], "properties": {key: {"const": name}}},
            "then": {
                "additionalProperties": False,
                "properties": {key: {}, **shared, **expanded(one.settings)},
                "required": [*one.required],
            },
        }
        for name, one in found.items()
    ]
    return {**block, "properties": {key: choice}, "allOf": branches}
