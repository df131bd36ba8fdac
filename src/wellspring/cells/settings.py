"""The block ``cells.features`` of the config, typed. Ranges and defaults are in its schema."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["FeatureSettings"]


@dataclass(frozen=True)
class FeatureSettings:
    """What is measured of each nucleus and cell, and which background is subtracted."""

    families: tuple[Literal["shape", "intensity", "texture", "granularity", "radial", "correlation", "neighbors"], ...]
    background: Literal["ring", "dark"]
    ring_gap_px: int
    ring_width_px: int
