"""The text of a config file: what YAML readers do not report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["repeated_keys"]


def repeated_keys(path: Path) -> list[str]:
    """A line for every key that a YAML file gives more than once in one block.

    Readers of YAML keep the last value in silence, so the earlier ones seem to have no effect.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    yaml.YAMLError
        When it is not YAML.
    """
    # Imported where it is used: the command line does without it.
    import yaml

    path = Path(path)
    node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    return [f"{path}, {line}" for line in _repeated(node, ())]


def _repeated(node: Any, above: tuple[str, ...]) -> Iterator[str]:
    children = node.value if node is not None and node.id in ("mapping", "sequence") else []
    if node is not None and node.id == "sequence":
        for number, child in enumerate(children, start=1):
            yield from _repeated(child, (*above, str(number)))
        return
    lines: dict[str, int] = {}
    for key, value in children:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines and name != "<<":
            dotted = ".".join((*above, name))
            yield f"line {line}: {dotted} is given already in line {lines[name]}; keep one of them"
        lines.setdefault(name, line)
        yield from _repeated(value, (*above, name))
