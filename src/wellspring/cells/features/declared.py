"""What a feature is, and how its columns are called: compartment, family, name, channels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Literal

from wellspring.tables import Column

__all__ = [
    "CELLS",
    "COMPARTMENTS",
    "CYTOPLASM",
    "NUCLEI",
    "Feature",
    "columns_of",
    "compartments_of",
    "feature_names",
    "named",
]

NUCLEI, CELLS, CYTOPLASM = "Nuclei", "Cells", "Cytoplasm"
COMPARTMENTS = {
    NUCLEI: "the nucleus",
    CELLS: "the cell, its nucleus included",
    CYTOPLASM: "the cell without any nucleus",
}


# Where an object lies in its image is no result.
_POSITIONS = ("_Center_", "_BoundingBoxMinimum_")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature, of which there is a column per compartment and per channel (or pair of channels).

    Attributes
    ----------
    family : str
        Group of features, as CellProfiler names them: ``AreaShape``, ``Intensity``, ...
    name : str
        With ``{channel}``, or ``{first}`` and ``{second}``, where channels are named.
    unit, meaning : str
    formula : str
        As in plain text: n pixels of intensity v, and so on.
    of : {"object", "channel", "pair", "ordered pair"}
        What it is computed for.
    is_whole : bool
        Whether it is known of the whole object alone: the cell, or the nucleus where no cells are segmented.
    minimum, maximum : float or None
        Range of its values, where it has one.
    """

    family: str
    name: str
    unit: str
    meaning: str
    formula: str
    of: Literal["object", "channel", "pair", "ordered pair"] = "object"
    is_whole: bool = False
    minimum: float | None = None
    maximum: float | None = None

    def channels_in(self, channels: Sequence[str]) -> Iterator[dict[str, str]]:
        """What its name is filled with, one column each."""
        if self.of == "object":
            yield {}
        elif self.of == "channel":
            yield from ({"channel": one} for one in channels)
        else:
            pairs = combinations(channels, 2) if self.of == "pair" else permutations(channels, 2)
            yield from ({"first": first, "second": second} for first, second in pairs)


def named(compartment: str, feature: Feature, **channels: str) -> str:
    """Name of a column, such as ``Nuclei_Intensity_Mean_GFP``."""
    return f"{compartment}_{feature.family}_{feature.name.format(**channels)}"


def compartments_of(*, has_nuclei: bool, has_cells: bool) -> tuple[str, ...]:
    """The compartments that a study has: nuclei alone, cells alone, or both and the cytoplasm between them."""
    if has_nuclei and has_cells:
        return NUCLEI, CELLS, CYTOPLASM
    return (NUCLEI,) if has_nuclei else (CELLS,) if has_cells else ()


def columns_of(
    features: Sequence[Feature], *, compartments: Sequence[str], channels: Sequence[str]
) -> tuple[Column, ...]:
    """The declared columns, compartment by compartment, in the order of `features`."""
    whole = CELLS if CELLS in compartments else NUCLEI
    return tuple(
        Column(
            named(compartment, one, **filled),
            "float64",
            one.unit,
            f"{one.meaning.format(**filled)}; of {COMPARTMENTS[compartment]}",
            minimum=one.minimum,
            maximum=one.maximum,
            formula=one.formula,
        )
        for compartment in compartments
        for one in features
        if compartment == whole or not one.is_whole
        for filled in one.channels_in(channels)
    )


def feature_names(columns: Iterable[str]) -> list[str]:
    """Those of the columns that are measured of objects, but for where these lie in their image."""
    starts = tuple(f"{name}_" for name in COMPARTMENTS)
    return [name for name in columns if name.startswith(starts) and not any(one in name for one in _POSITIONS)]
