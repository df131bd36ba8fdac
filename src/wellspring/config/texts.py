"""The text of a config file: what YAML readers do not report."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["repeated_keys"]

# What YAML 1.1 reads as a number of another value than it seems: 0100 is 64, 1:30 is 90.
_OTHERWISE = re.compile(r"[-+]?(0[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")


def repeated_keys(path: Path) -> list[str]:
    """A line for every key that a YAML file gives more than once in one block, and for numbers that mean others.

    Readers of YAML keep the last value in silence, so the earlier ones seem to have no effect. They take ``0100`` for
    64 and ``1:30`` for 90.

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
    return [f"{path}, {line}" for line in _repeated(node, (), around=())]


def _repeated(node: Any, above: tuple[str, ...], *, around: tuple[int, ...]) -> Iterator[str]:
    if node is not None and id(node) in around:
        yield f"line {node.start_mark.line + 1}: {'.'.join(above)} holds itself; write its keys out"
        return
    around = (*around, id(node))
    if node is not None and node.id == "scalar":
        if node.tag.endswith((":int", ":float")) and _OTHERWISE.fullmatch(node.value):
            yield (
                f"line {node.start_mark.line + 1}: {'.'.join(above)}: YAML does not read {node.value} as a decimal "
                "number; write it as one"
            )
        return
    children = node.value if node is not None and node.id in ("mapping", "sequence") else []
    if node is not None and node.id == "sequence":
        for number, child in enumerate(children, start=1):
            yield from _repeated(child, (*above, str(number)), around=around)
        return
    lines: dict[str, int] = {}
    for key, value in children:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines and name != "<<":
            dotted = ".".join((*above, name))
            yield f"line {line}: {dotted} is given already in line {lines[name]}; keep one of them"
        lines.setdefault(name, line)
        yield from _repeated(value, (*above, name), around=around)
