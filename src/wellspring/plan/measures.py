"""How each rule's run time scales, how large a job is, and which settings change its cost per unit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from wellspring.plan.sizes import FolderSizes
from wellspring.plan.tasks import Task
from wellspring.stage import stages

__all__ = ["MEASURES", "Scaling", "amount", "price", "scaling_of"]

# The page belongs to no stage, and its parameters say no more than what it shows.
_PAGE = "report_page"
_NEVER_PAID = frozenset({"code"})
_NEVER_PAID_BY_THE_PAGE = frozenset({"config", "n_wells", "conditions"})
_OF_CHANNELS = {
    "pixels",
    "pixels of the plate",
    "pixels of all wells",
    "cells of the well",
    "cells x epochs",
    "gradients",
}


@dataclass(frozen=True)
class Scaling:
    """What a rule's jobs grow with: names of `MEASURES`.

    Attributes
    ----------
    time : str
        The measure of the time.
    size : str
        The measure of memory and of the files that it writes.
    same_time : frozenset of str
        Parameters, dotted, that change no job's time.
    """

    time: str
    size: str
    same_time: frozenset[str] = frozenset()


def scaling_of(rule: str) -> Scaling:
    """What the time and the files of a rule grow with, as its stage says.

    Raises
    ------
    ValueError
        When no stage lists the rule, which is a defect of the rule's stage.
    """
    found = _scalings().get(rule)
    if found is None:
        raise ValueError(
            f"rule {rule}: expected to be listed in `grows_with` of its stage (src/wellspring/<stage>/stage.py)"
        )
    return found


@cache
def _scalings() -> Mapping[str, Scaling]:
    found = {_PAGE: Scaling("jobs", "jobs", _NEVER_PAID_BY_THE_PAGE)}
    for stage in stages():
        for rule, measure in stage.grows_with.items():
            time, size = (measure, measure) if isinstance(measure, str) else measure
            found[rule] = Scaling(time, size, stage.same_time)
    return found


def _of_well(name: str) -> Callable[[Task, FolderSizes], float | None]:
    """A measure of the job's own well."""

    def of_well(task: Task, sizes: FolderSizes) -> float | None:
        well = sizes.wells.get(task.well) if task.well else None
        value = getattr(well, name) if well else None
        return None if value is None else float(value)

    return of_well


def _of_plate(name: str) -> Callable[[Task, FolderSizes], float | None]:
    """A measure of all wells of the job's plate."""
    return lambda task, sizes: sizes.total(name, plate=task.wildcards.get("plate"))


def _of_all(name: str) -> Callable[[Task, FolderSizes], float | None]:
    """A measure of all wells."""
    return lambda task, sizes: sizes.total(name)


def _n_wells(task: Task, sizes: FolderSizes) -> float | None:
    return float(len(sizes.wells)) or None


def _n_wells_of_plate(task: Task, sizes: FolderSizes) -> float | None:
    return float(sum(plate == task.wildcards.get("plate") for plate, _ in sizes.wells)) or None


def _one(task: Task, sizes: FolderSizes) -> float:
    return 1.0


def _cells_by_epochs(task: Task, sizes: FolderSizes) -> float | None:
    return _product(sizes.total("n_chosen"), _epochs(task, sizes=sizes))


def _epochs(task: Task, *, sizes: FolderSizes) -> float | None:
    """Epochs that were trained, or may be trained at most; a record without its history does not say how many."""
    done = sizes.epochs.get(_run(task))
    if done:
        return float(done[0])
    return _setting(task, "training", "epochs") if sizes.shares else None


def _gradients(task: Task, sizes: FolderSizes) -> float | None:
    block = (task.params or {}).get("attribution")
    estimator = block.get("estimator") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(estimator, dict) or "steps" not in block:
        return None
    points = estimator.get("points", estimator.get("steps", block["steps"]))
    copies = 0 if block.get("copies") == "none" else points * estimator.get("samples", 1)
    # The integral without noise, and the paths of the copies.
    return _product(_explained(task, sizes=sizes), float(block["steps"] + 1 + copies))


def _explained(task: Task, *, sizes: FolderSizes) -> float | None:
    done = sizes.explained.get(_run(task))
    if done:
        return float(done)
    split = (task.params or {})["attribution"].get("split")
    n_cells = _product(sizes.total("n_chosen"), sizes.shares.get(split))
    most = _setting(task, "attribution", "max_cells")
    return n_cells if most is None or n_cells is None else min(most, n_cells)


def _setting(task: Task, block: str, name: str) -> float | None:
    values = (task.params or {}).get(block)
    value = values.get(name) if isinstance(values, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _run(task: Task) -> tuple[str, str, str]:
    names = [task.wildcards.get(name, "") for name in ("model", "regime", "seed")]
    return names[0], names[1], names[2]


def _product(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first * second


MEASURES: Mapping[str, Callable[[Task, FolderSizes], float | None]] = {
    "jobs": _one,
    "files": _of_well("n_files"),
    "pixels": _of_well("n_values"),
    "sites": _of_well("n_sites"),
    "cells of the well": _of_well("n_cells"),
    "wells of the plate": _n_wells_of_plate,
    "pixels of the plate": _of_plate("n_values"),
    "sites of the plate": _of_plate("n_sites"),
    "wells": _n_wells,
    "pixels of all wells": _of_all("n_values"),
    "sites of all wells": _of_all("n_sites"),
    "cells of all wells": _of_all("n_cells"),
    "cells": _of_all("n_chosen"),
    "cells x epochs": _cells_by_epochs,
    "gradients": _gradients,
}
"""What a job's time can grow with. ``pixels`` are intensities: pixels x channels x planes. ``cells`` are those of the
dataset, after filter and selection; ``cells of ...`` are all that were cropped. A ``site`` is a field of view."""


def amount(task: Task, measure: str, *, sizes: FolderSizes) -> float | None:
    """How much of `measure`, a name of `MEASURES`, a job has; None where that is not known.

    Parameters
    ----------
    sizes
        Of the folder that the job runs, or ran, in.
    """
    return MEASURES[measure](task, sizes)


def price(task: Task, *, sizes: FolderSizes) -> dict[str, Any] | None:
    """Settings that a job's time per amount depends on; None where a record does not say them.

    Jobs with equal prices can replace each other. The number of channels is one of them, where pixels are read.
    """
    if task.params is None:
        return None
    scaling = scaling_of(task.rule)
    paid = _paid(task.params, above="", free=scaling.same_time | _NEVER_PAID)
    if scaling.time in _OF_CHANNELS:
        paid["n_channels"] = sizes.n_channels
    return paid


def _paid(params: Mapping[str, Any], *, above: str, free: frozenset[str]) -> dict[str, Any]:
    found = {}
    for name, value in params.items():
        dotted = f"{above}{name}"
        if dotted not in free:
            found[dotted] = _paid(value, above=f"{dotted}.", free=free) if isinstance(value, dict) else value
    return found
