"""From a plan and the folders of earlier runs to estimates, rule by rule and job by job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wellspring.plan.estimates import Estimate, Group, Ran, estimate, group_of
from wellspring.plan.records import read_records
from wellspring.plan.scaled import Range
from wellspring.plan.sizes import Densities, FolderSizes, densities, planned_sizes, recorded_sizes
from wellspring.plan.tasks import PlannedJob
from wellspring.plan.wall import earliest_ends
from wellspring.plan.workflow import Plan

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True)
class Forecast:
    """What the jobs of a plan will take.

    Attributes
    ----------
    estimates : list of Estimate
        By rule and model, in the order in which they can run.
    job_seconds : list of Range
        Wall time of each job of the plan, in its order; 0 where there is no figure.
    sizes : FolderSizes
        Of the wells that are planned.
    density : Densities or None
        What cells were estimated by.
    broken : list of str
        Records that cannot be read, and why.
    """

    estimates: Sequence[Estimate]
    job_seconds: Sequence[Range]
    sizes: FolderSizes
    density: Densities | None
    broken: Sequence[str]


def forecast(plan: Plan, *, folders: Sequence[Path], other_settings: bool = False) -> Forecast:
    """Estimate every job of `plan`.

    Parameters
    ----------
    folders
        The folder of the run, then those of earlier runs; one named twice counts once.
    other_settings
        See `estimate`.

    Raises
    ------
    FileNotFoundError
        When the folder of an earlier run holds no records.
    """
    folders = list(dict.fromkeys(folder.resolve() for folder in folders))
    for folder in folders[1:]:
        if not (folder / "benchmarks").is_dir():
            raise FileNotFoundError(f"{folder}: expected the folder of a run, with a folder benchmarks in it.")
    recorded = [recorded_sizes(folder) for folder in folders]
    records = [read_records(folder) for folder in folders]
    ran = [Ran(one, sizes) for found, sizes in zip(records, recorded, strict=True) for one in found.complete]
    sizes = planned_sizes(plan, folder=folders[0], records=recorded)
    grouped = _grouped(plan.jobs)
    estimates = []
    for (rule, _), indices in grouped.items():
        jobs, outputs = [plan.jobs[index] for index in indices], plan.outputs[rule]
        estimates.append(estimate(jobs, ran, sizes=sizes, outputs=outputs, other_settings=other_settings))
    density = densities(recorded, form=plan.config["raw"]["format"])
    broken = [line for found in records for line in found.broken]
    return Forecast(estimates, _seconds(grouped, estimates), sizes, density, broken)


def _grouped(jobs: Sequence[PlannedJob]) -> dict[Group, list[int]]:
    """Places of the jobs by rule and model, in the order in which they can run."""
    depths = earliest_ends(jobs, [1.0] * len(jobs))
    grouped: dict[Group, list[int]] = {}
    for place in sorted(range(len(jobs)), key=lambda place: depths[place]):
        grouped.setdefault(group_of(jobs[place].task), []).append(place)
    return grouped


def _seconds(grouped: Mapping[Group, Sequence[int]], estimates: Sequence[Estimate]) -> list[Range]:
    seconds = {
        index: value or Range(0.0, 0.0, 0.0)
        for indices, one in zip(grouped.values(), estimates, strict=True)
        for index, value in zip(indices, one.job_seconds, strict=True)
    }
    return [seconds[index] for index in sorted(seconds)]
