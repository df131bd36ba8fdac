"""Blocks of the config as typed settings."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, TypeVar, overload

__all__ = ["settings_of"]

Settings = TypeVar("Settings")


@overload
def settings_of(kind: type[Settings], block: Mapping[str, Any]) -> Settings: ...


@overload
def settings_of(kind: UnionType, block: Mapping[str, Any]) -> Any: ...


def settings_of(kind: Any, block: Mapping[str, Any]) -> Any:
    """A checked block of the config as the frozen dataclass `kind`, nested blocks and methods included.

    The schema has checked ranges and filled in defaults; here every key must have its field and its type.

    Raises
    ------
    ValueError
        When `kind` and the block disagree, which is a defect.
    """
    found = _adapter(kind).validate_python(dict(block))
    _check_keys(block, found)
    return found


def _check_keys(block: Any, found: Any) -> None:
    """Raise for a key of the block that has no field, which pydantic leaves out in silence."""
    if isinstance(block, Mapping) and dataclasses.is_dataclass(found):
        fields = {one.name for one in dataclasses.fields(found)}
        unknown = sorted(set(block) - fields)
        if unknown:
            raise ValueError(f"{type(found).__name__}: expected the keys {sorted(fields)}, got {unknown} too.")
        for name, value in block.items():
            _check_keys(value, getattr(found, name))
    elif isinstance(block, list | tuple) and isinstance(found, list | tuple):
        for value, inner in zip(block, found, strict=True):
            _check_keys(value, inner)


@cache
def _adapter(kind: type[Any]) -> Any:
    # Imported where it is used: parsing the workflow does without it.
    import pydantic

    return pydantic.TypeAdapter(kind)
