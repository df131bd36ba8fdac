"""Which sites of a plate are left out, in a file that is read while the workflow is planned: standard library only."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole

__all__ = ["left_out_of_well", "write_left_out"]


def write_left_out(path: Path, sites: Mapping[str, Sequence[str]], *, plate: str) -> None:
    """Write to `path` (JSON) the sites of `plate` that are left out, by well; a well without any has an empty list."""
    found = {"plate": plate, "left_out": {well: sorted(own) for well, own in sorted(sites.items())}}
    with replaced_when_whole(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def left_out_of_well(path: Path, *, plate: str, well: str) -> list[str]:
    """Names of the sites of a well that are left out, sorted, from what `write_left_out` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, is none of this kind, or does not have the well.
    """
    with as_readable(path, expected="the sites that are left out of a plate"):
        found = json.loads(path.read_text(encoding="utf-8"))
        is_such = isinstance(found, dict) and isinstance(found.get("left_out"), dict)
        if not is_such or found.get("plate") != plate or well not in found["left_out"]:
            raise InputError(
                f"{path}: expected the sites of {plate} / {well} that are left out, got none of this well. Run "
                "snakemake with --forcerun quality_flag."
            )
        return [str(name) for name in found["left_out"][well]]
