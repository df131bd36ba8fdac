"""How long a run takes on so many processors and GPUs: bounds, since the order of the jobs is not known."""

from collections.abc import Sequence
from dataclasses import dataclass

from wellspring.errors import InputError
from wellspring.plan.scaled import Range
from wellspring.plan.tasks import PlannedJob

__all__ = ["WallTime", "earliest_ends", "wall_time"]


@dataclass(frozen=True)
class WallTime:
    """Bounds of the time from the first job's start to the last one's end, s.

    Attributes
    ----------
    least : float
        No order of the jobs is faster.
    most : float
        No order is slower that leaves no processor and no GPU idle while a job waits for one.
    chain_s : float
        The longest chain of jobs that wait for each other, at least: no number of processors makes the run shorter.
    """

    least: float
    most: float
    chain_s: float


def wall_time(
    jobs: Sequence[PlannedJob], seconds: Sequence[Range], *, cores: int, gpus: int, overhead_s: float = 0.0
) -> WallTime:
    """Bounds for `jobs` that take `seconds` each, and `overhead_s` before they begin.

    The lower bound takes each job's least time, the upper bound its most.

    After Graham (1969, SIAM J. Appl. Math. 17:416-429): any order takes at least max(W/m, C), with work W (core
    seconds), m cores and the longest chain C. At any time either the chain continues, or a job waits while fewer cores
    are free than the widest job, of p cores, needs, or no GPU is free: at most W/(m - p + 1) + W_gpu/G + C. Nodes are
    not looked at, nor limits on the number of submitted jobs.

    Parameters
    ----------
    cores, gpus
        Of the cluster. Jobs of several threads take as many cores.

    Raises
    ------
    ValueError
        When a job needs more than there is, or a count is below 1 (0 GPUs: fine without GPU jobs).
    """
    widest = max((job.threads for job in jobs), default=1)
    if cores < widest:
        raise InputError(f"--cores: expected {widest} or more, as the widest job needs, got {cores}.")
    if gpus < max((job.gpus for job in jobs), default=0):
        raise InputError(f"--gpus: expected 1 or more, since there are jobs that need a GPU, got {gpus}.")
    least = _loads(jobs, [one.low + overhead_s for one in seconds])
    most = _loads(jobs, [one.high + overhead_s for one in seconds])
    return WallTime(
        max(least.core_s / cores, least.gpu_s / max(1, gpus), least.chain_s),
        most.core_s / (cores - widest + 1) + most.gpu_s / max(1, gpus) + most.chain_s,
        least.chain_s,
    )


@dataclass(frozen=True)
class _Loads:
    core_s: float
    gpu_s: float
    chain_s: float


def _loads(jobs: Sequence[PlannedJob], seconds: Sequence[float]) -> _Loads:
    core_s = sum(time * job.threads for time, job in zip(seconds, jobs, strict=True))
    gpu_s = sum(time * job.gpus for time, job in zip(seconds, jobs, strict=True))
    return _Loads(core_s, gpu_s, max(earliest_ends(jobs, seconds), default=0.0))


def earliest_ends(jobs: Sequence[PlannedJob], seconds: Sequence[float]) -> list[float]:
    """When each job ends, s, if none ever waits for a processor; the largest is the longest chain."""
    ends: dict[int, float] = {}
    waiting = list(range(len(jobs)))
    while waiting:
        index = waiting[-1]
        missing = [before for before in jobs[index].after if before not in ends]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        ends[index] = seconds[index] + max((ends[before] for before in jobs[index].after), default=0.0)
    return [ends[index] for index in range(len(jobs))]
