"""Values given on the command line: ``--set KEY=VALUE``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wellspring.errors import InputError

if TYPE_CHECKING:
    from wellspring.config.keys import Key

__all__ = ["assigned", "check_known"]


def assigned(text: str) -> tuple[str, Any]:
    """Dotted key and value of ``KEY=VALUE``; the value is YAML, or text where that cannot be, such as a pattern.

    Raises
    ------
    InputError
        When there is no ``=``, or nothing before it.
    """
    import yaml

    key, mark, value = text.partition("=")
    if not mark or not key:
        raise InputError(f"--set {text}: expected KEY=VALUE.")
    try:
        # Text with braces, such as a pattern, is no block of YAML.
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        return key, value


def check_known(dotted: str, keys: Sequence["Key"]) -> None:
    """Raise `InputError` unless there is such a key, with one that is written like it."""
    import difflib

    above = ""
    for name in dotted.split("."):
        names = [one.name for one in keys]
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            known = f"known keys are {', '.join(names)}." if names else f"{above} is no block."
            raise InputError(f"--set {dotted}: unknown key {name}; {f'did you mean {near[0]}?' if near else known}")
        keys = [inner for one in keys if one.name == name for inner in one.keys]
        above = f"{above}.{name}" if above else name
