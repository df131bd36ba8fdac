"""What a run prints of Snakemake's events, and what it says of failed wells at its end."""

import io
import logging
from pathlib import Path
from typing import Any

from wellspring.terminal import (
    FailedJob,
    JobWatch,
    Terminal,
    failures_text,
    left_out_text,
    reason_of_log,
    shown_on_terminal,
)


class _Run:
    """A logger as Snakemake sets it up, a clock, and what is printed."""

    def __init__(self, *, is_asked: bool = True, is_dry_run: bool = False) -> None:
        self.logger = logging.Logger("run")
        self.printed, self.seconds = io.StringIO(), 0.0
        printing = logging.StreamHandler(self.printed)
        printing.name = "DefaultStreamHandler"
        self.logger.addHandler(printing)
        self.watch = shown_on_terminal(self.logger, is_asked=is_asked, is_dry_run=is_dry_run)
        (terminal,) = [one for one in self.logger.handlers if not isinstance(one, JobWatch)]
        if isinstance(terminal, Terminal):
            terminal._clock, terminal._begin = lambda: self.seconds, 0.0

    def event(self, kind: str, **fields: Any) -> None:
        self.logger.info(fields.pop("text", kind), extra={"event": kind, **fields})

    @property
    def lines(self) -> list[str]:
        return self.printed.getvalue().splitlines()


def _start(run: _Run, number: int, well: str) -> None:
    message = f"Segmenting the nuclei of well P/{well}"
    wildcards = {"plate": "P", "well": well}
    run.event("job_info", jobid=number, rule_name="segmentation_nuclei", rule_msg=message, wildcards=wildcards)


def test_noise_is_not_printed_and_the_unknown_is() -> None:
    run = _Run()
    for text in (
        "Building DAG of jobs...",
        "\nSelect jobs to execute...",
        "Provided cores: 2",
        "Elapsed time: 0:00:01",
    ):
        run.logger.info(text)
    run.event("shellcmd", text="rm -r /")
    run.logger.info("3 jobs have missing provenance/metadata so that it in part cannot be used")
    run.logger.error("RuleException:\nCalledProcessError in file x, line 81:\nCommand ...")
    run.event("error", text="RuleException:\nCalledProcessError in file x, line 81:\nCommand ...")
    assert run.lines == []
    run.logger.info("Nothing to be done")
    run.logger.error("The disk is full")
    assert run.lines == ["Nothing to be done", "The disk is full"]


def test_progress_names_a_well_and_the_time_left_once_in_ten_seconds() -> None:
    run = _Run()
    run.event("run_info", stats={"total": 40}, text="Job stats:\n...")
    _start(run, 1, "A01")
    _start(run, 2, "A02")
    run.event("progress", done=1, total=40)
    run.seconds = 5
    run.event("progress", done=2, total=40)
    run.event("job_finished", job_id=2)
    run.seconds = 60
    run.event("progress", done=10, total=40)
    run.event("job_finished", job_id=1)
    run.event("progress", done=40, total=40)
    assert run.lines == [
        "40 jobs to do",
        "1 of 40 jobs done (2 %); now: Segmenting the nuclei of well P/A02 (+1 more)",
        # 10 jobs took 60 s, so 30 take 180 s.
        "10 of 40 jobs done (25 %), about 3 min left; now: Segmenting the nuclei of well P/A01",
        "40 of 40 jobs done (100 %)",
    ]


def test_a_job_that_fails_and_then_ends_well_has_not_failed() -> None:
    run = _Run()
    _start(run, 1, "A01")
    run.event("job_error", jobid=1, rule_name="segmentation_nuclei", log=["logs/x.log"])
    assert run.lines == ["FAILED segmentation_nuclei of P/A01; log: logs/x.log"]
    assert [job.well for job in run.watch.failed.values()] == ["P/A01"]
    run.event("job_finished", job_id=1)
    assert run.watch.failed == {}


def test_a_dry_run_shows_the_table_of_jobs() -> None:
    run = _Run(is_dry_run=True)
    run.event("run_info", stats={}, text="Job stats:\njob count")
    assert run.lines == ["Job stats:", "job count"]


def test_whoever_asks_for_snakemakes_words_gets_them() -> None:
    run = _Run(is_asked=False)
    run.logger.info("Building DAG of jobs...")
    _start(run, 1, "A01")
    assert run.lines == ["Building DAG of jobs...", "job_info"]
    assert list(run.watch.running) == [1]


def test_without_snakemakes_own_handler_printing_stays_as_it_is() -> None:
    logger = logging.Logger("other")
    shown_on_terminal(logger, is_asked=True, is_dry_run=False)
    assert [type(one) for one in logger.handlers] == [JobWatch]


def _log(folder: Path, text: str) -> Path:
    """A log as `logged_job` leaves it; the workflow's tests have real ones."""
    details = f"\n      (details: {folder})" if "ERROR" in text else ""
    (folder / "a.log").write_text(f"before\n{text}{details}\n", encoding="utf-8")
    return folder / "a.log"


def test_the_reason_is_the_message_in_the_log(tmp_path: Path) -> None:
    log = _log(tmp_path, "Traceback ...\nERROR raw_describe/P/A01: a.tif: it is truncated.\nCopy it again.")
    assert reason_of_log(log) == "a.tif: it is truncated. Copy it again."


def test_the_reason_of_a_defect_is_its_last_line_and_of_a_killed_job_that_it_said_nothing(tmp_path: Path) -> None:
    log = _log(tmp_path, "Traceback (most recent call last):\n  ...\nKeyError: 'site'")
    assert reason_of_log(log) == "KeyError: 'site'"
    log.write_text("half way\n", encoding="utf-8")
    assert reason_of_log(log) == reason_of_log(None) == reason_of_log(tmp_path / "none.log")
    assert "killed" in reason_of_log(None)


def test_failed_wells_are_listed_with_reasons_and_the_reports_path(tmp_path: Path) -> None:
    log = _log(tmp_path, "ERROR raw_describe/P/A01: a.tif: truncated.")
    failed = [
        FailedJob("spots_detect", {"plate": "P", "well": "B01"}, None),
        FailedJob("raw_describe", {"plate": "P", "well": "A01"}, log),
        FailedJob("raw_channels", {}, None),
    ]
    text = failures_text(failed, report=tmp_path / "report.html", is_leaving_out=False)
    lines = text.splitlines()
    assert lines[:3] == ["2 wells failed:", f"  P/A01: a.tif: truncated. ({log})", f"  P/B01: {reason_of_log(None)}"]
    assert lines[3:5] == ["Other jobs failed:", f"  raw_channels: {reason_of_log(None)}"]
    assert lines[5] == f"Report: {tmp_path / 'report.html'} (not written, since jobs failed)"
    assert "raw.bad_wells: leave_out" in lines[6]
    (tmp_path / "report.html").touch()
    again = failures_text(failed[2:], report=tmp_path / "report.html", is_leaving_out=True)
    assert "earlier run" in again
    assert "leave_out" not in again


def test_left_out_wells_are_listed(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert left_out_text({}, report=report) == ""
    report.touch()
    text = left_out_text({"P/A01": "a.tif: truncated."}, report=report)
    assert text.splitlines() == ["1 well was left out:", "  P/A01: a.tif: truncated.", f"Report: {report}"]
    many = {f"P/{n}": "x" for n in range(32)}
    assert left_out_text(many, report=report).splitlines()[-2] == "  (+2 more)"
