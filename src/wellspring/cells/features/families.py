"""The families of features by the names of the config, and the columns that they make."""

from collections.abc import Sequence
from types import MappingProxyType

from wellspring.cells.features import correlation, granularity, intensity, neighbors, radial, shape, texture
from wellspring.cells.features.declared import Feature, columns_of, compartments_of
from wellspring.tables import Column

__all__ = ["FAMILIES", "feature_columns", "features_in"]

FAMILIES = MappingProxyType(
    {
        "shape": shape.FEATURES,
        "intensity": (*intensity.BACKGROUND, *intensity.FEATURES),
        "texture": texture.FEATURES,
        "granularity": granularity.FEATURES,
        "radial": radial.FEATURES,
        "correlation": (*correlation.FEATURES, *correlation.ORDERED_FEATURES),
        "neighbors": neighbors.FEATURES,
    }
)


def features_in(families: Sequence[str]) -> tuple[Feature, ...]:
    """The features of these families, in the order in which families are declared."""
    return tuple(one for name, features in FAMILIES.items() if name in families for one in features)


def feature_columns(
    families: Sequence[str], *, channels: Sequence[str], has_nuclei: bool, has_cells: bool
) -> tuple[Column, ...]:
    """The columns of a study: the same for all of its wells, with or without objects."""
    compartments = compartments_of(has_nuclei=has_nuclei, has_cells=has_cells)
    return columns_of(features_in(families), compartments=compartments, channels=channels)
