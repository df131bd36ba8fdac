"""Resume files: what a job has done already, kept on disk a few cells, or other items, at a time."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps.integrated import PathIntegral
from wellspring.attribution.tables_of_run import CellSummary, Explanation
from wellspring.files import replaced_when_whole

__all__ = ["ExplainedCells", "ResumeArrays", "ResumeFiles"]

_SUMMARY = [field.name for field in fields(CellSummary)]
_INTEGRAL = [field.name for field in fields(PathIntegral)]


@dataclass(frozen=True)
class ExplainedCells:
    """The numbers of some cells in their order, and the maps of those that are shown, by their position."""

    summaries: Sequence[CellSummary]
    maps: Mapping[int, Explanation]


@dataclass(frozen=True)
class ResumeArrays:
    """A folder of arrays that are done; the caller's to remove once the results are in place.

    Attributes
    ----------
    folder : Path
    fingerprint : str
        Of everything that shapes the results. Files with another one are computed again.
    n_items : int
        Cells, or whatever is done one by one, per file; 1 or more.
    """

    folder: Path
    fingerprint: str
    n_items: int = 16

    def parts(self, n: int) -> Iterator[range]:
        """The parts of `n` items that have a file each, in order."""
        return (range(start, min(start + self.n_items, n)) for start in range(0, n, self.n_items))

    def read_arrays(self, part: range) -> dict[str, NDArray[Any]] | None:
        """What `write_arrays` kept; None where there is nothing of this fingerprint, or a damaged file."""
        try:
            with np.load(self._path(part), allow_pickle=False) as file:
                if str(file["fingerprint"]) != self.fingerprint:
                    return None
                return {name: file[name] for name in file.files if name != "fingerprint"}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def write_arrays(self, part: range, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep what was found for the items of `part`."""
        with replaced_when_whole(self._path(part)) as temporary:
            np.savez(temporary, allow_pickle=False, fingerprint=np.asarray(self.fingerprint), **arrays)

    def _path(self, part: range) -> Path:
        return self.folder / f"part_{part.start:06d}_{part.stop:06d}.npz"


@dataclass(frozen=True)
class ResumeFiles(ResumeArrays):
    """Files of what `ExplainedCells` holds."""

    def read(self, part: range) -> ExplainedCells | None:
        """What `write` kept, as `read_arrays`."""
        arrays = self.read_arrays(part)
        try:
            return None if arrays is None else _unpacked(arrays, n=len(part))
        except (KeyError, IndexError):
            return None

    def write(self, part: range, explained: ExplainedCells) -> None:
        """Keep what was found for the cells of `part`."""
        self.write_arrays(part, _packed(explained))


def _packed(explained: ExplainedCells) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        name: np.asarray([getattr(one, name) for one in explained.summaries]) for name in _SUMMARY
    }
    arrays["shown"] = np.asarray(list(explained.maps), dtype=np.int64)
    for number, one in explained.maps.items():
        arrays[f"score_{number}"], arrays[f"rescored_{number}"] = one.score, np.asarray(one.is_rescored)
        arrays |= {f"{name}_{number}": np.asarray(getattr(one.integral, name)) for name in _INTEGRAL}
    return arrays


def _unpacked(arrays: Mapping[str, NDArray[Any]], *, n: int) -> ExplainedCells:
    summaries = [
        CellSummary(
            shares=arrays["shares"][row],
            similar=arrays["similar"][row],
            prediction=float(arrays["prediction"][row]),
            baseline_prediction=float(arrays["baseline_prediction"][row]),
            attribution_sum=float(arrays["attribution_sum"][row]),
            steps=int(arrays["steps"][row]),
            is_complete=bool(arrays["is_complete"][row]),
            is_rescored=bool(arrays["is_rescored"][row]),
        )
        for row in range(n)
    ]
    maps = {}
    for number in arrays["shown"].tolist():
        parts: dict[str, Any] = {name: arrays[f"{name}_{number}"] for name in _INTEGRAL}
        integral = PathIntegral(**(parts | {"steps": int(parts["steps"])}))
        is_rescored = bool(arrays[f"rescored_{number}"])
        maps[number] = Explanation(integral, score=arrays[f"score_{number}"], is_rescored=is_rescored)
    return ExplainedCells(summaries, maps)
