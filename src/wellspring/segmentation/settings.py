"""The block ``segmentation`` of the config, typed. Ranges and defaults are in its schema and its registries."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

__all__ = [
    "SHIPPED_WEIGHTS",
    "AnnotatedSettings",
    "CellSettings",
    "ExpansionSettings",
    "GivenSettings",
    "LogLocalSettings",
    "LogMultiOtsuSettings",
    "LogOtsuSettings",
    "MixtureSettings",
    "OwnEdgeSettings",
    "PropagationSettings",
    "SegmentationSettings",
    "StainSettings",
    "UnetSettings",
    "WatershedSettings",
]

SHIPPED_WEIGHTS = Path(__file__).parent / "learned" / "shipped" / "nuclei.npz"
"""The weights of the network for nuclei that are part of wellspring."""


@dataclass(frozen=True)
class StainSettings:
    """Of the methods that see the cell stain."""

    channel: str
    smoothing_sigma_px: float


@dataclass(frozen=True)
class OwnEdgeSettings(StainSettings):
    """Of the method own_edge."""

    method: Literal["own_edge"]
    stain: Literal["auto", "inside", "membrane"]
    unstained: Literal["ignore", "seed"]


@dataclass(frozen=True)
class MixtureSettings(StainSettings):
    """Of the methods whose mask is a mixture's."""

    n_components: int


@dataclass(frozen=True)
class WatershedSettings(MixtureSettings):
    """Of the method watershed."""

    method: Literal["watershed"]


@dataclass(frozen=True)
class PropagationSettings(MixtureSettings):
    """Of the method propagation."""

    method: Literal["propagation"]
    regularisation: float


@dataclass(frozen=True)
class ExpansionSettings:
    """Of the method expansion."""

    method: Literal["expansion"]
    distance_px: float


CellSettings = OwnEdgeSettings | WatershedSettings | PropagationSettings | ExpansionSettings


@dataclass(frozen=True)
class AnnotatedSettings:
    """Label images of some sites, on which the network is trained further; `nuclei` names them."""

    nuclei: str
    folder: str | None
    epochs: int
    steps_per_epoch: int
    seed: int
    apply: bool


@dataclass(frozen=True)
class _NucleusSettings:
    nucleus_channel: str | None
    smoothing_sigma_px: float | None
    min_diameter_px: float | None
    cells: CellSettings | None
    z_step_um: float | None = field(kw_only=True)
    annotated: AnnotatedSettings | None = field(kw_only=True)


@dataclass(frozen=True)
class LogOtsuSettings(_NucleusSettings):
    """Of the method log_otsu."""

    method: Literal["log_otsu"]


@dataclass(frozen=True)
class LogMultiOtsuSettings(_NucleusSettings):
    """Of the method log_multi_otsu."""

    method: Literal["log_multi_otsu"]
    n_classes: int


@dataclass(frozen=True)
class LogLocalSettings(_NucleusSettings):
    """Of the method log_local."""

    method: Literal["log_local"]
    radius_diameters: float


@dataclass(frozen=True)
class UnetSettings(_NucleusSettings):
    """Of the method unet; `weights` is a file, or None for those that are part of wellspring."""

    method: Literal["unet"]
    weights: str | None


@dataclass(frozen=True)
class GivenSettings(_NucleusSettings):
    """Of the method given; `pattern` names label images of cells."""

    method: Literal["given"]
    pattern: str | None
    nuclei: str | None
    folder: str | None


SegmentationSettings = LogOtsuSettings | LogMultiOtsuSettings | LogLocalSettings | UnetSettings | GivenSettings
