"""Structures inside nuclei: speckles, PML bodies, nucleoli, Cajal bodies, replication foci, chromatin texture."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.simulation.nuclei import PHASES, Nuclei
from wellspring.simulation.settings import EFFECTS, PlateSettings

__all__ = ["Structures", "causal_pixels", "draw_structures", "place_bodies", "top_fraction"]

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class _Body:
    """A kind of disc: its column of counts, mean radius (nucleus diameters), spread, greatest depth of a centre."""

    count: str
    radius: float
    spread: float
    deepest: float


_BODIES = {
    "nucleolus": _Body("n_nucleoli", 0.11, 0.15, 0.65),
    "pml_body": _Body("n_pml_bodies", 0.055, 0.1, 0.9),
    "cajal_body": _Body("n_cajal_bodies", 0.045, 0.1, 0.8),
    "replication_focus": _Body("n_foci", 0.03, 0.2, 0.95),
}


@dataclass(frozen=True)
class Structures:
    """What lies in the nuclei of one well.

    Attributes
    ----------
    maps : dict of (n_px,) float32
        Per structure how much of it is seen at each nucleus pixel, 0 to 1 (bodies, speckles) or of zero mean and unit
        variance (chromatin).
    speckle_mask : (n_px,) bool
        Speckle pixels before the optical blur.
    field : (height, width) float32
        Smooth random field of zero mean and unit variance, from which channels take their texture.
    counts : DataFrame
        One row per nucleus: speckle_area (share of its pixels), n_pml_bodies, n_nucleoli, n_cajal_bodies, n_foci.
    """

    maps: dict[str, Pixels]
    speckle_mask: NDArray[np.bool_]
    field: Pixels
    counts: pd.DataFrame


def draw_structures(
    nuclei: Nuclei, *, perturbation: str, settings: PlateSettings, rng: np.random.Generator
) -> Structures:
    """Draw the structures of every nucleus of one well.

    Speckles are the highest part of a smooth random field in the nucleus, so that their area is the share drawn for
    that cell. PML bodies and the others are soft discs at random places, none over another of its kind. Neither
    speckle area nor the number of PML bodies is drawn from the nucleus' size; only a very small nucleus may have no
    room for all its bodies, and then the number that fits is the truth.
    """
    size = settings.diameter_px
    wanted = _wanted(nuclei, perturbation=perturbation, settings=settings, rng=rng)
    drawn = {}
    for name, body in _BODIES.items():
        radius = body.radius * size * (EFFECTS[perturbation].nucleolus_size if name == "nucleolus" else 1.0)
        drawn[name] = place_bodies(
            nuclei, wanted[body.count], radius=radius, spread=body.spread, deepest=body.deepest, rng=rng
        )
    free = (drawn["nucleolus"].stamp < 0.5) & (nuclei.depth < 0.96)
    speckles = smooth_field(nuclei.shape, sigma=0.035 * size, rng=rng)[nuclei.y, nuclei.x]
    mask = top_fraction(speckles, nuclei.nucleus, share=wanted["speckle_area"].to_numpy(), allowed=free)
    maps = {name: blurred(bodies.stamp, nuclei, sigma=settings.blur * size) for name, bodies in drawn.items()}
    maps["speckle"] = blurred(mask.astype(np.float32), nuclei, sigma=settings.blur * size)
    maps["chromatin"] = smooth_field(nuclei.shape, sigma=0.04 * size, rng=rng)[nuclei.y, nuclei.x]
    n_px = np.maximum(nuclei.cells["n_px"].to_numpy(), 1)
    area = np.bincount(nuclei.nucleus, weights=mask, minlength=len(n_px)) / n_px
    found = {body.count: drawn[name].count for name, body in _BODIES.items()}
    counts = pd.DataFrame({"speckle_area": area, **found})
    return Structures(maps, mask, smooth_field(nuclei.shape, sigma=0.05 * size, rng=rng), counts)


def causal_pixels(structures: Structures) -> dict[str, NDArray[np.bool_]]:
    """(n_px,) bool per structure that the target depends on, by the kind of marker that shows it.

    Speckles as they were before the optical blur; PML bodies where more than half of their light is left after it.
    """
    return {"speckle": structures.speckle_mask, "pml_body": structures.maps["pml_body"] > 0.5}


def _wanted(nuclei: Nuclei, *, perturbation: str, settings: PlateSettings, rng: np.random.Generator) -> pd.DataFrame:
    effect, formula, n_cells = EFFECTS[perturbation], settings.formula, len(nuclei.cells)
    # Uniform, so that every level is as frequent as any other; sqrt(12) is the width of unit variance.
    level = rng.uniform(-0.5, 0.5, size=(2, n_cells)) * np.sqrt(12)
    area = formula.speckle_area_mean + formula.speckle_area_sd * (level[0] + effect.speckle_area)
    bodies = formula.pml_count_mean + formula.pml_count_sd * (level[1] + effect.pml_count)
    in_s = nuclei.cells["phase"].to_numpy() == PHASES[1]
    return pd.DataFrame(
        {
            "speckle_area": np.clip(area, 0.01, 0.4),
            "n_pml_bodies": np.maximum(np.rint(bodies), 0).astype(np.int64),
            "n_nucleoli": rng.integers(1, 4, size=n_cells),
            "n_cajal_bodies": rng.integers(0, 4, size=n_cells),
            "n_foci": np.where(in_s, rng.integers(8, 16, size=n_cells), 0),
        }
    )


@dataclass(frozen=True)
class Bodies:
    """Discs drawn: (n_px,) float32 coverage of each nucleus pixel, 0 to 1, and (n_cells,) int64 how many."""

    stamp: Pixels
    count: NDArray[np.int64]


def place_bodies(
    nuclei: Nuclei,
    wanted: pd.Series,
    *,
    radius: float,
    spread: float,
    deepest: float,
    rng: np.random.Generator,
) -> Bodies:
    """Draw soft discs at random places in each nucleus, no two closer than three radii.

    Parameters
    ----------
    wanted
        (n_cells,) how many per nucleus; fewer where there is no room.
    radius, spread
        Mean radius in px and its relative standard deviation.
    deepest
        Centres lie where the nucleus' depth is below this.
    """
    apart = max(int(np.ceil(3 * radius)), 2)
    allowed = nuclei.depth < deepest
    y, x, owner = _sites(nuclei, allowed=allowed, apart=apart, rng=rng)
    order = rng.permutation(len(owner))
    y, x, owner = y[order], x[order], owner[order]
    kept = _rank_in_group(owner) < wanted.to_numpy()[owner]
    y, x, owner = y[kept], x[kept], owner[kept]
    radii = radius * (1 + spread * np.clip(rng.standard_normal(len(y)), -2, 2))
    image = np.zeros(nuclei.shape, dtype=np.float32)
    reach = int(np.ceil(radius * (1 + 2 * spread) + 1))
    offset = np.arange(-reach, reach + 1)
    dy, dx = (part.ravel() for part in np.meshgrid(offset, offset, indexing="ij"))
    cover = np.clip(radii[:, None] + 0.5 - np.hypot(dy, dx)[None, :], 0, 1).astype(np.float32)
    rows = np.clip(y[:, None] + dy, 0, nuclei.shape[0] - 1)
    columns = np.clip(x[:, None] + dx, 0, nuclei.shape[1] - 1)
    np.maximum.at(image, (rows, columns), cover)
    return Bodies(image[nuclei.y, nuclei.x], np.bincount(owner, minlength=len(nuclei.cells)))


def _sites(
    nuclei: Nuclei, *, allowed: NDArray[np.bool_], apart: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Random places in nuclei, any two at least `apart` px from each other (in y or in x), until hardly one fits."""
    free = np.zeros(nuclei.shape, dtype=bool)
    free[nuclei.y[allowed], nuclei.x[allowed]] = True
    owner = np.zeros(nuclei.shape, dtype=np.int32)
    owner[nuclei.y, nuclei.x] = nuclei.nucleus
    width = 2 * apart - 1
    found = []
    for _ in range(4):
        height = np.where(free, rng.random(nuclei.shape, dtype=np.float32) + np.float32(0.01), np.float32(0))
        peaks = free & (height == ndimage.maximum_filter(height, size=width))
        found.append(np.stack(np.nonzero(peaks)))
        free &= ndimage.maximum_filter(peaks, size=width) == 0
    y, x = np.concatenate(found, axis=1)
    return y, x, owner[y, x].astype(np.int64)


def _rank_in_group(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) int64: how many earlier entries have the same value."""
    order = np.argsort(group, kind="stable")
    ranks = np.empty(len(group), dtype=np.int64)
    starts = np.searchsorted(group[order], group[order], side="left")
    ranks[order] = np.arange(len(group)) - starts
    return ranks


def top_fraction(
    values: Pixels, group: NDArray[np.int32], *, share: NDArray[np.float64], allowed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(n_px,) bool: in each group the allowed pixels of highest value that make up `share` of all its pixels.

    Where fewer pixels are allowed than that, all of them.
    """
    n_wanted = np.rint(np.bincount(group, minlength=len(share)) * share)
    order = np.lexsort((-values, ~allowed, group))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = _rank_in_group(group[order].astype(np.int64))
    return np.asarray((rank < n_wanted[group]) & allowed)


def smooth_field(shape: tuple[int, int], *, sigma: float, rng: np.random.Generator) -> Pixels:
    """(height, width) float32 random field of zero mean and unit variance, correlated over about `sigma` px."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, mode="wrap")
    spread = field.std()
    return np.asarray((field - field.mean()) / spread if spread > 0 else field, dtype=np.float32)


def blurred(values: Pixels, nuclei: Nuclei, *, sigma: float) -> Pixels:
    """(n_px,) float32: nucleus pixels after a Gaussian blur of the mosaic they lie in."""
    image = np.zeros(nuclei.shape, dtype=np.float32)
    image[nuclei.y, nuclei.x] = values
    return np.asarray(ndimage.gaussian_filter(image, sigma)[nuclei.y, nuclei.x], dtype=np.float32)
