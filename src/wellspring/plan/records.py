"""Benchmark records of earlier runs, as Snakemake writes them: one tab-separated file per job."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wellspring.errors import InputError
from wellspring.jobs import device_of_log
from wellspring.plan.tasks import Task
from wellspring.plan.workflow import literal

__all__ = ["Record", "Records", "read_records"]

# Wildcards of a record that does not say them itself, by how many folders and names its path has below the rule's.
_WILDCARDS = {0: (), 1: ("model",), 2: ("plate", "well"), 3: ("model", "regime", "seed")}
# Snakemake looks at a job's memory when it begins and then every half second: of a shorter job it saw only the start.
_LEAST_S = 1.0


@dataclass(frozen=True)
class Record:
    """One job that ran.

    Attributes
    ----------
    task : Task
    seconds : float
        Wall time.
    memory_mb : float or None
        Largest resident memory that was seen, MB; None where the job was too short for it.
    device : str or None
        What it computed on, as its log says.
    """

    task: Task
    seconds: float
    memory_mb: float | None
    device: str | None


@dataclass(frozen=True)
class Records:
    """The records of one run.

    Attributes
    ----------
    complete : list of Record
    broken : list of str
        What is wrong with files that cannot be used, one line each.
    """

    complete: Sequence[Record]
    broken: Sequence[str]


def read_records(folder: Path) -> Records:
    """The records in `folder`/benchmarks; a file that is empty, truncated or no record is reported, not used."""
    complete: list[Record] = []
    broken: list[str] = []
    for path in sorted((folder / "benchmarks").rglob("*.tsv")):
        try:
            complete += _read(path, folder=folder)
        except (InputError, OSError) as error:
            broken.append(f"{path}: {error}")
    return Records(complete, broken)


def _read(path: Path, *, folder: Path) -> list[Record]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError("no text") from None
    if not text:
        raise InputError("empty")
    if not text.endswith("\n"):
        raise InputError("cut short")
    rows = list(csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    if "s" not in rows[0] or len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise InputError("no benchmark record (expected a header with the column s, and rows that fit it)")
    index = path.relative_to(folder / "benchmarks").with_suffix("")
    device = device_of_log(folder / "logs" / index.with_suffix(".log"))
    return [_record(dict(zip(rows[0], row, strict=True)), place=index, device=device) for row in rows[1:]]


def _record(row: dict[str, str], *, place: Path, device: str | None) -> Record:
    seconds = _number(row["s"])
    if seconds is None or seconds <= 0:
        raise InputError(f"expected seconds above 0 in the column s, found {row['s']!r}")
    wildcards = literal(row.get("wildcards", ""))
    if not isinstance(wildcards, dict):
        names = _WILDCARDS.get(len(place.parts) - 1, ())
        wildcards = dict(zip(names, place.parts[1:], strict=False))
    params = literal(row.get("params", ""))
    task = Task(place.parts[0], wildcards, params if isinstance(params, dict) else None)
    memory_mb = _number(row.get("max_rss", "NA")) if seconds >= _LEAST_S else None
    return Record(task, seconds, memory_mb, device)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
