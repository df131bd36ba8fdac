"""Starting points: configs for one's own data, which the stages that they are about declare."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellspring.errors import InputError

__all__ = ["Start", "start_named", "starts", "with_values"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """One starting point, declared in ``STARTS`` by the module ``start`` of a stage.

    Attributes
    ----------
    name : str
        Of the study, for ``wellspring config --study``.
    meaning : str
        What such a run does, in one line.
    format : str
        Raw format of its wells.
    values : dict
        What differs from the defaults, nested as in the config, without the keys of `to_set`.
    blocks : tuple of str
        Blocks of the config that it is about.
    to_set : dict of str to str
        Dotted key to what the user writes there; a config without them asks for nothing or is refused.
    """

    name: str
    meaning: str
    format: str
    values: Mapping[str, Any]
    blocks: tuple[str, ...]
    to_set: Mapping[str, str]


def starts() -> list[Start]:
    """All starting points, by study and format."""
    package = Path(__file__).parents[1]
    names = [one.name for one in pkgutil.iter_modules([str(package)]) if (package / one.name / "start.py").is_file()]
    found = [one for name in names for one in importlib.import_module(f"wellspring.{name}.start").STARTS]
    return sorted(found, key=lambda one: (one.name, one.format))


def start_named(study: str, *, raw_format: str | None) -> Start:
    """The starting point of a study; `raw_format` where there are several, None: the first.

    Raises
    ------
    InputError
        When there is none.
    """
    known = starts()
    found = [one for one in known if one.name == study and raw_format in (None, one.format)]
    if not found:
        formats = sorted({one.format for one in known if one.name == study})
        if formats:
            raise InputError(f"study {study}: needs --format {' or '.join(formats)}, got {raw_format}.")
        raise InputError(f"--study: expected one of {', '.join(sorted({one.name for one in known}))}, got {study}.")
    return found[0]


def with_values(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the dotted keys of `changes` set.

    Raises
    ------
    InputError
        When a key leads through something that is no block.
    """
    found = dict(values)
    for key, value in changes.items():
        name, _, rest = key.partition(".")
        if not rest:
            found[name] = value
            continue
        inner = found.get(name) or {}
        if not isinstance(inner, Mapping):
            raise InputError(f"--set {key}: {name} is no block.")
        found[name] = with_values(inner, {rest: value})
    return found
