"""The index of a plate: a row per image that the microscope recorded or planned, whatever its format.

A reader of a format turns the files that a microscope writes into one `PlateIndex`. Everything else (which images are
missing, which rows are those of a well, the Parquet file that it is kept in) is the same for all formats.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.raw.well_names import well_place

__all__ = ["COLUMNS", "PlateIndex", "completed", "images_table", "plate_notes", "read_plate_index", "write_plate_index"]

# Column to type. `file` is relative to the index's root; `page` is the plane in that file, counted from 0; `state` is
# empty for an image that can be read, else what is wrong; `x_um` and `y_um` are the field's centre, y growing downwards
# as rows of an image do.
COLUMNS = {
    "well": "str",
    "site": "str",
    "channel": "str",
    "z": "int64",
    "time": "int64",
    "file": "str",
    "page": "int64",
    "state": "str",
    "x_um": "float64",
    "y_um": "float64",
    "z_um": "float64",
    "pixel_size_um": "float64",
}
NOT_RECORDED = "not recorded"
_METADATA = b"wellspring.plate_index"


@dataclass(frozen=True, kw_only=True)
class PlateIndex:
    """What an index says of a plate.

    Attributes
    ----------
    format : str
        As in ``raw.format``.
    plate : str
        The plate's name, blanks around it stripped.
    root : str
        Folder that the files are relative to.
    images : DataFrame
        `COLUMNS`, sorted by well, site, channel, time and plane. Wells have canonical names (``C03``).
    channels : tuple of str
        In the order of the index.
    planned : tuple of str
        Wells that were to be imaged; empty where the index does not say.
    planned_sites : tuple of str
        Sites that every well was to have; empty where the index does not say.
    n_rows, n_columns : int or None
        Of the physical plate.
    wavelengths : dict of str to str
        Channel to excitation and emission in words, where known.
    notes : tuple of str
        What a user must know of the plate as a whole.
    """

    format: str
    plate: str
    root: str
    images: pd.DataFrame
    channels: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    planned_sites: tuple[str, ...] = ()
    n_rows: int | None = None
    n_columns: int | None = None
    wavelengths: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def times(self) -> tuple[int, ...]:
        """Numbers of the time points, ascending."""
        return tuple(sorted(self.images["time"].unique().tolist()))

    @cached_property
    def all_channels(self) -> tuple[str, ...]:
        """Those of the index in its order, then any that only rows name."""
        return tuple(dict.fromkeys([*self.channels, *self.images["channel"].unique()]))


def images_table(rows: dict[str, list[Any]], *, source: Path) -> pd.DataFrame:
    """The table of images from columns as lists; those that are left out get empty values.

    Raises
    ------
    InputError
        When there is no image at all.
    """
    n_rows = len(rows["well"])
    if n_rows == 0:
        raise InputError(f"{source}: expected an index of images, but it lists none. Export the plate again.")
    empty = {"str": "", "int64": 0, "float64": float("nan")}
    columns = {name: rows.get(name) or [empty[kind]] * n_rows for name, kind in COLUMNS.items()}
    return pd.DataFrame(columns).astype(COLUMNS)


def completed(index: PlateIndex) -> PlateIndex:
    """The index with a row for each image that is missing from it, sorted; or raise where an image is there twice.

    What is planned is what the index says, and else what most of the plate has. A channel's planes are those that more
    than half of the sites with this channel have; a well's sites are those that more than half of the wells have. Where
    no majority is, sites and planes differ on purpose, and nothing is missing. Each time point is compared by itself.

    Raises
    ------
    InputError
        When two images have the same well, site, channel, plane and time.
    """
    images = index.images
    key = ["well", "site", "channel", "time", "z"]
    recorded = images[images["file"] != ""]
    twice = recorded[recorded.duplicated(key, keep=False)]
    if len(twice):
        first = twice.iloc[0]
        files = ", ".join(twice[(twice[key] == first[key]).all(axis=1)]["file"].head(2))
        raise InputError(
            f"{index.root}: expected one image per well, site, channel, plane and time, but well {first['well']}, site "
            f"{first['site']}, channel {first['channel']}, plane {first['z']} is there twice: {files}. Put each "
            "measurement into a folder of its own."
        )
    sites = frozenset(index.planned_sites)
    missing = [_missing(found, time=int(time), planned=sites) for time, found in images.groupby("time", sort=True)]
    rows = pd.concat([images, *missing], ignore_index=True).astype(COLUMNS)
    ranks = {name: _ranks(rows[name]) for name in ("well", "site")}
    order = rows[["channel", "time", "z"]].assign(
        row=rows["well"].map(ranks["well"]), number=rows["site"].map(ranks["site"])
    )
    order = order.sort_values(["row", "number", "channel", "time", "z"], kind="stable")
    return replace(index, images=rows.loc[order.index].reset_index(drop=True))


def _ranks(names: pd.Series) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(sorted(names.unique(), key=_order))}


def _order(name: str) -> tuple[int, int, int, str]:
    """Wells by row and column, sites by number, others by name."""
    if name.isdecimal():
        return 0, 0, int(name), ""
    place = well_place(name)
    return (1, *place, "") if place else (2, 0, 0, name)


def _missing(images: pd.DataFrame, *, time: int, planned: frozenset[str]) -> pd.DataFrame:
    """Rows of images that one time point should have and does not."""
    numbers: dict[tuple[str, str, str], set[int]] = {}
    keys = zip(images["well"], images["site"], images["channel"], strict=True)
    for key, z in zip(keys, images["z"].tolist(), strict=True):
        numbers.setdefault(key, set()).add(z)
    planes = {key: frozenset(found) for key, found in numbers.items()}
    channels = list(dict.fromkeys(images["channel"]))
    usual = {name: _majority([found for key, found in planes.items() if key[2] == name]) for name in channels}
    sites: dict[str, set[str]] = {}
    for well, site, _ in planes:
        sites.setdefault(well, set()).add(site)
    planned = planned or _majority([frozenset(found) for found in sites.values()]) or frozenset()
    rows = []
    for well, found in sites.items():
        for site in sorted(found | planned):
            for name in channels:
                there = planes.get((well, site, name), frozenset())
                expected = usual[name] or (there if there else frozenset({0}))
                rows += [(well, site, name, z, time, NOT_RECORDED) for z in sorted(expected - there)]
    return pd.DataFrame(rows, columns=["well", "site", "channel", "z", "time", "state"]).assign(
        file="", page=0, x_um=float("nan"), y_um=float("nan"), z_um=float("nan"), pixel_size_um=float("nan")
    )[list(COLUMNS)]


def _majority(found: Sequence[frozenset[Any]]) -> frozenset[Any] | None:
    """What more than half of them are; None where no such set is."""
    counts = Counter(found)
    if not counts:
        return None
    value, n_value = counts.most_common(1)[0]
    return value if 2 * n_value > len(found) else None


def plate_notes(index: PlateIndex) -> list[str]:
    """What is said of a plate as a whole: the index's notes, and the planned wells that have no image."""
    imaged = set(index.images["well"])
    absent = [well for well in index.planned if well not in imaged]
    name = index.plate or Path(index.root).name
    notes = [f"Plate {name}: {note}" for note in index.notes]
    if absent:
        shown = ", ".join(absent[:10]) + (f" and {len(absent) - 10} more" if len(absent) > 10 else "")
        notes.append(f"Plate {name}: {len(absent)} of {len(index.planned)} planned wells have no image: {shown}.")
    return notes


def write_plate_index(index: PlateIndex, path: Path) -> None:
    """Write the index as one Parquet file, whose metadata hold what is not a row."""
    about = {one.name: getattr(index, one.name) for one in fields(index) if one.name != "images"}
    table = pa.Table.from_pandas(index.images, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _METADATA: json.dumps(about).encode()})
    with replaced_when_whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=16_384)


def read_plate_index(path: Path, *, well: str | None = None) -> PlateIndex:
    """Read what `write_plate_index` wrote; of one well its rows alone.

    Raises
    ------
    FileNotFoundError, InputError
        When the file is missing, damaged, or no index of a plate.
    """
    with as_readable(path, expected="the index of a plate"):
        table = pq.read_table(path, filters=None if well is None else [("well", "==", well)])
        about = json.loads((table.schema.metadata or {})[_METADATA])
        images = table.to_pandas().astype(COLUMNS)
    for name in ("channels", "planned", "planned_sites", "notes"):
        about[name] = tuple(about[name])
    return PlateIndex(**about, images=images)
