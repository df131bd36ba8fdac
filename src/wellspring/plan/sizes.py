"""How large the wells and runs of a folder are: counted where results are there, estimated where they are not."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wellspring.plan.workflow import Plan
from wellspring.raw.describe import describe_well
from wellspring.raw.files import well_files
from wellspring.raw.index import WellIndex
from wellspring.stage import raw_block

__all__ = ["Densities", "FolderSizes", "WellSize", "densities", "planned_sizes", "recorded_sizes"]

Key = tuple[str, str]
RunKey = tuple[str, str, str]


@dataclass(frozen=True)
class WellSize:
    """What is known of a well; None: not known.

    Attributes
    ----------
    form : str
        Raw format, mpm or tiff.
    n_channels, n_files : int or None
    n_values : float or None
        Intensities in its raw files.
    n_sites : float or None
        Fields of view; 1 for a table of pixels.
    n_cells, n_chosen : float or None
        Cells that were cropped or measured; those of them that filter and selection left.
    """

    form: str
    n_channels: int | None
    n_files: int | None
    n_values: float | None
    n_sites: float | None = None
    n_cells: float | None = None
    n_chosen: float | None = None

    @property
    def n_px(self) -> float | None:
        """Pixels of one channel, over all sites and planes."""
        return None if self.n_values is None or not self.n_channels else self.n_values / self.n_channels


@dataclass(frozen=True)
class FolderSizes:
    """Sizes of everything in one folder of a run.

    Attributes
    ----------
    folder : Path
    wells : dict of (plate, well) to WellSize
    epochs : dict of (model, regime, seed) to (int, float)
        Epochs that a training took, and the seconds of all of them together.
    explained : dict of (model, regime, seed) to int
        Cells that were explained.
    shares : dict of str to float
        Fractions of the cells in train, validation and test, of a run that is planned.
    notes : tuple of str
        What could not be found out, one line each.
    """

    folder: Path
    wells: Mapping[Key, WellSize]
    epochs: Mapping[RunKey, tuple[int, float]] = field(default_factory=dict)
    explained: Mapping[RunKey, int] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def total(self, name: str, *, plate: str | None = None) -> float | None:
        """Sum of a size over all wells, or those of one plate; None where one is not known, or there are no wells."""
        found = [getattr(well, name) for key, well in self.wells.items() if plate in (None, key[0])]
        return None if not found or any(value is None for value in found) else float(sum(found))

    @property
    def n_channels(self) -> int | None:
        """Channels of every well; None where wells differ or it is not known."""
        found = {well.n_channels for well in self.wells.values()}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class _Opened:
    """A well of which the headers were read, and the bytes of its files."""

    well: WellIndex
    n_bytes: int


@dataclass(frozen=True)
class Densities:
    """What wells without results are estimated by, for one raw format.

    Attributes
    ----------
    cells_per_px : float
        Cells per pixel of a channel.
    chosen_per_cell : float or None
        Share of the cells that filter and selection leave.
    n_wells : int
        Wells that were counted.
    """

    cells_per_px: float
    chosen_per_cell: float | None
    n_wells: int


def recorded_sizes(folder: Path) -> FolderSizes:
    """Sizes as the results in `folder` say them; what is damaged or of an older version is not known."""
    results = folder / "results"
    wells = {}
    for path in sorted((results / "raw").glob("*/*.json")):
        size = _described(path)
        if size is not None:
            wells[(path.parent.name, path.stem)] = _counted(size, results=results, key=(path.parent.name, path.stem))
    return FolderSizes(folder, wells, _epochs(results / "training"), _explained(results / "attribution"))


def densities(folders: Iterable[FolderSizes], *, form: str) -> Densities | None:
    """Cells per pixel over all wells of the format `form` that were counted; None where there is none."""
    wells = [well for sizes in folders for well in sizes.wells.values() if well.form == form]
    counted = [well for well in wells if well.n_px and well.n_cells is not None]
    chosen = [well for well in counted if well.n_chosen is not None]
    if not counted:
        return None
    n_cells = sum(well.n_cells or 0 for well in chosen)
    share = sum(well.n_chosen or 0 for well in chosen) / n_cells if n_cells else None
    per_px = sum(well.n_cells or 0 for well in counted) / sum(well.n_px or 0 for well in counted)
    return Densities(per_px, share, len(counted))


def planned_sizes(plan: Plan, *, folder: Path, records: Sequence[FolderSizes]) -> FolderSizes:
    """Sizes of the wells of the sheet.

    A well that was described, and is not to be described again, counts as it was. Of the others of a plate one is
    opened; the rest have as many intensities per byte as that one. Cells of wells that were not cropped yet follow from
    their pixels and the wells of `records`.
    """
    stale = {job.task.well for job in plan.jobs if job.task.rule == "raw_describe"}
    known = {key: size for key, size in recorded_sizes(folder).wells.items() if key not in stale}
    notes: list[str] = []
    raw = raw_block(plan.config)
    by_plate: dict[str, dict[Key, Path]] = {}
    for key, path in plan.wells.items():
        if key not in known:
            by_plate.setdefault(key[0], {})[key] = folder / path
    found = {key: known[key] for key in plan.wells if key in known}
    for plate, paths in by_plate.items():
        opened, note = _opened(paths, raw=raw)
        found |= _by_bytes(paths, raw=raw, opened=opened)
        notes += [f"plate {plate}: {note}"] if note else []
    density = densities(records, form=raw["format"])
    wells = {key: _with_cells(found[key], density) for key in plan.wells}
    split = plan.config["dataset"]["split"]
    shares = {name: float(split[name]) for name in ("train", "validation")}
    return FolderSizes(folder, wells, shares={**shares, "test": 1 - sum(shares.values())}, notes=tuple(notes))


def _described(path: Path) -> WellSize | None:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        n_sites = float(read["n_sites"] or 1)
        return WellSize(
            str(read["format"]), len(read["channels"]), int(read["n_files"]), float(read["n_values"]), n_sites
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _counted(size: WellSize, *, results: Path, key: Key) -> WellSize:
    plate, well = key
    folders = (results / "cells" / "crops", results / "cells")
    counts = (_rows(folder / plate / f"{well}.parquet") for folder in folders)
    n_cells = next((count for count in counts if count is not None), None)
    return replace(size, n_cells=n_cells, n_chosen=_rows(results / "dataset" / plate / f"{well}.parquet"))


def _rows(path: Path) -> int | None:
    """Rows of a Parquet file, from its last bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return None


def _run_key(path: Path) -> RunKey:
    model, regime, seed = path.parts[-4:-1]
    return model, regime, seed


def _epochs(training: Path) -> dict[RunKey, tuple[int, float]]:
    found = {}
    for path in sorted(training.glob("*/*/*/history.csv")):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if seconds:
            found[_run_key(path)] = (len(seconds), sum(seconds))
    return found


def _explained(attribution: Path) -> dict[RunKey, int]:
    rows = {_run_key(path): _rows(path) for path in sorted(attribution.glob("*/*/*/completeness.parquet"))}
    return {key: n_rows for key, n_rows in rows.items() if n_rows}


def _opened(paths: Mapping[Key, Path], *, raw: Mapping[str, Any]) -> tuple[_Opened | None, str]:
    """One well of a plate, the first that is not empty, and what is wrong where none can be opened."""
    for (plate, well), path in paths.items():
        n_bytes = _n_bytes(path, well=well, raw=raw)
        if n_bytes:
            try:
                return _Opened(describe_well(path, plate=plate, well=well, raw=raw), n_bytes), ""
            except (ValueError, OSError) as error:
                return None, f"the size of {len(paths)} wells is not known, well {well} cannot be opened: {error}"
    return None, f"the size of {len(paths)} wells is not known, their files are empty"


def _n_bytes(path: Path, *, well: str, raw: Mapping[str, Any]) -> int:
    return sum(file.stat().st_size for file in well_files(path, well=well, raw=raw))


def _by_bytes(paths: Mapping[Key, Path], *, raw: Mapping[str, Any], opened: _Opened | None) -> dict[Key, WellSize]:
    """Sizes of the wells of one plate by their bytes, one of which was opened; an empty one has no known size."""
    found = {}
    for key, path in paths.items():
        files = well_files(path, well=key[1], raw=raw)
        n_bytes = sum(file.stat().st_size for file in files)
        n_values = opened.well.n_values * n_bytes / opened.n_bytes if opened and n_bytes else None
        n_channels = len(opened.well.channels) if opened else None
        n_sites = (opened.well.n_sites or 1) * len(files) / opened.well.n_files if opened else None
        found[key] = WellSize(raw["format"], n_channels, len(files), n_values, n_sites)
    return found


def _with_cells(well: WellSize, density: Densities | None) -> WellSize:
    if well.n_cells is None and density and well.n_px is not None:
        well = replace(well, n_cells=well.n_px * density.cells_per_px)
    if well.n_chosen is None and density and density.chosen_per_cell is not None and well.n_cells is not None:
        well = replace(well, n_chosen=well.n_cells * density.chosen_per_cell)
    return well
