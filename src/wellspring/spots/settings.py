"""The block ``spots`` of the config, typed. Ranges and defaults are in its schema and its registry."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wellspring.spots.optics import Optics

__all__ = ["SHIPPED_WEIGHTS", "ChosenThreshold", "GivenThreshold", "SpotSettings", "SpotSizes", "ThresholdSettings"]

SHIPPED_WEIGHTS = Path(__file__).parent / "enhanced" / "shipped" / "spots.npz"
"""The weights of the network for spots that are part of wellspring."""


@dataclass(frozen=True)
class ChosenThreshold:
    """Of a method that needs no settings."""

    method: Literal["noise", "elbow"]


@dataclass(frozen=True)
class GivenThreshold:
    """Of the method given."""

    method: Literal["given"]
    value: float


ThresholdSettings = ChosenThreshold | GivenThreshold


@dataclass(frozen=True)
class SpotSizes:
    """What says how large spots and voxels are."""

    sigma_px: float | tuple[float, ...] | Optics
    spacing_um: tuple[float, ...] | None


@dataclass(frozen=True)
class SpotSettings:
    """The whole block."""

    channels: tuple[str, ...]
    sigma_px: float | tuple[float, ...] | Optics
    spacing_um: tuple[float, ...] | None
    threshold: ThresholdSettings
    max_instability: float
    max_per_neighborhood: int
    decompose: bool
    focus_radius_um: float
    focus_min_spots: int
    method: Literal["classical", "enhanced"]
    weights: str | None
