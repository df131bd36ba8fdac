"""YAML files read so that a mistake in them has its line and column."""

from pathlib import Path
from typing import Any

from wellspring.errors import InputError

__all__ = ["parsed", "read_yaml", "yaml_mistake"]

_REMEDIES = {
    "found character '\\t' that cannot start any token": "Indent with blanks, not with tabs.",
    "mapping values are not allowed here": "Put text with a colon in it into quotes, or correct the indent.",
    "could not find expected ':'": "Each key needs a colon and a blank after it.",
}


def parsed(text: str) -> Any:
    """What a YAML text holds, by libyaml, the faster parser, where PyYAML was built with it.

    Raises
    ------
    yaml.YAMLError
        When it is no YAML.
    """
    # Imported where it is used: the command line does without it.
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def yaml_mistake(path: Path) -> str | None:
    """What is wrong with a YAML file, with line and column, counted from 1; None where it can be read.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    """
    # Imported where it is used: the command line does without it.
    import yaml

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = _parsed_or_explained(text)
    except UnicodeDecodeError as error:
        return f"{path}: expected text in UTF-8, found byte {error.start} that is none. Save it as UTF-8."
    except yaml.MarkedYAMLError as error:
        # Of a key without a colon the next line is where a reader gives up.
        is_key = "simple key" in (error.context or "")
        mark = error.context_mark if is_key and error.context_mark else error.problem_mark or error.context_mark
        lines = [*text.splitlines(), ""]
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        shown = f" in {lines[mark.line].strip()[:80]!r}" if mark is not None and mark.line < len(lines) else ""
        remedy = next((words for start, words in _REMEDIES.items() if start in str(error.problem)), "Correct it there.")
        context = f"{error.context}, " if error.context else ""
        return f"{path}{where}: it is no YAML: {context}{error.problem}{shown}. {remedy}"
    except yaml.YAMLError as error:
        return f"{path}: it is no YAML: {' '.join(str(error).split())}."
    if found is not None and not isinstance(found, dict):
        return f"{path}, line 1, column 1: expected keys and values, found {type(found).__name__}."
    return None


def _parsed_or_explained(text: str) -> Any:
    """`parsed`; of a text that is no YAML the errors of PyYAML's own parser, whose words and places we explain."""
    import yaml

    try:
        return parsed(text)
    except yaml.YAMLError:
        return yaml.safe_load(text)


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    InputError
        With line and column, when it cannot be read or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file. Write a config with `wellspring config`.")
    mistake = yaml_mistake(path)
    if mistake is not None:
        raise InputError(mistake)
    return dict(parsed(path.read_text(encoding="utf-8-sig")) or {})
