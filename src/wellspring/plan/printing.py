"""What the command ``wellspring plan`` prints."""

import argparse
from collections.abc import Iterator, Sequence

from wellspring.plan.forecast import Forecast, forecast
from wellspring.plan.scaled import Range
from wellspring.plan.tasks import PlannedJob
from wellspring.plan.text import duration, plan_text
from wellspring.plan.wall import wall_time
from wellspring.plan.workflow import plan_jobs

__all__ = ["print_plan"]


def print_plan(args: argparse.Namespace) -> None:
    """Forecast the run that the arguments of ``wellspring plan`` describe, and print it."""
    plan = plan_jobs(
        snakefile=args.snakefile,
        folder=args.directory,
        configfile=args.configfile,
        targets=args.targets,
        forceall=args.forceall,
    )
    if plan.changes:
        print("\n  ".join(["Changed since the report was made:", *plan.changes]))
    if not plan.jobs:
        print("Nothing to be done: all results are there, and newer than what they are made from.")
        return
    found = forecast(plan, folders=[args.directory, *args.records], other_settings=args.other_settings)
    print(plan_text(found.estimates))
    files = plan.files
    print(f"Files: {files.n_read} read, {files.n_results} results, {files.n_logs} logs, {files.n_records} records.")
    for line in _remarks(found, other_settings=args.other_settings):
        print(line)
    _print_wall_times(plan.jobs, found.job_seconds, args=args)


def _remarks(found: Forecast, *, other_settings: bool) -> Iterator[str]:
    if found.density:
        yield f"Cells of wells that were not cropped yet: by the pixels of {found.density.n_wells} well(s) that were."
    for line in found.sizes.notes:
        yield f"{line[:1].upper()}{line[1:]}."
    for line in found.broken:
        yield f"Not used: {line}."
    if any(one.set_aside for one in found.estimates) and not other_settings:
        yield "Records made with other settings are used with --other-settings; then the figures may be far off."


def _print_wall_times(jobs: Sequence[PlannedJob], seconds: Sequence[Range], *, args: argparse.Namespace) -> None:
    n_known = sum(one.high > 0 for one in seconds)
    if args.cores:
        print(
            f"\nWall time of the {n_known} of {len(jobs)} jobs that have a figure, each {args.job_overhead_s:g} s "
            f"longer, with {args.gpus} GPU(s):"
        )
    for cores in args.cores:
        found = wall_time(jobs, seconds, cores=cores, gpus=args.gpus, overhead_s=args.job_overhead_s)
        bounds = f"{duration(found.least)} to {duration(found.most)}"
        print(f"{cores:>6} cores: {bounds} (longest chain of jobs: at least {duration(found.chain_s)})")
