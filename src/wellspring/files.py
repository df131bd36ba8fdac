"""Writing files so that they are complete or absent, and saying clearly when that fails."""

import errno
import fcntl
import glob
import os
import re
import shutil
import socket
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wellspring.errors import InputError

__all__ = [
    "as_readable",
    "inert_text",
    "is_of_well",
    "locked",
    "new_folder",
    "replaced_when_whole",
    "restored_text",
    "temporary_beside",
]


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield the name of a folder to make next to `folder`; rename it to `folder` when the block ends without an error.

    On any error, interruption included, what was made is removed, and `folder` is as it was.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: expected a new or empty folder, but it is in use. Remove it or name another.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = temporary_beside(folder)
    try:
        yield building
        building.replace(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def replaced_when_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name next to `path`; rename it to `path` when the block ends without an error.

    The temporary name keeps the suffixes of `path`, so writers that look at the suffix work. Several names written
    in one job are each complete or absent. On any error, interruption included, the temporary file is removed and
    `path` is left as it was. The name holds the process and its host, since two nodes that share a file system may
    have processes of the same number. What a killed job left behind under such a name, on any host, is removed first:
    one job writes a path at a time.

    Raises
    ------
    OSError
        When the disk is full or a quota is reached, with the file's name and the remedy.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".*@*@{glob.escape(path.name)}"):
        # Not those of a path whose name ends in the same way.
        if re.fullmatch(rf"\.\d+@[^@]*@{re.escape(path.name)}", left.name):
            left.unlink(missing_ok=True)
    temporary = temporary_beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OSError(
                error.errno,
                f"{path}: could not be written: {os.strerror(error.errno)}. "
                "Nothing was left behind. Free space or raise the quota, then run again.",
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """The name under which this process writes `path`: hidden, in the same folder, with the same suffixes."""
    return path.with_name(f".{os.getpid()}@{_host()}@{path.name}")


def _host() -> str:
    return socket.gethostname().split(".")[0]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` in the block: one process at a time is in there. The lock ends with the process.

    On a file system without locks the block runs all the same.

    Raises
    ------
    OSError
        When another process holds the lock, with its number, its host and the remedy.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise OSError(
                errno.EBUSY,
                f"{path}: expected no other process at work here, but process {file.read().strip()} is, left over "
                "perhaps from a run that was killed. End it, or let it finish, then run again.",
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
                raise
        file.truncate(0)
        file.write(f"{os.getpid()} on {_host()}")
        file.flush()
        yield


@contextmanager
def as_readable(path: Path, *, expected: str) -> Iterator[None]:
    """Turn the errors of a reader into one `ValueError` that names the file, what was expected and what came.

    Raises
    ------
    FileNotFoundError
        When `path` does not exist.
    ValueError
        When the block raises `ValueError`, `OSError`, `EOFError`, `KeyError`, or an error of a damaged archive,
        while reading `path`.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: expected {expected}, but there is no such file. Check the path in the sheet or the config."
        )
    try:
        yield
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError) and str(error).startswith(f"{path}: "):
            # It has all that a message needs.
            raise
        raise InputError(
            f"{path}: expected {expected}, but it cannot be read ({error}). Copy the file again from its source."
        ) from error


_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def inert_text(text: Any) -> Any:
    """A text for a CSV file, with an apostrophe in front where a spreadsheet would run it as a formula.

    Such a text begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break, and is no number. One that begins with
    apostrophes and such a sign has one more, so that `restored_text` has it again. What is no text stays as it is.
    """
    is_formula = isinstance(text, str) and _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def restored_text(text: Any) -> Any:
    """The text that `inert_text` was given."""
    is_marked = isinstance(text, str) and text.startswith("'") and _FORMULA.match(text)
    return text[1:] if is_marked else text


_ENDINGS = re.compile(r"(\.[A-Za-z]\w*)+")


def is_of_well(path: Path, *, plate: str, well: str) -> bool:
    """Whether a path is that of a file of the well: ``plate/well.ending``, or several endings such as ``.ome.tif``.

    An ending begins with a letter, so that a well ``A01.2`` is not taken for a file of ``A01``.
    """
    rest = path.name[len(well) :]
    return path.parent.name == plate and path.name.startswith(well) and _ENDINGS.fullmatch(rest) is not None
