"""The block ``groups`` of the config, typed. Ranges and defaults are in its schema."""

from dataclasses import dataclass

__all__ = ["GroupSettings"]


@dataclass(frozen=True)
class GroupSettings:
    """What a comparison needs of the block."""

    min_cells: int
    doubtful_share: float
    least_controls: int
    max_correlation: float
    min_replicate_share: float
