"""Published figures to compare profiles with."""

import csv
from pathlib import Path

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["holds_profiles"]

_COLUMNS = ("method", "question", "scope", "metric", "value")


def holds_profiles(path: Path) -> bool:
    """Whether a CSV file of published figures is about profiles (table `PUBLISHED_VERDICT`); only its head is read.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, or it is empty.
    """
    with as_readable(path, expected="a table of published figures"), Path(path).open(encoding="utf-8") as file:
        head = next(csv.reader(file), None)
        if head is None:
            raise InputError("it is empty")
    return set(_COLUMNS) <= set(head)
