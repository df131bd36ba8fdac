"""Fetch the public images that the benchmarks and `make real` use: ``python bench/download.py FOLDER``.

The files, their repositories, commits and sizes are in resources/datasets.tsv. A file that is there with the right
size is not fetched again, so a run that was stopped is continued by running it again.
"""

import argparse
import csv
import sys
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote

from wellspring.files import replaced_when_whole

__all__ = ["RemoteFile", "fetch", "main", "read_table"]

TABLE = Path(__file__).parents[1] / "resources" / "datasets.tsv"
SOURCE = "https://raw.githubusercontent.com"

_TIMEOUT_S = 60
_CHUNK = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """A file of a set, and where it comes from: repository (owner/name), commit, path there, size in bytes."""

    set: str
    file: str
    repository: str
    commit: str
    path: str
    size_bytes: int


def read_table(path: Path = TABLE, *, sets: Sequence[str] = ()) -> list[RemoteFile]:
    """The files of the sets named; of all sets when none is.

    Raises
    ------
    ValueError
        When the table has no such set.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    known = sorted({row["set"] for row in rows})
    unknown = sorted(set(sets) - set(known))
    if unknown:
        raise ValueError(f"{path}: no set {unknown}; expected some of {known}.")
    chosen = [row for row in rows if not sets or row["set"] in sets]
    return [
        RemoteFile(row["set"], row["file"], row["repository"], row["commit"], row["path"], int(row["size_bytes"]))
        for row in chosen
    ]


def fetch(files: Iterable[RemoteFile], folder: Path, *, source: str = SOURCE) -> int:
    """Fetch what is missing in `folder` (as ``<set>/<file>``); return the number of files fetched.

    Raises
    ------
    OSError
        When a file cannot be fetched; those fetched before stay.
    ValueError
        When a file arrives in another size than expected; nothing of it is kept.
    """
    n_fetched = 0
    for file in files:
        target = folder / file.set / file.file
        if target.is_file() and target.stat().st_size == file.size_bytes:
            continue
        _fetch_one(file, target, source=source)
        n_fetched += 1
        print(target, flush=True)
    return n_fetched


def _fetch_one(file: RemoteFile, target: Path, *, source: str) -> None:
    url = f"{source}/{file.repository}/{file.commit}/{quote(file.path)}"
    with replaced_when_whole(target) as temporary:
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, temporary.open("wb") as copy:
                while chunk := answer.read(_CHUNK):
                    copy.write(chunk)
        except (URLError, TimeoutError, ConnectionError) as error:
            raise OSError(f"{url}: could not be fetched ({error}). Check the network, then run again.") from error
        size = temporary.stat().st_size
        if size != file.size_bytes:
            raise ValueError(f"{url}: expected {file.size_bytes} bytes, got {size}. Run again; nothing of it was kept.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the sets named on the command line; return 0, or 1 after one line on standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to put the sets; give it to make as WELLSPRING_DATA")
    parser.add_argument("--set", action="append", default=[], dest="sets", help="only this set (may be repeated)")
    parser.add_argument("--source", default=SOURCE, help="a mirror of %(default)s")
    args = parser.parse_args(arguments)
    try:
        files = read_table(sets=args.sets)
        n_fetched = fetch(files, args.folder, source=args.source)
    except (ValueError, OSError) as error:
        print(f"download: {error}", file=sys.stderr)
        return 1
    print(f"{args.folder}: {n_fetched} files fetched, {len(files) - n_fetched} were there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
