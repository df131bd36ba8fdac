"""The block `localization` of the config."""

from dataclasses import dataclass

__all__ = ["LocalizationSettings"]


@dataclass(frozen=True)
class LocalizationSettings:
    """What is localized, and how; the schema explains each key."""

    channels: tuple[str, ...]
    patterns: tuple[str, ...]
    landscapes: str
    null_model: str
    draws: int
    score_draws: int
    by_cluster: bool
    least_effect: float
    area_um2: tuple[float, float]
    gene_column: str | None
    unit_column: str | None
    condition_column: str | None
    control: str | None
    seed: int
