"""The block ``dataset`` of the config, typed. Ranges and defaults are in its schema."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Criterion", "DatasetSettings", "NormalizationSettings", "SelectionSettings", "SplitSettings"]

# As written in the config: a whole number stays one.
Value = str | int | float | bool


@dataclass(frozen=True)
class Criterion:
    """Cells to leave out."""

    column: str
    drop: tuple[Value | None, ...]


@dataclass(frozen=True)
class SplitSettings:
    """Training, validation and test set."""

    train: float
    validation: float
    stratify: tuple[str, ...]
    group: str | None
    seed: int


@dataclass(frozen=True)
class NormalizationSettings:
    """How intensities are scaled."""

    percentile: float
    clip: bool
    mean_extraction: bool
    linear_scaling: bool
    z_score: bool


@dataclass(frozen=True)
class SelectionSettings:
    """What decides over the cells of one well: the block without what is decided over all wells."""

    target_channel: str
    filter: tuple[Criterion, ...]
    select: Mapping[str, tuple[Value, ...]]
    split: SplitSettings


@dataclass(frozen=True)
class DatasetSettings:
    """The whole block."""

    target_channel: str | None
    input_channels: tuple[str, ...] | None
    filter: tuple[Criterion, ...]
    select: Mapping[str, tuple[Value, ...]]
    split: SplitSettings
    normalization: NormalizationSettings
