"""Why features of a cell are missing, in words."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.features.declared import CELLS, CYTOPLASM, NUCLEI

__all__ = ["NONE", "REASONS", "reasons_missing"]

NONE = "none"
_ABSENT = {NUCLEI: "no nucleus", CELLS: "no cell", CYTOPLASM: "no cytoplasm"}
_NO_SIZE, _NO_BACKGROUND = "no pixel size", "no background"
_OF_FAMILY = {
    "AreaShape": "one pixel",
    "Intensity": "dark",
    "Background": _NO_BACKGROUND,
    "Texture": "texture: constant or small",
    "Granularity": "granularity: dark",
    "RadialDistribution": "rings: dark or small",
    "Correlation": "correlation: constant or dark",
    "Neighbors": "alone",
}
REASONS = {
    "no nucleus": "features of its nucleus are missing",
    "no cell": "it is a nucleus without a cell",
    "no cytoplasm": "its nucleus fills the cell, or is not known",
    _NO_SIZE: "the side of a pixel is not known, so lengths and areas in µm are missing: give raw.pixel_size_um",
    _NO_BACKGROUND: "no object of its site has a free pixel around it: see cells.features.background",
    "one pixel": "a single pixel has no outline",
    "dark": "a channel is 0 in the complete compartment, so its light has no centre",
    "texture: constant or small": "a channel has one value, or no two pixels are 3 px apart in one of the directions",
    "granularity: dark": "a channel is no brighter than the background",
    "rings: dark or small": "a channel is no brighter than the background, or a ring has no pixel or one sector",
    "correlation: constant or dark": "a channel has one value, or is 0",
    "alone": "there are too few other objects in the image",
}
"""Reason to what it means."""


def reasons_missing(
    features: pd.DataFrame, *, n_px: Mapping[str, NDArray[np.integer]], pixel_size_um: float | None
) -> pd.Series:
    """One text per row of `features`: the reasons for its missing values, joined by commas, or ``none``.

    Parameters
    ----------
    features
        From `features_of_site`.
    n_px
        Compartment to the pixels of each object, in the order of the rows; 0 without the compartment.
    pixel_size_um
        None: not known.

    Returns
    -------
    Series of str
        Words of `REASONS`.
    """
    given: dict[str, NDArray[np.bool_]] = {}
    for column in features.columns[features.isna().any()]:
        is_missing = features[column].isna().to_numpy()
        for words, rows in _causes(str(column), is_missing, n_px=n_px, has_size=pixel_size_um is not None):
            given[words] = given.get(words, np.zeros(len(features), dtype=bool)) | rows
    texts = [", ".join(words for words, rows in given.items() if rows[row]) or NONE for row in range(len(features))]
    return pd.Series(texts, index=features.index, dtype="str")


def _causes(
    column: str, is_missing: NDArray[np.bool_], *, n_px: Mapping[str, NDArray[np.integer]], has_size: bool
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    compartment, family, name = column.split("_", 2)
    is_absent = n_px[compartment] == 0
    yield _ABSENT[compartment], is_missing & is_absent
    if not has_size and name.endswith(("_um", "_um2", "_per_mm2")):
        words = _NO_SIZE
    elif "LessBackground" in name:
        words = _NO_BACKGROUND
    else:
        words = _OF_FAMILY[family]
    yield words, is_missing & ~is_absent
