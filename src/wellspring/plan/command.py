"""The command ``wellspring plan``."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from wellspring.plan.forecast import Forecast, forecast
from wellspring.plan.scaled import Range
from wellspring.plan.tasks import PlannedJob
from wellspring.plan.text import duration, plan_text
from wellspring.plan.wall import wall_time
from wellspring.plan.workflow import plan_jobs

__all__ = ["add_command"]

_SNAKEFILE = Path(__file__).resolve().parents[3] / "Snakefile"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    plan = commands.add_parser("plan", help="what a run will take, from the records of earlier runs; runs nothing")
    plan.add_argument("targets", nargs="*", help="files that are wanted; default: the report")
    plan.add_argument("--configfile", type=Path, help="default: config/config.yaml in the folder of the run")
    plan.add_argument("--directory", type=Path, default=Path(), help="folder of the run; default: this one")
    plan.add_argument("--snakefile", type=Path, default=_SNAKEFILE, help="default: that of this checkout")
    plan.add_argument(
        "--records",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="folders of earlier runs, beside the folder of the run itself",
    )
    plan.add_argument("--forceall", action="store_true", help="count jobs whose results are there already, too")
    plan.add_argument(
        "--other-settings", action="store_true", help="use records made with other settings, or that do not say theirs"
    )
    plan.add_argument("--cores", type=int, nargs="+", default=[], help="bounds of the wall time on so many cores")
    plan.add_argument("--gpus", type=int, default=1, help="GPUs beside them; default: 1")
    plan.add_argument(
        "--job-overhead-s", type=float, default=0.0, help="time of a job before its work begins, s; default: 0"
    )
    plan.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    plan = plan_jobs(
        snakefile=args.snakefile,
        folder=args.directory,
        configfile=args.configfile,
        targets=args.targets,
        forceall=args.forceall,
    )
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
