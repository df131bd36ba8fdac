"""Wells that share a job of a cluster: a batch that runs stays as it is when Snakemake plans anew.

Snakemake plans anew each time that a plate is judged (the checkpoint `quality_illumination`). Its groups are kept from
one planning to the next and joined again, with those that run among them: jobs are planned twice, and running batches
take in wells that they never ran (Snakemake 9; its issue 1628, open).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["keep_batches"]


def keep_batches(dag_class: type[Any]) -> None:
    """Have Snakemake form groups anew at every planning, except those that run.

    Parameters
    ----------
    dag_class : type
        Snakemake's `DAG`. Its `update_groups` and `_update_group_components` are replaced, once: a second call does
        nothing. A version of Snakemake without them is left as it is.
    """
    form, join = (getattr(dag_class, name, None) for name in ("update_groups", "_update_group_components"))
    if form is None or join is None or hasattr(form, "__wrapped__"):
        return
    dag_class.update_groups = _formed_anew(form)
    dag_class._update_group_components = _joined_but_running(join)


def _formed_anew(form: Callable[[Any], None]) -> Callable[[Any], None]:
    """`form` without what was remembered of earlier groups: they were joined since."""

    @wraps(form)
    def update_groups(dag: Any) -> None:
        """Forget, then form."""
        dag.group_job_factory.cache.clear()
        form(dag)

    return update_groups


def _joined_but_running(join: Callable[[Any], None]) -> Callable[[Any], None]:
    """`join`, which makes batches of groups, for the jobs that no running group holds."""

    @wraps(join)
    def update_group_components(dag: Any) -> None:
        """Join the jobs that no running group holds; those of running ones stay where they are."""
        running = {job: group for group in dag._running if group.is_group() for job in group.jobs}
        held = {job: running[job] for job in dag._group if job in running}
        for group in set(dag._group.values()):
            group.jobs = frozenset(job for job in group.jobs if job not in held)
        dag._group = {job: group for job, group in dag._group.items() if job not in held}
        join(dag)
        dag._group |= held

    return update_group_components
