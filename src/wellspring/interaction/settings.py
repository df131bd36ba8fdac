"""Settings of the stage interaction."""

from dataclasses import dataclass

__all__ = ["ChannelSettings", "MeasureSettings", "MtocSettings", "SummarySettings"]


@dataclass(frozen=True)
class MeasureSettings:
    """The block ``interaction.measure``: how a cell is measured."""

    peripheral_isoline: float
    n_sectors: int
    n_stripes: int
    slice_px: float
    n_radii: int
    n_simulations: int
    min_molecules: int
    seed: int


@dataclass(frozen=True)
class ChannelSettings:
    """The block ``interaction.channels``: what shows the molecules of a study of images."""

    mrna: str | None = None
    protein: str | None = None
    height: str | None = None


@dataclass(frozen=True)
class MtocSettings:
    """The block ``interaction.mtoc``: where the MTOC of a cell is known from."""

    channel: str | None = None
    table: str | None = None
    columns: tuple[str, ...] | None = None
    sigma_um: float = 0.4
    within_um: float = 5.0
    min_confidence: float = 0.3


@dataclass(frozen=True)
class SummarySettings:
    """The rest of the block ``interaction``: what the wells are, and what is compared."""

    gene: str
    molecule: str
    time: str | None
    condition: str | None
    control: str | None
    reference: str | None
    n_permutations: int
    n_stripes: int
    seed: int
