"""Blocks of the config as typed settings."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

__all__ = ["settings_of"]

Settings = TypeVar("Settings")


def settings_of(kind: type[Settings], block: Mapping[str, Any]) -> Settings:
    """A checked block of the config as the frozen dataclass `kind`, nested blocks and methods included.

    The schema has checked ranges and filled in defaults; here every key must have its field and its type.

    Raises
    ------
    ValueError
        When `kind` and the schema disagree, which is a defect.
    """
    return _adapter(kind).validate_python(dict(block))  # type: ignore[no-any-return]


@cache
def _adapter(kind: type[Any]) -> Any:
    # Imported where it is used: parsing the workflow does without it.
    import pydantic

    return pydantic.TypeAdapter(kind)
