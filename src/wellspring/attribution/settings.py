"""The block ``attribution`` of the config, by what each job needs of it."""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Baseline",
    "BlurBaseline",
    "CellsBaseline",
    "Estimator",
    "GroupSettings",
    "MapSettings",
    "OffsetEstimator",
    "PlainBaseline",
    "RetrainSettings",
    "RuleEstimator",
    "ValidationSettings",
]


@dataclass(frozen=True, kw_only=True)
class PlainBaseline:
    """A baseline without settings."""

    method: Literal["black", "noise"]


@dataclass(frozen=True, kw_only=True)
class BlurBaseline:
    """The image itself, blurred."""

    method: Literal["blur"]
    sigma_px: float | None


@dataclass(frozen=True, kw_only=True)
class CellsBaseline:
    """A baseline from training cells."""

    method: Literal["mean", "random"]
    cells: int


Baseline = PlainBaseline | BlurBaseline | CellsBaseline


@dataclass(frozen=True, kw_only=True)
class OffsetEstimator:
    """Few points per noisy copy, at a random offset."""

    method: Literal["offset"]
    points: int
    samples: int


@dataclass(frozen=True, kw_only=True)
class RuleEstimator:
    """A quadrature rule on the path to each noisy copy."""

    method: Literal["trapezoid", "midpoint"]
    steps: int
    samples: int


Estimator = OffsetEstimator | RuleEstimator


@dataclass(frozen=True, kw_only=True)
class MapSettings:
    """Which cells are explained, and how their maps are made."""

    split: Literal["train", "validation", "test"]
    max_cells: int | None
    method: str
    copies: str
    baseline: Baseline
    estimator: Estimator
    noise_sd: float
    rule: Literal["trapezoid", "midpoint"]
    steps: int
    tolerance: float
    max_steps: int
    batch_size: int
    map_cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GroupSettings:
    """How channels are grouped by their pixels' correlation."""

    min_correlation: float
    cells: int


@dataclass(frozen=True, kw_only=True)
class ValidationSettings:
    """Which methods of maps are tested, and how."""

    cells: int
    methods: tuple[str, ...]
    baselines: tuple[str, ...]
    baseline_cells: int
    steps: int
    points: int
    samples: int
    curve_steps: int
    randomised_cells: int


@dataclass(frozen=True, kw_only=True)
class RetrainSettings:
    """How a model is retrained. `percents`, ascending: those that the stored levels number; none without levels."""

    epochs: int | None
    samples: int
    percents: tuple[int, ...]
