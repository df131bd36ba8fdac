"""Molecules drawn of a pattern in a landscape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.simulated.landscapes import Landscape
from wellspring.localization.simulated.patterns import PATTERNS, Degree, Variant

__all__ = ["Source", "draw_molecules", "source"]

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """A pattern in one cell, to draw molecules of.

    Attributes
    ----------
    cell : Landscape
    pattern : str
    degree : Degree
    variant : Variant
    own, background : (n_voxels,) float64
        Running sums of the densities of molecules that follow the pattern, and of the others.
    """

    cell: Landscape
    pattern: str
    degree: Degree
    variant: Variant
    own: _Array
    background: _Array

    def share(self, *, share: float | None = None) -> float:
        """Share of the molecules that follows the pattern: as given, or by its degree."""
        if share is not None:
            return share
        if self.pattern == "cell_extension" and self.degree.density_ratio:
            # Of a density that is R times higher in a part a of the volume, that part has R a / (R a + 1 - a), of which
            # the background would have a.
            part = float((np.diff(self.own, prepend=0.0) > 0).mean())
            more = (self.degree.density_ratio - 1) * part
            return more / (more + 1)
        return self.degree.share

    def draw(self, rng: np.random.Generator, *, n: int, share: float | None = None) -> _Array:
        """(n, 3) float64 x, y, z of `n` molecules, µm. `share`: in the place of that of the degree."""
        part = self.share(share=share)
        if self.pattern == "foci":
            return _in_foci(self, n=n, share=part, rng=rng)
        n_own = round(n * part)
        places = [_at(self.cell, total, n=k, rng=rng) for total, k in ((self.own, n_own), (self.background, n - n_own))]
        return np.concatenate(places)


def source(
    cell: Landscape, *, pattern: str, degree: Degree, rng: np.random.Generator, variant: Variant | None = None
) -> Source:
    """A pattern in one cell; what it leaves open (an axis, the tips) is drawn here."""
    chosen = variant or Variant()
    weights = PATTERNS[pattern].weights(cell, degree, chosen, rng)
    background = np.arange(1.0, len(cell.places) + 1)
    own = np.cumsum(weights)
    return Source(cell, pattern, degree, chosen, own if own[-1] > 0 else background, background)


def draw_molecules(
    cell: Landscape,
    *,
    pattern: str,
    n: int,
    degree: Degree,
    rng: np.random.Generator,
    variant: Variant | None = None,
) -> _Array:
    """Molecules of one gene in one cell.

    Parameters
    ----------
    n
        How many, 0 or more. Of ``foci`` with a share of 0 as many are in foci as the drawn foci hold, up to `n`.
    degree
        How strong; by `degree_of`, or another.

    Returns
    -------
    (n, 3) float64
        x, y, z in µm.
    """
    return source(cell, pattern=pattern, degree=degree, rng=rng, variant=variant).draw(rng, n=n)


def _at(cell: Landscape, cumulative: _Array, *, n: int, rng: np.random.Generator) -> _Array:
    """(n, 3) places, uniform in each voxel, whose densities are the steps of `cumulative`."""
    found = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    found = np.minimum(found, len(cumulative) - 1)
    return np.asarray(cell.places[found] + (rng.random((n, 3)) - 0.5) * cell.voxel)


def _in_foci(origin: Source, *, n: int, share: float, rng: np.random.Generator) -> _Array:
    low, high = origin.variant.focus_size
    scale = origin.degree.foci_scale
    wanted, n_foci = (round(n * share), n) if share else (n, max(round(int(rng.integers(2, 9)) * scale), 1))
    sizes: list[int] = []
    while sum(sizes) < wanted and len(sizes) < n_foci:
        size = max(round(int(rng.integers(low, high + 1)) * scale), 2)
        sizes.append(min(size, wanted - sum(sizes)))
    centres = _at(origin.cell, origin.own, n=len(sizes), rng=rng)
    parts = [_ball(origin, centre, n=size, rng=rng) for centre, size in zip(centres, sizes, strict=True)]
    return np.concatenate([*parts, _at(origin.cell, origin.background, n=n - sum(sizes), rng=rng)])


def _ball(origin: Source, centre: _Array, *, n: int, rng: np.random.Generator) -> _Array:
    """Places around a focus' centre: normal, with half of the radius as spread; those outside of the cell again."""
    spread = rng.uniform(*origin.variant.focus_um) / 2
    tried = centre + rng.normal(0, spread, (8 * n, 3))
    tried[:, 2] = np.clip(tried[:, 2], 0.0, origin.cell.height_um)
    inside = tried[origin.cell.contains(tried)]
    return np.concatenate([inside, np.repeat(centre[None], n, axis=0)])[:n]
