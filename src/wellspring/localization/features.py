"""Features of where the molecules of a gene are in a cell, for all genes of a cell at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.grids import CellGrid
from wellspring.localization.neighbors import FOCUS_RADIUS_UM, RADII, foci, nearest, neighbor_counts
from wellspring.localization.positions import (
    CELL_BANDS_NM,
    DISTANCES,
    NUCLEUS_RINGS_NM,
    VALUES,
    Positions,
    positions_in,
    values_at,
)
from wellspring.localization.reference import Reference, directions

__all__ = ["QUANTILES", "Groups", "Measured", "grouped", "measure"]

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Groups:
    """Molecules in groups, one gene's each: those from ``starts[i]`` on, ``counts[i]`` of them (1 or more)."""

    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @property
    def of_each(self) -> NDArray[np.intp]:
        """The group of each molecule."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def sums(self, values: NDArray[np.generic]) -> _Array:
        """Sums over each group, along the first axis."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=0, dtype=np.float64))

    def means(self, values: NDArray[np.generic]) -> _Array:
        """Means over each group."""
        return self.sums(values) / self.counts.reshape(-1, *[1] * (values.ndim - 1))

    def ordered(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values (n,) in ascending order within each group; of NaN among them all are NaN."""
        if not len(values) or not np.isfinite(values).all():
            return np.full_like(values, np.nan)
        # A key holds the group and the value: keys alone are sorted several times faster than places by keys.
        low = float(values.min())
        span = 2 * (float(values.max()) - low) + 1e-30
        number = self.of_each
        keys = np.sort(number + (values - np.float64(low)) / span)
        return ((keys - number) * span + low).astype(values.dtype)

    def quantiles(self, ordered: NDArray[np.floating], parts: tuple[float, ...] = QUANTILES) -> _Array:
        """(groups, parts) quantiles, linear between two, of values from `ordered`; NaN where these are NaN."""
        at = self.starts[:, None] + (self.counts[:, None] - 1) * np.array(parts)
        lower = np.floor(at).astype(np.intp)
        upper = np.minimum(lower + 1, (self.starts + self.counts - 1)[:, None])
        part = at - lower
        return np.asarray(ordered[lower] * (1 - part) + ordered[upper] * part, dtype=np.float64)


def grouped(sorted_keys: NDArray[np.generic]) -> Groups:
    """Groups of equal keys (n,), which are next to each other."""
    if not len(sorted_keys):
        return Groups(np.zeros(0, np.intp), np.zeros(0, np.intp))
    starts = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    return Groups(starts, np.diff(np.append(starts, len(sorted_keys))))


@dataclass(frozen=True)
class Measured:
    """Features of the groups of one cell.

    Attributes
    ----------
    columns : dict of str to (groups,) float64
        Published features by name, see `wellspring.localization.definitions`; not defined is NaN.
    effects : dict of str to (groups,) float64
        What patterns are told apart by: differences from a uniform distribution in units of its spread, free of the
        number of molecules, and their ratio to the error that this number leaves.
    at : Positions
        Of the molecules.
    """

    columns: Mapping[str, _Array]
    effects: Mapping[str, _Array]
    at: Positions


def measure(
    grid: CellGrid, reference: Reference, points: _Array, groups: Groups, *, has_pairs: bool = True
) -> Measured:
    """The features of all groups of molecules of one cell.

    Parameters
    ----------
    grid, reference
        The cell.
    points : (n, 2) float64
        x, y in µm; inside the cell, or within a pixel of its edge. Group after group.
    groups
        Over `points`; none give empty columns.
    has_pairs
        Whether pairs of molecules are looked at: nearest neighbours, Ripley's K, foci. The classifier needs them.
    """
    at = positions_in(grid, points)
    values = values_at(grid, at, sorted_px=reference.sorted_px, deepest=reference.deepest)
    means = groups.means(values)
    columns: dict[str, _Array] = {}
    effects: dict[str, _Array] = {}
    _add_distances(columns, effects, grid=grid, reference=reference, at=at, groups=groups)
    _add_values(columns, effects, reference=reference, means=means, counts=groups.counts)
    _add_moments(columns, effects, grid=grid, reference=reference, points=at.points, groups=groups)
    if has_pairs:
        _add_pairs(columns, effects, grid=grid, reference=reference, points=at.points, groups=groups)
    return Measured(columns, effects, at)


def _add_distances(
    columns: dict[str, _Array],
    effects: dict[str, _Array],
    *,
    grid: CellGrid,
    reference: Reference,
    at: Positions,
    groups: Groups,
) -> None:
    means = groups.means(at.distances)
    ordered = [groups.ordered(np.ascontiguousarray(one)) for one in at.distances.T]
    for k, name in enumerate(DISTANCES):
        quantiles = groups.quantiles(ordered[k])
        columns[f"{name}_distance_mean"] = means[:, k] / grid.radius_um
        for part, one in zip(QUANTILES, quantiles.T, strict=True):
            columns[f"{name}_distance_q{round(100 * part)}"] = one / grid.radius_um
            ranks = np.searchsorted(reference.sorted_px[:, k], one.astype(np.float32)) / len(reference.sorted_px)
            effects[f"{name}_rank_q{round(100 * part)}"] = np.where(np.isnan(one), np.nan, ranks)
        columns[f"{name}_rank_median"] = effects[f"{name}_rank_q50"]
    for short, k in (("cell", 0), ("nuc", 1)):
        distance = np.maximum(at.distances[:, k], 0)
        pixels = np.maximum(reference.pixels.distances[:, k], 0)
        median = groups.quantiles(np.maximum(ordered[k], 0), (0.5,))[:, 0]
        middle = float(np.median(pixels))
        columns[f"index_mean_distance_{short}"] = groups.means(distance) / float(pixels.mean())
        columns[f"index_median_distance_{short}"] = median / middle if middle > 0 else np.full(len(median), np.nan)


def _add_values(
    columns: dict[str, _Array],
    effects: dict[str, _Array],
    *,
    reference: Reference,
    means: _Array,
    counts: NDArray[np.intp],
) -> None:
    found = dict(zip(VALUES, means.T, strict=True))
    area = dict(zip(VALUES, reference.mean, strict=True))
    spread = dict(zip(VALUES, reference.sd, strict=True))

    def index(name: str) -> _Array:
        """Share over that of the area; NaN where the cell has no such area."""
        return found[name] / area[name] if area[name] > 0 else np.full(len(counts), np.nan)

    columns["proportion_rna_in_nuc"] = found["in_nucleus"]
    columns["proportion_rna_nuc_edge"] = found["nuclear_edge"]
    columns["index_rna_nuc_edge"] = index("nuclear_edge")
    for low, high in NUCLEUS_RINGS_NM:
        columns[f"index_rna_nuc_radius_{low}_{high}"] = index(f"nucleus_ring_{low}_{high}")
    for low, high in CELL_BANDS_NM:
        columns[f"index_rna_cell_radius_{low}_{high}"] = index(f"cell_band_{low}_{high}")
    columns["proportion_rna_protrusion"] = found["protrusion"]
    columns["index_rna_protrusion"] = index("protrusion")
    for name in VALUES:
        if name.startswith("opening"):
            columns[f"{name}_share"], columns[f"{name}_index"] = found[name], index(name)
        if name.startswith("radial"):
            columns[f"radial_density_{name[-1]}"] = index(name)
        if name.endswith("rank"):
            columns[f"{name}_mean"] = found[name]
        if spread[name] > 0:
            effects[name] = (found[name] - area[name]) / spread[name]
            effects[f"{name}_z"] = effects[name] * np.sqrt(counts)
        else:
            effects[name] = effects[f"{name}_z"] = np.full(len(counts), np.nan)
        effects[f"{name}_share"] = found[name]
    for name in ("in_nucleus", "protrusion", *(one for one in VALUES if one.startswith("opening"))):
        effects[f"{name}_area"] = np.full(len(counts), area[name])


def _second_moment(points: _Array, weights: _Array, centre: _Array) -> float:
    return float(weights @ ((points - centre) ** 2).sum(axis=1))


def _add_moments(
    columns: dict[str, _Array],
    effects: dict[str, _Array],
    *,
    grid: CellGrid,
    reference: Reference,
    points: _Array,
    groups: Groups,
) -> None:
    counts, pixels = groups.counts, reference.pixels.points
    centre = groups.means(points)
    offset = centre - reference.centre
    gyration = float(np.trace(reference.covariance))
    own = groups.means(((points - np.repeat(centre, counts, axis=0)) ** 2).sum(axis=1))
    # Of the cell about the same centre: its own second moment and the distance of the two centres.
    around = gyration + (offset**2).sum(axis=1)
    columns["polarization_index"] = np.hypot(*offset.T) / np.sqrt(gyration)
    columns["dispersion_index"] = own / around
    in_cytoplasm = ~(reference.pixels.distances[:, 1] < 0)
    if grid.nucleus is not None and in_cytoplasm.any():
        weights = reference.weights * in_cytoplasm
        cytoplasm = _second_moment(pixels, weights / weights.sum(), grid.nucleus_centroid)
        squares = ((points - grid.nucleus_centroid) ** 2).sum(axis=1)
        columns["peripheral_distribution_index"] = groups.means(squares) / cytoplasm
    else:
        columns["peripheral_distribution_index"] = np.full(len(counts), np.nan)
    inverse = np.asarray(np.linalg.inv(reference.covariance), dtype=np.float64)
    effects["offset"] = np.sqrt(np.einsum("gi,ij,gj->g", offset, inverse, offset))
    effects["offset_z"] = effects["offset"] * np.sqrt(counts)
    for name in ("polarization_index", "dispersion_index", "peripheral_distribution_index"):
        effects[name] = columns[name]
    _add_spread(effects, inverse=inverse, points=points, centre=centre, groups=groups)
    _add_angles(columns, effects, grid=grid, reference=reference, points=points, centre=centre, groups=groups)


def _add_spread(effects: dict[str, _Array], *, inverse: _Array, points: _Array, centre: _Array, groups: Groups) -> None:
    """Smaller and larger principal spread of the molecules in the cell's own frame: both 1 if uniform."""
    way = points - np.repeat(centre, groups.counts, axis=0)
    own = groups.means(way[:, :, None] * way[:, None, :])
    product = own @ inverse
    trace, determinant = np.trace(product, axis1=1, axis2=2), np.linalg.det(product)
    root = np.sqrt(np.maximum(trace**2 / 4 - determinant, 0))
    effects["least_spread"], effects["largest_spread"] = trace / 2 - root, trace / 2 + root


def _add_angles(
    columns: dict[str, _Array],
    effects: dict[str, _Array],
    *,
    grid: CellGrid,
    reference: Reference,
    points: _Array,
    centre: _Array,
    groups: Groups,
) -> None:
    for k, (name, origin) in enumerate((("cell", grid.centroid), ("nucleus", grid.nucleus_centroid))):
        unit = directions(points, origin)
        mean = groups.means(unit)
        away = np.hypot(*(mean - reference.direction_mean[k]).T) / reference.direction_sd[k]
        effects[f"direction_{name}"], effects[f"direction_{name}_z"] = away, away * np.sqrt(groups.counts)
        if name == "cell":
            columns["angular_resultant"] = np.hypot(*mean.T)
    towards = directions(centre, reference.centre)
    cosine = (directions(points, reference.centre) * np.repeat(towards, groups.counts, axis=0)).sum(axis=1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    around = np.degrees(np.arctan2(towards[:, 1], towards[:, 0]))
    below = np.zeros(len(groups.counts))
    for high in (45, 90, 135, 180):
        low = high - 45
        share = groups.means((angle > low) & (angle <= high) if low else angle <= high)
        within = reference.share_within(around, high)
        expected, below = within - below, within
        with np.errstate(divide="ignore", invalid="ignore"):
            density = np.where(expected > 0, share / expected, np.nan)
        columns[f"angular_density_{high}"] = effects[f"angular_density_{high}"] = density


def _add_pairs(
    columns: dict[str, _Array],
    effects: dict[str, _Array],
    *,
    grid: CellGrid,
    reference: Reference,
    points: _Array,
    groups: Groups,
) -> None:
    counts, number = groups.counts, groups.of_each
    near = nearest(points, number)
    usual = 0.5 * np.sqrt(grid.area_um2 / counts)
    columns["nearest_neighbor_ratio"] = effects["nearest_neighbor_ratio"] = groups.means(near) / usual
    neighbors = neighbor_counts(points, number, np.array(RADII) * grid.radius_um)
    others = np.maximum(counts - 1, 1)
    pairs = np.where(counts > 1, counts * (counts - 1.0), np.nan)
    sums = groups.sums(neighbors)
    most = np.maximum.reduceat(neighbors, groups.starts, axis=0) if len(counts) else neighbors.astype(np.float64)
    for k, radius in enumerate(RADII):
        name, share = f"{round(100 * radius):02d}", reference.pair_share[k]
        columns[f"ripley_k_{name}"] = sums[:, k] / pairs / share
        expected = pairs * share
        # Each pair is counted from both ends.
        effects[f"pairs_{name}"] = np.log2((sums[:, k] + 1) / (expected + 1))
        effects[f"pairs_{name}_z"] = (sums[:, k] - expected) / np.sqrt(2 * expected)
        effects[f"densest_{name}"] = most[:, k] / others - share
        dense = neighbors[:, k] > np.maximum(3 * np.repeat(counts - 1, counts) * share, 1.5)
        effects[f"dense_{name}"] = groups.means(dense)
    found = foci(points, number, radius_um=FOCUS_RADIUS_UM)
    columns["proportion_rna_in_foci"] = groups.means(found.focus >= 0)
    effects["proportion_rna_in_foci"] = columns["proportion_rna_in_foci"]
    kept = found.focus >= 0
    owner = np.full(int(found.focus.max(initial=-1)) + 1, -1, np.intp)
    owner[found.focus[kept]] = number[kept]
    columns["foci"] = np.bincount(owner, minlength=len(counts)).astype(np.float64)
