"""Files that the cells of a well are read from."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["WellFiles"]


@dataclass(frozen=True)
class WellFiles:
    """Files of a well: its index; of fields also correction, spots, labels of nuclei and cells, table of MTOCs."""

    index: Path
    correction: Path | None = None
    spots: Path | None = None
    nuclei: Path | None = None
    cells: Path | None = None
    mtocs: Path | None = None
