"""Bounds of the wall time."""

import pytest

from wellspring.plan.scaled import Range
from wellspring.plan.tasks import PlannedJob, Task
from wellspring.plan.wall import earliest_ends, wall_time


def _job(*after: int, threads: int = 1, gpus: int = 0) -> PlannedJob:
    return PlannedJob(Task("rule", {}, None), threads, gpus, None, after)


def _take(*seconds: float) -> list[Range]:
    return [Range(one, one, one) for one in seconds]


def test_jobs_that_wait_for_nothing_share_the_cores() -> None:
    found = wall_time([_job() for _ in range(8)], _take(*[10.0] * 8), cores=4, gpus=0)
    assert (found.least, found.most, found.chain_s) == (20.0, 30.0, 10.0)


def test_a_chain_is_not_made_shorter_by_cores() -> None:
    jobs = [_job(1), _job(2), _job()]
    assert earliest_ends(jobs, [1.0, 2.0, 4.0]) == [7.0, 6.0, 4.0]
    assert wall_time(jobs, _take(1.0, 2.0, 4.0), cores=100, gpus=0).least == 7.0


def test_every_job_has_the_overhead() -> None:
    assert wall_time([_job(), _job(0)], _take(1.0, 1.0), cores=1, gpus=0, overhead_s=5.0).least == 12.0


def test_gpus_limit_too_and_wide_jobs_leave_cores_idle() -> None:
    jobs = [_job(threads=2, gpus=1) for _ in range(4)]
    found = wall_time(jobs, _take(*[10.0] * 4), cores=5, gpus=1)
    # 80 core seconds: on 5 cores at best, on the 4 that a waiting job of 2 threads leaves busy at worst.
    assert (found.least, found.most) == (40.0, 80 / 4 + 40 + 10)


def test_the_lower_bound_takes_the_least_times_and_the_upper_the_most() -> None:
    found = wall_time([_job(), _job(0)], [Range(2, 1, 4), Range(2, 1, 6)], cores=2, gpus=0)
    assert (found.least, found.most, found.chain_s) == (2.0, 10 / 2 + 10, 2.0)


def test_no_jobs_take_no_time() -> None:
    assert wall_time([], [], cores=1, gpus=0).most == 0.0


@pytest.mark.parametrize(("cores", "gpus", "words"), [(1, 1, "--cores: expected 2"), (2, 0, "--gpus: expected 1")])
def test_too_few_are_told(cores: int, gpus: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wall_time([_job(threads=2, gpus=1)], _take(1.0), cores=cores, gpus=gpus)
