"""Batches of wells that run stay as they are; `tests/cluster/test_batches.py` runs Snakemake's own."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from wellspring.batches import keep_batches


class Group:
    """Jobs of one name; like Snakemake's, equal where the jobs are, and joined in place."""

    def __init__(self, jobs: Iterable[str]) -> None:
        self.jobs = frozenset(jobs)

    def is_group(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Group) and self.jobs == other.jobs

    def __hash__(self) -> int:
        return hash(self.jobs)


def dag_class() -> type[Any]:
    """Snakemake's way: a group per well, remembered by its jobs, all wells joined to the first."""

    class Dag:
        def __init__(self, wells: Iterable[str], *, running: set[Group]) -> None:
            self.wells = list(wells)
            self._running = running
            self._group: dict[str, Group] = {}
            self.group_job_factory = SimpleNamespace(cache={})

        def update_groups(self) -> None:
            remembered = self.group_job_factory.cache
            wells = [remembered.setdefault(well, Group([f"{well} nuclei", f"{well} spots"])) for well in self.wells]
            self._group = {job: group for group in wells for job in group.jobs}
            self._update_group_components()

        def _update_group_components(self) -> None:
            first = next(iter(self._group.values()), None)
            for group in list(self._group.values()):
                if first is not None:
                    first.jobs |= group.jobs
                    self._group |= dict.fromkeys(group.jobs, first)

    return Dag


def test_a_batch_that_runs_takes_in_no_well_and_loses_none() -> None:
    kept = dag_class()
    keep_batches(kept)
    running = Group(["A1 nuclei", "A1 spots"])
    dag = kept(["A1", "A2", "A3"], running={running})
    for _ in range(2):
        dag.update_groups()
        assert running.jobs == {"A1 nuclei", "A1 spots"}
        assert dag._group["A1 nuclei"] is running
        assert dag._group["A2 nuclei"] is dag._group["A3 spots"]
        assert dag._group["A2 nuclei"].jobs == {"A2 nuclei", "A2 spots", "A3 nuclei", "A3 spots"}


def test_groups_of_an_earlier_planning_are_forgotten() -> None:
    kept = dag_class()
    keep_batches(kept)
    dag = kept(["A1", "A2"], running=set())
    dag.update_groups()
    dag.wells = ["A1"]
    dag.update_groups()
    assert set(dag._group) == {"A1 nuclei", "A1 spots"}


def test_a_second_call_and_a_version_without_the_methods_change_nothing() -> None:
    kept = dag_class()
    keep_batches(kept)
    methods = (kept.update_groups, kept._update_group_components)
    keep_batches(kept)
    assert (kept.update_groups, kept._update_group_components) == methods
    other = type("Other", (), {})
    keep_batches(other)
    assert not hasattr(other, "update_groups")
