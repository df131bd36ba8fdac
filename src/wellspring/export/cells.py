"""The table of all cells, sorted into what other programs ask for: keys, annotations, features, counts of spots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wellspring.cells.features.declared import COMPARTMENTS
from wellspring.cells.tables import MEASURED
from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.tables import KEY

__all__ = ["CellColumns", "columns_of_cells", "parts_of_plate", "rows_of_plate"]

_COMPARTMENTS = tuple(f"{name}_" for name in COMPARTMENTS)


@dataclass(frozen=True, kw_only=True)
class CellColumns:
    """The columns of ``tables/cells.parquet``.

    Attributes
    ----------
    keys : list of str
        plate, well, object_id and what else `MEASURED` declares: site, label, flags.
    annotations : list of str
        Of the sheet.
    features : list of str
        Features and counts of spots, those of position included.
    counts : list of str
        Of these, the numbers of spots per cell, a column per channel.
    about : DataFrame
        A row per feature: name, compartment, family, channel (empty where none or several), kind (``feature`` or
        ``count``), unit, meaning.
    """

    keys: list[str]
    annotations: list[str]
    features: list[str]
    counts: list[str]
    about: pd.DataFrame

    def center(self) -> tuple[str, str, str]:
        """Columns of x and y of the centre, and their unit: µm where the side of a pixel is known, else px.

        The centre is that of the cell, or of the nucleus where no cells are segmented.
        """
        for compartment in ("Cells", "Nuclei"):
            for unit, word in (("um", "µm"), ("px", "px")):
                names = [f"{compartment}_AreaShape_Center_{axis}_{unit}" for axis in "XY"]
                if set(names) <= set(self.features):
                    return names[0], names[1], word
        raise InputError(
            "cells.features.families: the export needs the centres of cells, which the family shape measures; add it."
        )


def columns_of_cells(path: Path, *, channels: Sequence[str]) -> CellColumns:
    """The columns of the table of cells at `path`; `channels` are those of the wells.

    Raises
    ------
    FileNotFoundError, InputError
        When the file is missing or is no such table.
    """
    with as_readable(path, expected="the table of all cells"):
        schema = pq.read_schema(path)
        missing = [name for name in MEASURED.names if name not in schema.names]
        if missing:
            raise InputError(f"its columns {missing} are missing")
    features = [name for name in schema.names if name.startswith(_COMPARTMENTS)]
    of_channels = tuple(f"_Spots_n_spots_{one}" for one in channels)
    counts = [name for name in features if name.endswith(of_channels)]
    taken = {*features, *MEASURED.names}
    return CellColumns(
        keys=[name for name in schema.names if name in MEASURED.names],
        annotations=[name for name in schema.names if name not in taken],
        features=features,
        counts=counts,
        about=pd.DataFrame([_about(schema.field(name), channels=channels) for name in features], columns=_ABOUT),
    )


_ABOUT = ["name", "compartment", "family", "channel", "kind", "unit", "meaning"]


def _about(field: pa.Field, *, channels: Sequence[str]) -> dict[str, str]:
    compartment, family, rest = field.name.split("_", 2)
    found = [one for one in channels if rest.endswith(f"_{one}") or f"_{one}_" in rest]
    said = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    is_count = family == "Spots"
    return {
        "name": field.name,
        "compartment": compartment,
        "family": family,
        "channel": found[0] if len(found) == 1 else "",
        "kind": "count" if is_count else "feature",
        "unit": said.get("unit", "spots" if is_count else ""),
        "meaning": said.get("meaning", "spots of the cell; see the table of spots per cell" if is_count else ""),
    }


def rows_of_plate(path: Path, *, plate: str, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of the cells of one plate, in the order of the table."""
    parts = [part.to_pandas() for part in parts_of_plate(path, plate=plate, columns=columns)]
    empty = pq.read_schema(path).empty_table().select(list(columns)).to_pandas()
    return pd.concat(parts, ignore_index=True) if parts else empty


def parts_of_plate(path: Path, *, plate: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The same, well by well as the table was written, so that one well is in memory at a time."""
    wanted = list(dict.fromkeys([KEY[0], *columns]))
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            group = file.read_row_group(number, columns=wanted)
            own = group.filter(pc.equal(group[KEY[0]], plate))
            if own.num_rows:
                yield own.select(list(columns))
