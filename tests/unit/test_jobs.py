"""What a job says, to whom, and how it ends. Each job is a process of its own: it swaps file descriptors."""

import subprocess
import sys
from pathlib import Path

import pytest

IMPORTS = "import os, sys\nfrom wellspring.errors import InputError\nfrom wellspring.jobs import logged_job, notify\n"
START = f"{IMPORTS}with logged_job(sys.argv[1]):\n    "


def job(log: Path, body: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `body` in a logged job."""
    command = [sys.executable, "-c", START + body, str(log)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_everything_printed_goes_to_the_log_in_order(tmp_path: Path) -> None:
    body = "print('one', flush=True); os.write(2, b'two\\n'); print('three', file=sys.stderr); print('four')"
    result = job(tmp_path / "deep" / "A1.log", body)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "deep" / "A1.log").read_text(encoding="utf-8") == "one\ntwo\nthree\nfour\n"


def test_what_is_told_reaches_the_terminal_and_the_log(tmp_path: Path) -> None:
    result = job(tmp_path / "A1.log", "notify('epoch 1'); print('detail')\nprint('after')\nnotify('end')")
    assert result.stderr == "epoch 1\nend\n"
    assert result.stdout == "after\n"
    assert (tmp_path / "A1.log").read_text(encoding="utf-8") == "epoch 1\ndetail\n"


def test_a_full_disk_under_the_log_does_not_hide_the_message() -> None:
    result = job(Path("/dev/full"), "notify('epoch 1'); raise InputError('x.npy: expected whole numbers.')")
    assert result.returncode == 1
    assert result.stderr.startswith("epoch 1\nERROR /dev/full: x.npy: expected whole numbers.\n")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("folder", ["logs", "part/logs", "/logs/logs"])
def test_bad_input_ends_in_one_message_and_exit_code_1(tmp_path: Path, folder: str) -> None:
    body = "raise InputError('x.npy: expected whole numbers.')"
    index = f"{tmp_path}{folder}" if folder.startswith("/") else folder
    result = job(Path(f"{index}/cells_crop/p/A1.log"), body, cwd=tmp_path)
    assert result.returncode == 1
    details = f"      (details: {index}/cells_crop/p/A1.log)"
    assert result.stderr == f"ERROR cells_crop/p/A1: x.npy: expected whole numbers.\n{details}\n"
    log = (tmp_path / index / "cells_crop/p/A1.log").read_text(encoding="utf-8")
    assert log.startswith("Traceback")
    assert "InputError: x.npy" in log


def test_an_error_of_the_system_is_told_in_words(tmp_path: Path) -> None:
    ours = job(Path("a.log"), "raise OSError(28, 'w.arrow: could not be written.')", cwd=tmp_path)
    theirs = job(Path("b.log"), "open('/nowhere/at/all')", cwd=tmp_path)
    assert ours.stderr.splitlines()[0] == "ERROR a: w.arrow: could not be written."
    assert theirs.stderr.splitlines()[0] == "ERROR b: [Errno 2] No such file or directory: '/nowhere/at/all'"
    assert (ours.returncode, theirs.returncode) == (1, 1)


@pytest.mark.parametrize(("body", "name"), [("[][1]", "IndexError"), ("int('x')", "ValueError")])
def test_a_defect_is_in_the_log_and_on_the_terminal(tmp_path: Path, body: str, name: str) -> None:
    result = job(tmp_path / "A1.log", body)
    assert result.returncode == 1
    assert name in (tmp_path / "A1.log").read_text(encoding="utf-8")
    assert "Traceback" in result.stderr
    assert "ERROR" not in result.stderr


def test_outside_a_job_telling_goes_to_standard_error() -> None:
    code = "from wellspring.jobs import notify; notify('hello')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "hello\n")
