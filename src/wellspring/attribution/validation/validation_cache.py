"""Validation results of each map method, one file per method."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.resume import ResumeArrays
from wellspring.attribution.validation.insertion import Curves

__all__ = ["Trial", "ValidationCache"]

_CURVES = [field.name for field in fields(Curves)]


@dataclass(frozen=True)
class Trial:
    """Validation result of one map method, or of an order without maps.

    Attributes
    ----------
    measures : mapping of str to float
        By name, see table `MEASURES`.
    curves : Curves
        Of insertion and deletion.
    correlations : mapping of str to float
        By layer, from the output down: of the maps before and after that layer and all above it were made random.
    """

    measures: Mapping[str, float]
    curves: Curves
    correlations: Mapping[str, float]


@dataclass(frozen=True)
class ValidationCache(ResumeArrays):
    """Resume files of one `Trial` each."""

    n_items: int = 1

    def read(self, part: range) -> Trial | None:
        """What `write` kept, as `read_arrays`."""
        arrays = self.read_arrays(part)
        try:
            return None if arrays is None else _unpacked(arrays)
        except KeyError:
            return None

    def write(self, part: range, trial: Trial) -> None:
        """Keep the trial of `part`."""
        arrays: dict[str, NDArray[Any]] = {name: getattr(trial.curves, name) for name in _CURVES}
        for name in ("measures", "correlations"):
            values: Mapping[str, float] = getattr(trial, name)
            arrays[f"{name}_names"] = np.array(list(values), dtype=np.str_)
            arrays[name] = np.array(list(values.values()), dtype=np.float64)
        self.write_arrays(part, arrays)


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Trial:
    measures, correlations = (
        dict(zip(arrays[f"{name}_names"].tolist(), arrays[name].tolist(), strict=True))
        for name in ("measures", "correlations")
    )
    return Trial(measures, Curves(*(arrays[name] for name in _CURVES)), correlations)
