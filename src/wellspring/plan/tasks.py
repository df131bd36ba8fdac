"""A job, planned or recorded: its rule, its wildcards, its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PlannedJob", "Task"]


@dataclass(frozen=True)
class Task:
    """One job of the workflow.

    Attributes
    ----------
    rule : str
    wildcards : dict of str to str
        Such as plate and well, or model, regime and seed.
    params : dict or None
        Parameters of the rule by name; None where a record does not say them.
    """

    rule: str
    wildcards: Mapping[str, str]
    params: Mapping[str, Any] | None

    @property
    def well(self) -> tuple[str, str] | None:
        """(plate, well); None for jobs that are not about one well."""
        if "plate" in self.wildcards and "well" in self.wildcards:
            return self.wildcards["plate"], self.wildcards["well"]
        return None


@dataclass(frozen=True)
class PlannedJob:
    """A job that is to run.

    Attributes
    ----------
    task : Task
    threads, gpus : int
        That the rule reserves.
    asked_mb : float or None
        Memory that the rule asks for, MB; None where it says none.
    after : tuple of int
        Places, in the list of all planned jobs, of those that it waits for.
    """

    task: Task
    threads: int
    gpus: int
    asked_mb: float | None
    after: tuple[int, ...]
