"""Patterns of molecules in a landscape: the eight of Dubois (2017), appendix A.1, and four more."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.localization.grids import OPENING_RADII
from wellspring.localization.simulated.landscapes import Landscape

__all__ = ["PATTERNS", "STRENGTHS", "Degree", "Pattern", "Variant", "degree_of", "pattern_names"]

_Array = NDArray[np.float64]
STRENGTHS = ("weak", "moderate", "strong")


@dataclass(frozen=True)
class Degree:
    """How strong a pattern is.

    Attributes
    ----------
    share : float
        Molecules that follow the pattern, of all; the others are random.
    angle_sd : float
        Of ``polarized``: standard deviation of the angle, radians. The smaller, the stronger.
    density_ratio : float
        Of ``cell_extension``, where it is not 0: density around the tips over that of the cell, in the place of
        `share`.
    foci_scale : float
        Of ``foci``: by which the numbers of foci and of molecules in each are multiplied.
    """

    share: float = 1.0
    angle_sd: float = np.pi / 10
    density_ratio: float = 0.0
    foci_scale: float = 1.0


@dataclass(frozen=True)
class Variant:
    """What a pattern's words leave open.

    Attributes
    ----------
    band_um : float
        How near "at" a membrane is; 0.8 in the thesis.
    is_one_sided : bool
        Of ``nuclear_edge``: around one side of the nucleus, as in the thesis, not all around.
    is_projected : bool
        Distances to a membrane are measured in the plane, not in space.
    avoids_nucleus : bool
        Of ``random``, ``polarized`` and ``foci``: none in the nucleus.
    turn : float
        Of ``polarized``: angle between the sector and an axis of the cell, radians.
    is_at_tip : bool
        Of ``cell_extension``: around the tips, as in the thesis, or anywhere in what an opening removes from the cell.
    opening : float
        Of ``cell_extension``, not at the tips: the radius of that opening, one of `OPENING_RADII`.
    tip_um : float
        Of ``cell_extension``: radius around the tip; 2 in the thesis.
    focus_um : (float, float)
        Of ``foci``: smallest and largest radius; 0.5 to 1 in the thesis.
    focus_size : (int, int)
        Of ``foci``: fewest and most molecules of one at a `Degree.foci_scale` of 1.
    """

    band_um: float = 0.8
    is_one_sided: bool = True
    is_projected: bool = True
    avoids_nucleus: bool = False
    turn: float = 0.0
    is_at_tip: bool = True
    opening: float = OPENING_RADII[-1]
    tip_um: float = 2.0
    focus_um: tuple[float, float] = (0.5, 1.0)
    focus_size: tuple[int, int] = (5, 20)


@dataclass(frozen=True)
class Pattern:
    """One pattern.

    Attributes
    ----------
    name, meaning : str
    degrees : dict of str to Degree
        By strength.
    weights : function (landscape, degree, variant, rng) -> (n_voxels,) float
        Relative density of molecules that follow it. Of ``foci`` that of their centres.
    """

    name: str
    meaning: str
    weights: Callable[..., _Array]
    degrees: dict[str, Degree] = field(default_factory=dict)


def _shares(*shares: float) -> dict[str, Degree]:
    return {name: Degree(share=share) for name, share in zip(STRENGTHS, shares, strict=True)}


def _random(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    return np.where(cell.in_nucleus & variant.avoids_nucleus, 0.0, 1.0)


def _intranuclear(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    return cell.in_nucleus.astype(np.float64)


def _extranuclear(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    return (~cell.in_nucleus).astype(np.float64)


def _near(distance: _Array, *, within: float) -> _Array:
    """1 within the distance, with at least a hundred voxels or all: thin bands need not contain a voxel's centre."""
    n = min(100, len(distance))
    return (distance <= max(within, float(np.partition(distance, n - 1)[n - 1]))).astype(np.float64)


def _nuclear_membrane(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    return _near(cell.envelope, within=variant.band_um)


def _nuclear_edge(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    distance = np.abs(cell.nucleus) if variant.is_projected else np.hypot(np.maximum(cell.nucleus, 0), cell.envelope)
    weights = _near(distance, within=variant.band_um)
    if not variant.is_one_sided or not cell.in_nucleus.any():
        return weights
    flat = cell.places[:, :2]
    own = flat[cell.in_nucleus]
    axis = _axis(own, rng)
    away = _angle(flat - own.mean(axis=0), axis)
    # One half of the nucleus: 95 % of a normal angle with this spread lies within a quarter turn on either side.
    return weights * np.exp(-0.5 * (away / (np.pi / 4)) ** 2)


def _cell_membrane(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    return _near(cell.surface, within=variant.band_um)


def _cell_edge(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    weights = _near(cell.membrane, within=variant.band_um)
    if not variant.is_one_sided:
        return weights
    # As in the thesis every angle is as likely, so that the density falls with the distance from the centre.
    away = np.hypot(*(cell.places[:, :2] - cell.places[:, :2].mean(axis=0)).T)
    return np.asarray(weights / np.maximum(away, cell.voxel[0]))


def _perinuclear(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    return np.where(cell.in_nucleus, 0.0, np.maximum(cell.membrane, 0) ** 2)


def _pericellular(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    outside = np.where(np.isfinite(cell.nucleus), np.maximum(cell.nucleus, 0), 0.0)
    return np.where(cell.in_nucleus, 0.0, outside**2)


def _axis(points: _Array, rng: np.random.Generator) -> float:
    """Angle of one of the four ends of the two main axes of points (n, 2), at random."""
    _, vectors = np.linalg.eigh(np.cov(points.T))
    return float(np.arctan2(vectors[1, 1], vectors[0, 1]) + rng.integers(4) * np.pi / 2)


def _angle(way: _Array, axis: float) -> _Array:
    """Angle between vectors (n, 2) and a direction, 0 to π."""
    return np.abs((np.arctan2(way[:, 1], way[:, 0]) - axis + np.pi) % (2 * np.pi) - np.pi)


def _polarized(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    flat = cell.places[:, :2]
    away = _angle(flat - flat.mean(axis=0), _axis(flat, rng) + variant.turn)
    return _random(cell, degree, variant, rng) * np.exp(-0.5 * (away / degree.angle_sd) ** 2)


def _tips(cell: Landscape, rng: np.random.Generator) -> _Array:
    """(1 to 3, 2) tips of extensions: the farthest places from the centre, one for each arm that reaches out."""
    flat = cell.places[:, :2]
    away = np.hypot(*(flat - flat.mean(axis=0)).T)
    usual = np.sqrt(len(np.unique(cell.column)) / np.pi) * cell.voxel[0]
    found: list[_Array] = []
    left = away.copy()
    for _ in range(3):
        best = int(np.argmax(left))
        if found and left[best] < 1.25 * usual:
            break
        found.append(flat[best])
        left[np.hypot(*(flat - flat[best]).T) < 0.8 * usual] = 0
    return np.array(found[: int(rng.integers(1, len(found) + 1))])


def _cell_extension(cell: Landscape, degree: Degree, variant: Variant, rng: np.random.Generator) -> _Array:
    thin = (cell.opened < variant.opening - 1e-6) & ~cell.in_nucleus
    if not variant.is_at_tip and thin.mean() > 0.003:
        return thin.astype(np.float64)
    tips = _tips(cell, rng)
    away = np.min([np.hypot(*(cell.places[:, :2] - tip).T) for tip in tips], axis=0)
    return _near(away, within=variant.tip_um) * ~cell.in_nucleus


_EXTENSIONS = {name: Degree(density_ratio=ratio) for name, ratio in zip(STRENGTHS, (10, 15, 20), strict=True)}
_SECTORS = {name: Degree(angle_sd=sd) for name, sd in zip(STRENGTHS, (np.pi / 2, 0.3 * np.pi, np.pi / 10), strict=True)}
_FOCI = {name: Degree(share=0.0, foci_scale=scale) for name, scale in zip(STRENGTHS, (0.5, 0.75, 1.0), strict=True)}
_ALL = (
    Pattern("random", "uniform in the volume of the cell", _random, dict.fromkeys(STRENGTHS, Degree())),
    Pattern("intranuclear", "uniform in the nucleus", _intranuclear, _shares(0.6, 0.8, 1.0)),
    Pattern("extranuclear", "uniform outside the nucleus", _extranuclear, _shares(0.6, 0.8, 1.0)),
    Pattern("nuclear_membrane", "at the nuclear envelope, in space", _nuclear_membrane, _shares(0.6, 0.75, 0.9)),
    Pattern("nuclear_edge", "at the edge of the nucleus as seen from above", _nuclear_edge, _shares(0.6, 0.75, 0.9)),
    Pattern("perinuclear", "outside the nucleus, denser away from the membrane", _perinuclear, _shares(0.6, 0.8, 1.0)),
    Pattern("cell_membrane", "at the surface of the cell, in space", _cell_membrane, _shares(0.7, 0.8, 0.9)),
    Pattern("cell_edge", "at the outline of the cell as seen from above", _cell_edge, _shares(0.4, 0.5, 0.6)),
    Pattern("pericellular", "outside the nucleus, denser away from it", _pericellular, _shares(0.6, 0.8, 1.0)),
    Pattern("foci", "in small dense areas", _random, _FOCI),
    Pattern("cell_extension", "at the tips of extensions", _cell_extension, _EXTENSIONS),
    Pattern("polarized", "in a sector of the cell", _polarized, _SECTORS),
)
PATTERNS = {one.name: one for one in _ALL}


def pattern_names() -> list[str]:
    """All patterns, in the order in which they are listed."""
    return list(PATTERNS)


def degree_of(pattern: str, strength: str) -> Degree:
    """The degree of a pattern at one of `STRENGTHS`.

    Raises
    ------
    ValueError
        When there is no such pattern or strength.
    """
    if pattern not in PATTERNS:
        raise InputError(f"expected a pattern of {', '.join(PATTERNS)}, got {pattern!r}.")
    if strength not in STRENGTHS:
        raise InputError(f"expected a strength of {', '.join(STRENGTHS)}, got {strength!r}.")
    return PATTERNS[pattern].degrees[strength]
