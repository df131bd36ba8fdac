"""What a run prints: what it is at, how far it is, what failed and why. Snakemake's own messages go to its log.

Snakemake hands every message to the handlers of one logger. `Terminal` takes the place of the handler that prints, so
the log file, other loggers and clusters are left as they are; without it a run prints what Snakemake prints.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["FailedJob", "JobWatch", "Terminal", "failures_text", "left_out_text", "reason_of_log", "shown_on_terminal"]

# Snakemake's handler that prints.
_PRINTING = "DefaultStreamHandler"
# Its messages that say nothing to who watches; what is not listed is printed.
_NOISE = (
    "Assuming unrestricted shared filesystem",
    "Building DAG of jobs",
    "Complete log",
    "Conda environments:",
    "Creating report",
    "Elapsed time:",
    "Execute ",
    "Exiting because a job execution failed",
    "Group jobs: inactive",
    "Job stats:",
    "Provided ",
    "RuleException:\nCalledProcessError",
    "Rules claiming more threads",
    "Rules with ",
    "Select jobs to execute",
    "Shutting down, this might take some time",
    "Singularity containers:",
    "Some jobs were triggered by provenance",
    "Using shell:",
    "host:",
)
_IS_ABOUT_METADATA = re.compile(r"\d+ jobs have (missing|outdated) provenance")
_SECONDS_BETWEEN = 10.0
# Less says nothing of what is left.
_LEAST_SECONDS, _LEAST_JOBS = 20.0, 3
_UNSAID = "it ended without a message: it was killed, or memory or time ran out"
_MOST_NAMED = 30


@dataclass(frozen=True)
class FailedJob:
    """A job that failed: its rule, its wildcards (plate and well, where it is of one), its log."""

    rule: str
    wildcards: Mapping[str, str]
    log: Path | None

    @property
    def well(self) -> str | None:
        """Plate and well; None of a job of several wells."""
        names = [self.wildcards[name] for name in ("plate", "well") if name in self.wildcards]
        return "/".join(names) if len(names) == 2 else None


class JobWatch(logging.Handler):
    """Remembers which jobs run and which failed, from the events of Snakemake's log; prints nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.running: dict[Any, str] = {}
        self.started: dict[Any, Mapping[str, str]] = {}
        self.failed: dict[Any, FailedJob] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of one event."""
        found = record.__dict__
        match str(found.get("event")):
            case "job_info":
                self.started[found["jobid"]] = dict(found.get("wildcards") or {})
                self.running[found["jobid"]] = found.get("rule_msg") or found["rule_name"]
            case "job_finished":
                # Killed jobs may be started again, and end well.
                self.running.pop(found["job_id"], None)
                self.failed.pop(found["job_id"], None)
            case "job_error":
                self.running.pop(found["jobid"], None)
                logs = [Path(file) for file in found.get("log") or ()]
                job = FailedJob(found["rule_name"], self.started.get(found["jobid"], {}), logs[0] if logs else None)
                self.failed[found["jobid"]] = job


class Terminal(logging.StreamHandler[Any]):
    """Prints what concerns who watches a run.

    Parameters
    ----------
    printing
        Snakemake's handler, whose stream and words it takes over for messages that it does not know.
    watch
        Of the same logger, before this handler.
    is_dry_run
        Then nothing runs, and the table of jobs is what one wants to see.
    clock
        Seconds.
    """

    def __init__(
        self,
        printing: "logging.StreamHandler[Any]",
        watch: JobWatch,
        *,
        is_dry_run: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(printing.stream)
        self.setFormatter(printing.formatter)
        self._watch, self._is_dry_run, self._clock = watch, is_dry_run, clock
        self._begin = clock()
        self._printed = -_SECONDS_BETWEEN

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record, or its short form, or nothing."""
        text = self._words(record)
        if text:
            self.stream.write(f"{text}\n")
            self.flush()

    def _words(self, record: logging.LogRecord) -> str:
        event = str(record.__dict__.get("event"))
        if event == "None":
            text = self.format(record).strip("\n")
            return "" if text.startswith(_NOISE) or _IS_ABOUT_METADATA.match(text) else text
        if event == "progress":
            return self._progress(record.__dict__["done"], record.__dict__["total"])
        if event == "job_error":
            job = self._watch.failed.get(record.__dict__["jobid"])
            return "" if job is None else f"FAILED {job.rule}{f' of {job.well}' if job.well else ''}; log: {job.log}"
        if event == "run_info":
            return self.format(record) if self._is_dry_run else self._to_do(record.__dict__.get("stats"))
        text = self.format(record) if event in ("error", "debug_dag") else ""
        # That a script ended with an error is said by the job's own message.
        return "" if text.startswith("RuleException:\nCalledProcessError") else text

    def _to_do(self, stats: Any) -> str:
        n_jobs = stats.get("total") if isinstance(stats, dict) else None
        return f"{n_jobs:,} jobs to do" if isinstance(n_jobs, int) else ""

    def _progress(self, done: int, total: int) -> str:
        now = self._clock()
        if now - self._printed < _SECONDS_BETWEEN and done < total:
            return ""
        self._printed = now
        running = list(self._watch.running.values())
        more = f" (+{len(running) - 1} more)" if len(running) > 1 else ""
        what = f"; now: {running[-1]}{more}" if running else ""
        share = f"{done:,} of {total:,} jobs done ({100 * done // max(total, 1)} %)"
        return f"{share}{_time_left(now - self._begin, done=done, total=total)}{what}"


def _time_left(elapsed_s: float, *, done: int, total: int) -> str:
    """As long as the jobs that are done took on average, times those left: jobs differ, so it is a rough figure."""
    if elapsed_s < _LEAST_SECONDS or done < _LEAST_JOBS or done >= total:
        return ""
    left_s = elapsed_s * (total - done) / done
    words = f"{left_s / 3600:.1f} h" if left_s >= 5400 else f"{max(1, round(left_s / 60))} min"
    return f", about {words} left"


def shown_on_terminal(logger: logging.Logger, *, is_asked: bool, is_dry_run: bool) -> JobWatch:
    """Watch the jobs of a run through Snakemake's `logger`, and, if asked, let `Terminal` print in place of Snakemake.

    Where Snakemake does not print by its own handler (another logger plugin does), printing stays as it is.
    """
    watch = JobWatch()
    logger.addHandler(watch)
    printing = next((one for one in logger.handlers if one.name == _PRINTING), None)
    if is_asked and isinstance(printing, logging.StreamHandler):
        logger.removeHandler(printing)
        terminal = Terminal(printing, watch, is_dry_run=is_dry_run)
        terminal.name = _PRINTING
        logger.addHandler(terminal)
    return watch


def reason_of_log(log: Path | None) -> str:
    """Why a job failed, in one line: the last message for the user in its log, else the last line of a traceback."""
    if log is None or not log.is_file():
        return _UNSAID
    text = log.read_text(encoding="utf-8", errors="replace")
    _, mark, message = f"\n{text}".rpartition("\nERROR ")
    if mark:
        words = message.partition("\n      (details:")[0]
        return " ".join(words.partition(": ")[2].split())
    lines = [line for line in text.splitlines() if line.strip()]
    if "Traceback (most recent call last):" in text and lines:
        return " ".join(lines[-1].split())
    return _UNSAID


def failures_text(failed: Sequence[FailedJob], *, report: Path, is_leaving_out: bool) -> str:
    """What failed and why, a line each, wells first; and where the report is.

    Parameters
    ----------
    failed
        Jobs that failed.
    report
        The page; it is of an earlier run where it is there, since this one did not come so far.
    is_leaving_out
        Whether wells that cannot be used are left out; else the text says that they can be.
    """
    wells: dict[str, list[FailedJob]] = {}
    for job in failed:
        wells.setdefault(job.well or "", []).append(job)
    others = wells.pop("", [])
    lines = [f"{len(wells)} well{'' if len(wells) == 1 else 's'} failed:"] if wells else []
    lines += [f"  {well}: {_line(jobs[0])}" for well, jobs in sorted(wells.items())[:_MOST_NAMED]]
    lines += [f"  (+{len(wells) - _MOST_NAMED} more)"] if len(wells) > _MOST_NAMED else []
    lines += ["Other jobs failed:"] if others else []
    lines += [f"  {job.rule}: {_line(job)}" for job in others[:_MOST_NAMED]]
    there = "the page of an earlier run" if report.is_file() else "not written, since jobs failed"
    lines.append(f"Report: {report} ({there})")
    if wells and not is_leaving_out:
        lines.append("To have a report without damaged wells: raw.bad_wells: leave_out in the config.")
    return "\n".join(lines)


def _line(job: FailedJob) -> str:
    where = f" ({job.log})" if job.log is not None else ""
    return f"{reason_of_log(job.log)}{where}"


def left_out_text(left_out: Mapping[str, str], *, report: Path) -> str:
    """Wells that were left out with their reasons, a line each, and where the report is."""
    lines = [f"{len(left_out)} well{' was' if len(left_out) == 1 else 's were'} left out:"] if left_out else []
    lines += [f"  {well}: {reason}" for well, reason in list(left_out.items())[:_MOST_NAMED]]
    lines += [f"  (+{len(left_out) - _MOST_NAMED} more)"] if len(left_out) > _MOST_NAMED else []
    return "\n".join([*lines, *([f"Report: {report}"] if report.is_file() else [])])
