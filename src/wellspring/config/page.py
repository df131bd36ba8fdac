"""The docs page of the config: a table for each block."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wellspring.config.keys import NO_DEFAULT, Key, keys_of
from wellspring.config.writing import value_text

__all__ = ["config_page"]

_HEAD = """# Config

<!-- Written by `wellspring config --docs` from workflow/schemas/; edit the descriptions there. -->

What a run does is in one YAML file, `config/config.yaml` unless `--configfile` names another, with a block for each
stage. A key that is left out has its default. `wellspring config` writes the file with these descriptions as comments;
`wellspring config --study list` lists starting points for your own data. Unknown keys, wrong values and repeated keys
are reported before any job runs. [config/README.md](../config/README.md) describes the sheet of wells.

A dot leads into a block: `split.train` is the key `train` of the block `split`. `name[].key` is a key of each entry of
the list `name`. Keys marked with a method exist for this method only."""


def config_page(schema: Mapping[str, Any]) -> str:
    """The page as Markdown: the keys outside of blocks in one table, then a table for each block.

    Parameters
    ----------
    schema
        JSON schema of the whole config.
    """
    keys = keys_of(schema)
    single = [one for one in keys if not one.keys]
    lines = [_HEAD, "", *_table(single)]
    for block in (one for one in keys if one.keys):
        lines += ["", f"## {block.name}", "", block.description, "", *_table(block.keys)]
    return "\n".join(lines) + "\n"


def _table(keys: Sequence[Key]) -> list[str]:
    head = ["| key | default | values | meaning |", "|---|---|---|---|"]
    return head + [row for key in keys for row in _rows(key, prefix="")]


def _rows(key: Key, *, prefix: str) -> Iterator[str]:
    name = f"{prefix}{key.name}"
    meaning = key.description
    if key.methods is not None:
        methods = ", ".join(f"`{one}`" for one in key.methods[1])
        meaning = f"*{key.methods[0]} {methods}:* {meaning}"
    yield f"| `{name}` | {_default(key)} | {_cell(_values(key))} | {_cell(meaning)} |"
    for inner in key.keys:
        yield from _rows(inner, prefix=f"{name}.")
    for inner in key.entry_keys:
        yield from _rows(inner, prefix=f"{name}[].")


def _default(key: Key) -> str:
    if key.keys and not key.is_optional_block:
        return "a block"
    if key.default is not NO_DEFAULT:
        return f"`{value_text(key.default)}`".replace("|", "\\|")
    return "must be given" if key.is_required else ""


def _values(key: Key) -> str:
    choices = [f"`{name}`: {meaning}" if meaning else f"`{name}`" for name, meaning in key.choices.items()]
    listed = "<br>".join(choices) if any(key.choices.values()) else ", ".join(choices)
    return "; ".join(one for one in (key.allowed if not key.keys else "", listed) if one)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("{_}", "`{_}`")
