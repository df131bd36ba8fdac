"""The commented config: every key with its meaning, unit, range, choices and default."""

import math
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from wellspring.config.keys import NO_DEFAULT, Key, ToSet, keys_of, without_repeats

__all__ = ["WIDTH", "commented_config", "value_text"]

WIDTH = 110
_INDENT = "  "
# Means a space at which no line is broken.
_UNBROKEN = "\N{NO-BREAK SPACE}"
_LONGEST_UNBROKEN = 50
_HEAD = (
    "What a run does: a block for each stage. Threads, memory and partitions are in profiles/.",
    "A key that is left out has its default, which is the value shown unless its comment names another. Lines that "
    "begin with # and no space are keys that are switched off; delete the # to use them.",
    "Written by `wellspring config`; docs/config.md has the same as tables.",
)


def commented_config(
    schema: Mapping[str, Any], values: Mapping[str, Any], *, blocks: Collection[str] | None = None
) -> str:
    """The text of a config file.

    Parameters
    ----------
    schema
        JSON schema of the whole config.
    values
        What differs from the defaults, nested as in the config. A `ToSet` leaves its key empty for the user.
    blocks
        Those to write, with the keys of the raw format that is chosen alone; the others are named in the last line.
        None: all blocks, with all keys.

    Returns
    -------
    str
        YAML; comments are at most 110 columns wide.
    """
    keys = without_repeats(keys_of(schema))
    written = [one for one in keys if blocks is None or not one.keys or one.name in blocks]
    lines = [line for text in _HEAD for line in _comment(text, depth=0)]
    if blocks is not None:
        written = [_of_format(one, values.get(one.name, {})) for one in written]
    for found in _block_lines(written, values, depth=0, is_off=False):
        lines += ["", *found]
    names = [one.name for one in written]
    if len(written) < len(keys):
        rest = ", ".join(one.name for one in keys if one.name not in names)
        lines += ["", *_comment(f"Left out, so that their defaults hold: {rest}. See docs/config.md.", depth=0)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _of_format(block: Key, values: Any) -> Key:
    """The block without the keys of methods that are not chosen, where the choice must be made."""
    required = [one.name for one in block.keys if one.is_required]
    kept = [
        one
        for one in block.keys
        if one.methods is None or one.methods[0] not in required or values[one.methods[0]] in one.methods[1]
    ]
    return replace(block, keys=tuple(kept))


def value_text(value: Any) -> str:
    """A value on one line of YAML; numbers without exponents."""
    if isinstance(value, float) and not value.is_integer() and abs(value) < 0.001:
        return f"{value:.12f}".rstrip("0")
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=math.inf, allow_unicode=True, sort_keys=False)
    return str(text).removesuffix("\n").removesuffix("\n...")


def _comment(text: str, *, depth: int, hanging: str = "") -> list[str]:
    begin = f"{_INDENT * depth}# "
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=begin,
        subsequent_indent=begin + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, " ") for line in lines]


def _block_lines(keys: Sequence[Key], values: Mapping[str, Any], *, depth: int, is_off: bool) -> Iterator[list[str]]:
    """The lines of each key, comment and value; those that the chosen method does not have are switched off."""
    chosen = {one.name: values.get(one.name, one.default) for one in keys if one.methods is None}
    before: list[str] = []
    for one in keys:
        value = values.get(one.name, one.default)
        is_other = one.methods is not None and chosen[one.methods[0]] not in one.methods[1]
        remarks = _remarks(one, value=value, is_other=is_other, depth=depth)
        is_off_too = is_off or is_other or (value is NO_DEFAULT and not one.is_required)
        # Keys with the same meaning have one comment.
        yield [*(remarks if remarks != before else []), *_key_lines(one, value, depth=depth, is_off=is_off_too)]
        before = remarks


def _key_lines(key: Key, value: Any, *, depth: int, is_off: bool) -> Iterator[str]:
    """A key with its value, and the keys below it. `is_off`: all of them are switched off."""
    mark = "#" if is_off else ""
    if key.keys and (not key.is_optional_block or isinstance(value, Mapping)):
        yield f"{_INDENT * depth}{mark}{key.name}:"
        inner = value if isinstance(value, Mapping) else {}
        yield from chain(*_block_lines(key.keys, inner, depth=depth + 1, is_off=is_off))
        return
    yield from _value_lines(key, value, mark=mark, depth=depth)
    if key.is_optional_block:
        yield from _comment("Or, in place of null, a block with these keys:", depth=depth)
        yield f"{_INDENT * depth}#{key.name}:"
        yield from chain(*_block_lines(key.keys, {}, depth=depth + 1, is_off=True))


def _remarks(key: Key, *, value: Any, is_other: bool, depth: int) -> list[str]:
    """The comment above a key; `is_other`: the method that is chosen in the block does not have it."""
    text = _meaning(key, is_other=is_other)
    if key.is_required and not key.keys:
        text += " Must be given."
    elif not key.keys and key.default is not NO_DEFAULT and value != key.default:
        text += f" Default: {value_text(key.default)}."
    lines = [*_comment(text, depth=depth), *_choice_lines(key, depth=depth)]
    if key.entry_keys:
        lines += _comment("Each entry has", depth=depth)
    for one in key.entry_keys:
        text = f"  {one.name}: {_meaning(one, is_other=True)}"
        lines += _comment(text if one.is_required else f"{text} May be left out.", depth=depth, hanging="    ")
        lines += _choice_lines(one, depth=depth, margin="    ")
    return lines


def _meaning(key: Key, *, is_other: bool) -> str:
    notes = [key.allowed] if key.allowed and not key.keys else []
    if not any(key.choices.values()):
        notes += [f"one of {', '.join(key.choices)}"] if key.choices else []
    note = f"({', '.join(notes)})"
    note = note.replace(" ", _UNBROKEN) if len(note) < _LONGEST_UNBROKEN else note
    text = f"{key.description} {note}" if notes else key.description
    if key.methods is None or not is_other:
        return text
    return f"With {key.methods[0]} {' or '.join(key.methods[1])} only: {text[:1].lower()}{text[1:]}"


def _choice_lines(key: Key, *, depth: int, margin: str = "  ") -> list[str]:
    named = key.choices.items() if any(key.choices.values()) else ()
    texts = [f"{margin}{name}: {meaning}" for name, meaning in named]
    return [line for text in texts for line in _comment(text, depth=depth, hanging=f"{margin}  ")]


def _value_lines(key: Key, value: Any, *, mark: str, depth: int) -> Iterator[str]:
    begin = f"{_INDENT * depth}{mark}{key.name}:"
    if isinstance(value, ToSet):
        yield f"{begin}  # <- {value.remark}"
        return
    if value is NO_DEFAULT:
        yield begin if key.example is None else f"{begin} {value_text(key.example)}"
        return
    line = f"{begin} {value_text(value)}"
    if len(line) <= WIDTH and not (key.entry_keys and value):
        yield line
        return
    yield begin
    entries = [f"- {value_text(one)}" for one in value] if isinstance(value, list) else _named(value)
    for entry in entries:
        yield f"{_INDENT * (depth + 1)}{mark}{entry}"


def _named(value: Mapping[str, Any]) -> list[str]:
    return [f"{value_text(name)}: {value_text(one)}" for name, one in value.items()]
