"""Settings of the stage interaction."""

from dataclasses import dataclass

__all__ = ["MeasureSettings", "SummarySettings"]


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
class SummarySettings:
    """The rest of the block ``interaction``: what the wells are, and what is compared."""

    gene: str
    molecule: str
    time: str
    condition: str | None
    control: str | None
    reference: str | None
    n_permutations: int
    n_stripes: int
    seed: int
