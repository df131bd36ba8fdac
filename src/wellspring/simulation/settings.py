"""What a simulated plate is made of: wells, cells, channels, sizes, noise and the formula of the target."""

from dataclasses import dataclass, field, replace

from wellspring.errors import InputError
from wellspring.simulation.panel import PANEL, Marker, choose_markers

__all__ = ["EFFECTS", "PRESETS", "Effect", "Formula", "PlateSettings", "WellPlan", "preset_settings", "well_plans"]


@dataclass(frozen=True)
class Effect:
    """What a compound does to its cells. Shifts are in standard deviations of the unperturbed cells.

    `eu` is added to the target's formula (camera counts); `nucleolus_size` and `texture` are factors.
    """

    speckle_area: float = 0.0
    pml_count: float = 0.0
    activity: float = 0.0
    eu: float = 0.0
    nucleolus_size: float = 1.0
    texture: float = 1.0


# Compounds of the thesis' table 4.1; the signs follow what they inhibit, the sizes are made up.
EFFECTS: dict[str, Effect] = {
    "normal": Effect(),
    "DMSO": Effect(),
    "AZD4573": Effect(speckle_area=1.5, activity=-1.0, eu=-120.0),
    "CX5461": Effect(nucleolus_size=0.6, eu=-60.0),
    "TSA": Effect(activity=0.8, texture=0.5, eu=30.0),
    "meayamycin": Effect(speckle_area=2.0, eu=-60.0),
    "triptolide": Effect(speckle_area=1.0, activity=-1.5, eu=-150.0),
}


@dataclass(frozen=True)
class WellPlan:
    """One well: its name, its perturbation (a key of `EFFECTS`) and how many nuclei it holds (0 is allowed)."""

    name: str
    perturbation: str
    n_cells: int


@dataclass(frozen=True)
class Formula:
    """The target's mean over a nucleus, camera counts above background.

    eu = base + speckle * z(speckle area fraction) + pml * z(number of PML bodies) + activity * u + noise * e + effect

    where u and e are standard normal and z(v) = (v - mean) / sd with the means and standard deviations given here;
    never below `floor`.
    """

    base: float = 380.0
    speckle: float = 34.0
    pml: float = 29.0
    activity: float = 32.0
    noise: float = 20.0
    floor: float = 20.0
    speckle_area_mean: float = 0.065
    speckle_area_sd: float = 0.03
    pml_count_mean: float = 6.0
    pml_count_sd: float = 3.5


@dataclass(frozen=True)
class PlateSettings:
    """A plate. Lengths in px, intensities in camera counts, fractions from 0 to 1.

    Attributes
    ----------
    plate : str
        Its name in the sheet.
    wells : tuple of WellPlan
    markers : tuple of Marker
        Channels, in the order of the pixel table.
    diameter_px, diameter_sd : float
        Mean nucleus diameter in G1 (px) and its relative standard deviation.
    border_fraction, polynucleated_fraction, mitotic_fraction : float
        Nuclei cut by the mosaic's edge, with two lobes, and in mitosis.
    phase_fractions : tuple of float
        Shares of G1, S and G2 among the others; the thesis' table 3.3.
    staining_sd : float
        Variation of each channel's mean between cells, log units. The target's mean follows the formula instead.
    read_noise : float
        Standard deviation of the camera's noise, in addition to the shot noise of the counts.
    background : float
        Mean background; every channel has its own, up to 20 % off.
    blur : float
        Standard deviation of the optical blur, in nucleus diameters.
    """

    plate: str = "plate01"
    wells: tuple[WellPlan, ...] = ()
    markers: tuple[Marker, ...] = PANEL
    diameter_px: float = 110.0
    diameter_sd: float = 0.08
    border_fraction: float = 0.06
    polynucleated_fraction: float = 0.05
    mitotic_fraction: float = 0.04
    phase_fractions: tuple[float, float, float] = (0.56, 0.29, 0.15)
    staining_sd: float = 0.12
    read_noise: float = 6.0
    background: float = 110.0
    blur: float = 0.015
    formula: Formula = field(default_factory=Formula)

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ValueError
            Naming the setting, what was expected and what came.
        """
        if self.diameter_px < 12:
            raise InputError(f"diameter_px: expected at least 12, got {self.diameter_px:g}. Structures need pixels.")
        if not any(marker.kind == "target" for marker in self.markers):
            raise InputError("markers: expected the target EU among them, but it is not. Add it.")
        for plan in self.wells:
            if plan.perturbation not in EFFECTS:
                raise InputError(f"well {plan.name}: expected one of {sorted(EFFECTS)}, got {plan.perturbation!r}.")
            if plan.n_cells < 0:
                raise InputError(f"well {plan.name}: expected 0 or more cells, got {plan.n_cells}.")


# Wells of the thesis' table 4.1, so ordered that the first few hold both controls and some compounds.
_THESIS_WELLS = (
    ("J10", "normal"),
    ("J16", "DMSO"),
    ("I09", "normal"),
    ("I14", "DMSO"),
    ("I11", "normal"),
    ("J12", "normal"),
    ("I13", "AZD4573"),
    ("I18", "CX5461"),
    ("J20", "TSA"),
    ("I12", "meayamycin"),
    ("J15", "triptolide"),
)
_PRESETS = {
    "first": {"wells": 4, "cells": 300, "channels": 10, "diameter_px": 16.0},
    "demo": {"wells": 8, "cells": 800, "channels": 12, "diameter_px": 26.0},
    "full": {"wells": 11, "cells": 400, "channels": 38, "diameter_px": 110.0},
}
PRESETS = tuple(_PRESETS)


def well_plans(n_wells: int, *, n_cells: int) -> tuple[WellPlan, ...]:
    """Plans for `n_wells` wells of a 384-well plate: the thesis' wells first, then unperturbed ones.

    Raises
    ------
    ValueError
        When `n_wells` is not from 1 to 384.
    """
    if not 1 <= n_wells <= 384:
        raise InputError(f"n_wells: expected 1 to 384, the wells of one plate, got {n_wells}.")
    known = {name for name, _ in _THESIS_WELLS}
    places = [f"{row}{column:02d}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]
    others = [(place, "normal") for place in places if place not in known]
    return tuple(WellPlan(name, perturbation, n_cells) for name, perturbation in [*_THESIS_WELLS, *others][:n_wells])


def preset_settings(
    preset: str,
    *,
    n_wells: int | None = None,
    n_cells: int | None = None,
    n_channels: int | None = None,
    diameter_px: float | None = None,
) -> PlateSettings:
    """Settings of a preset; None keeps its numbers.

    `first` is for a first look, `demo` shows the thesis' finding in minutes on a laptop, `full` has the thesis' sizes.

    Raises
    ------
    ValueError
        When there is no such preset, or a number is out of range.
    """
    if preset not in _PRESETS:
        raise InputError(f"preset: expected one of {sorted(_PRESETS)}, got {preset!r}.")
    numbers = _PRESETS[preset]
    settings = PlateSettings(
        wells=well_plans(
            int(numbers["wells"]) if n_wells is None else n_wells,
            n_cells=int(numbers["cells"]) if n_cells is None else n_cells,
        ),
        markers=choose_markers(int(numbers["channels"]) if n_channels is None else n_channels),
    )
    return replace(settings, diameter_px=float(numbers["diameter_px"]) if diameter_px is None else diameter_px)
