"""What every workflow script does around its work: its log, its one clear message when the input is bad."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from wellspring.errors import InputError

__all__ = ["device_of_log", "log_device", "logged_job", "notify"]


_STANDARD_ERROR = 2
_NO_MEMORY = "there is not enough memory for this job. Give it more (mem_mb, in the profile), or cut images into sites."
_DEVICE = "computing on: "
_TERMINAL: ContextVar[int] = ContextVar("terminal", default=_STANDARD_ERROR)


def notify(message: str) -> None:
    """Print one line to the person who watches: to the terminal and the log in a logged job, else standard error."""
    terminal = _TERMINAL.get()
    os.write(terminal, f"{message}\n".encode())
    if terminal != _STANDARD_ERROR:
        # The terminal has it; a full disk must not make an error of the copy in the log.
        with suppress(OSError):
            print(message, flush=True)


def log_device(name: str) -> None:
    """Say in the job's log what it computes on; `device_of_log` finds it there."""
    print(f"{_DEVICE}{name}", flush=True)


def device_of_log(log: Path) -> str | None:
    """What a job computed on: ``CPU``, or ``GPU`` and its model. None where the log is gone or does not say."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((line.removeprefix(_DEVICE) for line in lines if line.startswith(_DEVICE)), None)


@contextmanager
def logged_job(log: str | Path) -> Iterator[None]:
    """Send standard output and error, C libraries' included, to `log`; end on bad input with one clear message.

    `InputError` and `OSError` (so `FileNotFoundError` too) are what the user can mend: the message goes
    to the terminal, the traceback to the log, and the process exits with 1. Other errors are defects: their
    traceback goes to the log too, and they pass through unchanged.
    """
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    terminal, output = os.dup(2), os.dup(1)
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    token = _TERMINAL.set(terminal)
    try:
        yield
    except (InputError, OSError) as error:
        with suppress(OSError):
            traceback.print_exc()
        notify(f"ERROR {_job_of(log)}: {_words(error)}\n      (details: {log})")
        raise SystemExit(1) from None
    except MemoryError as error:
        with suppress(OSError):
            traceback.print_exc()
        notify(f"ERROR {_job_of(log)}: {_NO_MEMORY} {error}\n      (details: {log})")
        raise SystemExit(1) from None
    except BaseException:
        with suppress(OSError):
            traceback.print_exc()
        raise
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os.dup2(output, 1)
        os.dup2(terminal, 2)
        _TERMINAL.reset(token)
        os.close(output)
        os.close(terminal)


def _job_of(log: Path) -> str:
    """Rule and wildcards, as the log's path has them below the folder ``logs``, wherever that is."""
    return log.with_suffix("").as_posix().rpartition("logs/")[2]


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return error.strerror
    return str(error)
