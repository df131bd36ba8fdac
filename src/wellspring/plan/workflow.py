"""The jobs that Snakemake would run for a config, asked of Snakemake itself."""

import ast
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellspring.config.yaml_files import yaml_mistake
from wellspring.errors import InputError
from wellspring.plan.tasks import PlannedJob, Task

__all__ = ["FileCounts", "Plan", "literal", "plan_jobs"]


@dataclass(frozen=True)
class FileCounts:
    """How many files the jobs read that none of them writes, and how many they write."""

    n_read: int
    n_results: int
    n_logs: int
    n_records: int


@dataclass(frozen=True)
class Plan:
    """What is to run.

    Attributes
    ----------
    config : dict
        Checked, defaults filled in.
    wells : dict of (plate, well) to Path
        The wells' paths; relative ones are relative to the folder of the run.
    jobs : list of PlannedJob
    outputs : dict of str to tuple of str
        Rule to its output files, wildcards in braces.
    files : FileCounts
    changes : list of str
        What is another in config and sheet than when the report was made, a line each.
    """

    config: Mapping[str, Any]
    wells: Mapping[tuple[str, str], Path]
    jobs: Sequence[PlannedJob]
    outputs: Mapping[str, tuple[str, ...]]
    files: FileCounts
    changes: Sequence[str] = ()


def plan_jobs(
    *, snakefile: Path, folder: Path, configfile: Path | None, targets: Sequence[str] = (), forceall: bool = False
) -> Plan:
    """Have Snakemake work out which jobs are to run, as in a dry run.

    Parameters
    ----------
    folder
        Of the run.
    configfile
        None: the Snakefile's own.
    targets
        Files or rules that are wanted; none: the complete report.
    forceall
        All jobs, those included whose results are there.

    Raises
    ------
    ValueError
        With Snakemake's words, when config, sheet or files are wrong.
    """
    # Snakemake does not say where in the file a mistake is.
    file = configfile or folder / "config" / "config.yaml"
    if file.is_file() and (mistake := yaml_mistake(file)) is not None:
        raise InputError(mistake)
    # Other commands need no Snakemake, which takes a second to import.
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        OutputSettings,
        ResourceSettings,
        SharedFSUsage,
        StorageSettings,
    )
    from snakemake_interface_common.exceptions import ApiError

    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said), SnakemakeApi(OutputSettings(dryrun=True)) as api:
            flow = api.workflow(
                resource_settings=ResourceSettings(cores=1),
                # Its copies of source files would be in the home, which cannot be written everywhere.
                storage_settings=StorageSettings(
                    shared_fs_usage=SharedFSUsage.all() - {SharedFSUsage.SOURCE_CACHE},
                ),
                config_settings=ConfigSettings(configfiles=[configfile.absolute()] if configfile else []),
                snakefile=snakefile.absolute(),
                workdir=folder.absolute(),
            )
            settings = DAGSettings(targets=frozenset(targets), forceall=forceall)
            # ASSUME: `_workflow` is where Snakemake 9 keeps the jobs; its public interface only prints them.
            with _without_traces(flow):
                flow.dag(settings).execute_workflow(executor="dryrun")
                return _plan(flow._workflow)
    except (WorkflowError, ApiError) as error:
        raise InputError(f"the workflow cannot be planned: {str(error).strip() or said.getvalue().strip()}") from None


@contextmanager
def _without_traces(flow: Any) -> Iterator[None]:
    """Remove the temporary folder of a workflow, which Snakemake leaves until the process ends."""
    try:
        yield
    finally:
        workflow = flow._workflow_store
        if workflow is not None and workflow.sourcecache.runtime_cache is not None:
            workflow.sourcecache.runtime_cache.cleanup()


def _plan(workflow: Any) -> Plan:
    # The rule `all` has no script and takes no time.
    jobs = [job for job in workflow.dag.needrun_jobs(exclude_finished=False) if not job.is_norun]
    indices = {job: index for index, job in enumerate(jobs)}
    planned = [_job(job, after=[indices[on] for on in workflow.dag.dependencies[job] if on in indices]) for job in jobs]
    sheet = workflow.globals["WELLS"]
    keys = zip(sheet["plate"], sheet["well"], strict=True)
    wells = dict(zip(keys, map(Path, sheet["path"]), strict=True))
    outputs = {job.rule.name: _templates(job.rule) for job in jobs}
    changes = workflow.globals.get("CHANGES", [])
    return Plan(workflow.globals["config"], wells, planned, outputs, _files(jobs), changes)


def _files(jobs: Sequence[Any]) -> FileCounts:
    written = {str(file) for job in jobs for file in job.output}
    read = {str(file) for job in jobs for file in job.input} - written
    n_records = sum(job.benchmark is not None for job in jobs)
    return FileCounts(len(read), len(written), sum(len(job.log) for job in jobs), n_records)


def _job(job: Any, *, after: Sequence[int]) -> PlannedJob:
    resources = {name: value for name, value in job.resources.items() if isinstance(value, int | float)}
    # Through text, as in a record, so that both can be compared.
    params = literal(str(dict(job.params.items())))
    task = Task(job.rule.name, dict(job.wildcards_dict), params if isinstance(params, dict) else None)
    return PlannedJob(task, int(job.threads), int(resources.get("gpu", 0)), resources.get("mem_mb"), tuple(after))


def _templates(rule: Any) -> tuple[str, ...]:
    from snakemake.io import strip_wildcard_constraints

    return tuple(strip_wildcard_constraints(str(file)) for file in rule.output)


def literal(text: str) -> Any:
    """The Python value that `text` spells; None where it spells none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
