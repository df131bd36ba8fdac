"""What changed in config and sheet since the results were made: the keys, for who wonders why jobs run again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.files import replaced_when_whole

__all__ = ["changes_since", "flat_config", "write_record"]

_MOST_CHARACTERS, _MOST_LINES = 60, 12
_ABSENT = object()


def flat_config(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Dotted key to value of a checked config; lists and empty blocks are values."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping) and value:
            found |= flat_config(value, key)
        else:
            found[key] = value
    return found


def write_record(path: Path, *, config: Mapping[str, Any], wells: Mapping[str, Mapping[str, str]]) -> None:
    """Write what a complete run was made with, as JSON.

    Parameters
    ----------
    config
        Checked.
    wells
        Plate/well to its annotations.
    """
    with replaced_when_whole(path) as temporary:
        record = {"config": flat_config(config), "wells": {name: dict(own) for name, own in wells.items()}}
        temporary.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")


def changes_since(path: Path, *, config: Mapping[str, Any], wells: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A line for each key of the config, and for wells and columns of the sheet, that differ from a run's record.

    None without a record, or with one that cannot be read: then nothing is known. At most 12 lines.

    Parameters
    ----------
    path, config, wells
        As of `write_record`.
    """
    try:
        before = json.loads(Path(path).read_text(encoding="utf-8"))
        old, old_wells = dict(before["config"]), dict(before["wells"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    # Through JSON, so that tuples and keys compare as they were stored.
    new = json.loads(json.dumps(flat_config(config)))
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key, _ABSENT) != new.get(key, _ABSENT)]
    lines = [f"{key}: {_shown(old.get(key, _ABSENT))} -> {_shown(new.get(key, _ABSENT))}" for key in keys]
    lines += _sheet_changes(old_wells, wells)
    return [*lines[:_MOST_LINES], *([f"(+{len(lines) - _MOST_LINES} more)"] if len(lines) > _MOST_LINES else [])]


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "not there"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."


def _sheet_changes(old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> list[str]:
    added, gone = [name for name in new if name not in old], [name for name in old if name not in new]
    both = ((added, "added"), (gone, "gone"))
    lines = [f"sheet: {len(names)} wells {what}: {_named(names)}" for names, what in both if names]
    columns = sorted({name for own in (*old.values(), *new.values()) for name in own})
    for column in columns:
        changed = [name for name in new if name in old and old[name].get(column) != new[name].get(column)]
        if changed:
            lines.append(f"sheet: column {column} of {len(changed)} wells: {_named(changed)}")
    return lines


def _named(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" (+{len(names) - 5} more)" if len(names) > 5 else "")
