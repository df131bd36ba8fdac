"""Candidates: maxima of a response, at most k per neighbourhood, no hot pixels or edges, at subpixel places."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from wellspring.spots.border_maxima import gathered, peaks_inside
from wellspring.spots.filters import RATIO
from wellspring.spots.hot_pixels import is_block, is_hard_edged, is_hot
from wellspring.spots.noise import NoiseMap

__all__ = ["Candidates", "HotPixels", "find_candidates", "refined_positions", "spot_sizes"]

# Where lines and edges are distinguished from spots: so far to both sides, in so many directions.
_SIDE_SIGMAS, _FAR_SIGMAS, _DIRECTIONS = 2.5, 4.0, 16
# Of a maximum between neighbours, share of its height and deviations of the noise.
_LEAST_FALL, _SURE_FALL = 0.2, 5.0
# Sizes looked at, relative to the expected one: half to double in steps of a third of an octave.
_SIZE_STEPS = 2.0 ** (np.arange(-3, 4) / 3)
_CHUNK = 512
_CLEAR = 5.0


@dataclass(frozen=True)
class Candidates:
    """Maxima of a response, the highest first.

    Attributes
    ----------
    points : (n, n_axes) int64
        Pixels.
    response : (n,) float32
        Response there over its level around (`NoiseMap.level`) and over the ridge that it may be on, intensity.
    noise : (n,) float32
        Noise of the response there, intensity: the standard deviation of Gaussian noise that is as rarely so high.
    sharpness : (n,) float32
        How fast the response falls in the plane: its curvature times sigma**2 over its height. 1 for a spot of the
        expected size, 0.7 for one of 1.4 times that, more for noise. Empty where it is not known.
    hot : HotPixels, optional
        Maxima that were left out, of all candidates.
    """

    points: NDArray[np.int64]
    response: NDArray[np.float32]
    noise: NDArray[np.float32]
    sharpness: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    hot: "HotPixels | None" = None

    def __len__(self) -> int:
        return len(self.points)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Candidates":
        """Those chosen by a mask or by their places."""
        sharpness = self.sharpness[chosen] if len(self.sharpness) else self.sharpness
        return Candidates(self.points[chosen], self.response[chosen], self.noise[chosen], sharpness)

    def without(self, masked: NDArray[np.bool_]) -> "Candidates":
        """Those whose pixel is not masked, and the hot pixels."""
        return replace(self.where(~masked[tuple(self.points.T)]), hot=self.hot)


@dataclass(frozen=True)
class HotPixels:
    """Maxima that are hot pixels: single ones (`is_hot`) and clusters (`is_hard_edged`)."""

    single: Candidates
    clusters: Candidates


def find_candidates(
    image: NDArray[np.generic],
    response: NDArray[np.float32],
    noise: NoiseMap,
    *,
    sigma_px: Sequence[float],
    least_response: float | None,
    least_factor: float,
    max_per_neighborhood: int,
    neighborhood_px: Sequence[float],
) -> Candidates:
    """Maxima that could be spots.

    A maximum is at least as high as its 8 (26 in 3D) neighbours; of equal ones the first in raster order counts. Lines,
    edges, hot pixels and, on the outermost rows and columns, the flanks of what lies outside are left out.

    Parameters
    ----------
    image, response : (Y, X) or (Z, Y, X)
    noise
        Noise of the response.
    sigma_px
        Expected size per axis.
    least_response
        Least response, intensity; None: `least_factor` times the noise of the place.
    least_factor
        See there.
    max_per_neighborhood, neighborhood_px
        At most so many maxima within that ellipsoid (half-axes, px) around any of them, the highest first.

    Returns
    -------
    Candidates
        Empty for a constant image.
    """
    points = _maxima(response, _above(response, noise, least_response=least_response, least_factor=least_factor))
    values = gathered(response, points, (0,) * response.ndim) - noise.level.at(points).astype(np.float32)
    may_pass = values > (least_factor * noise.at(points) if least_response is None else least_response)
    may_pass[may_pass] = _is_round(response, points[may_pass], noise.at(points[may_pass]), sigma_px=sigma_px)
    points, values = points[may_pass], values[may_pass]
    values -= _ridge(response, points, sigma_px=sigma_px)
    order = np.argsort(-values, kind="stable")
    points, values = points[order], values[order]
    found = Candidates(points, values, noise.gaussian_at(points, values))
    found = found.where(found.response > (least_factor * found.noise if least_response is None else least_response))
    found = found.where(peaks_inside(image, found.points, sigma_px=sigma_px))
    is_single = is_hot(image, found.points, found.response, found.noise, sigma_px=sigma_px)
    # Many hot pixels are themselves a tail of the noise.
    spread = noise.at(found.points) if noise.is_heavy else found.noise
    is_cluster = ~is_single & is_hard_edged(image, found.points, spread, sigma_px=sigma_px)
    # Blocks are known from spots where they are clear of the noise.
    clear = np.flatnonzero(~is_single & ~is_cluster & (found.response > _CLEAR * spread))
    is_cluster[clear] = is_block(image, found.points[clear], spread[clear], sigma_px=sigma_px)
    hot = HotPixels(found.where(is_single), found.where(is_cluster))
    found = found.where(~(is_single | is_cluster))
    kept = _sparse(found.points, max_per_neighborhood=max_per_neighborhood, neighborhood_px=neighborhood_px)
    found = found.where(kept)
    return replace(found, sharpness=_sharpness(response, found.points, sigma_px=sigma_px), hot=hot)


def _sharpness(
    response: NDArray[np.float32], points: NDArray[np.int64], *, sigma_px: Sequence[float]
) -> NDArray[np.float32]:
    """(n,) as in `Candidates`: curvature in the plane times sigma**2 over the height."""
    lead = (0,) * (response.ndim - 2)
    here = gathered(response, points, (0,) * response.ndim)
    curvature = np.zeros(len(points), dtype=np.float32)
    for yx, sigma in zip(((1, 0), (0, 1)), sigma_px[-2:], strict=True):
        sides = [gathered(response, points, (*lead, *(sign * np.array(yx)))) for sign in (1, -1)]
        curvature += np.float32(sigma**2 / 2) * (2 * here - sides[0] - sides[1])
    return np.asarray(curvature / np.maximum(here, np.finfo(np.float32).tiny), dtype=np.float32)


def _above(
    response: NDArray[np.float32], noise: NoiseMap, *, least_response: float | None, least_factor: float
) -> NDArray[np.int64]:
    """(n, n_axes) pixels that may pass, in raster order within each tile."""
    boxes = noise.boxes()
    levels = (least_factor * noise.least()).ravel() if least_response is None else [least_response] * len(boxes)
    parts = []
    for box, level in zip(boxes, levels, strict=True):
        tile = response[box]
        # Flat places are found in a fraction of the time that points take.
        found = np.flatnonzero(tile > level + noise.level.least(box))
        parts.append(np.stack(np.unravel_index(found, tile.shape), axis=1) + [part.start for part in box])
    return np.concatenate(parts)


def _maxima(response: NDArray[np.float32], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of the points, in their order, that no neighbour exceeds."""
    is_inner = ((points > 0) & (points < np.array(response.shape) - 1)).all(axis=1)
    kept = np.concatenate(
        [
            _inner_maxima(response, points, np.flatnonzero(is_inner)),
            _border_maxima(response, points, np.flatnonzero(~is_inner)),
        ]
    )
    return np.asarray(points[np.sort(kept)])


def _inner_maxima(
    response: NDArray[np.float32], points: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which of these rows of `points`, none of them on a border, are maxima."""
    values = response.reshape(-1)
    steps = np.array(response.strides) // response.itemsize
    places = np.ravel_multi_index(tuple(points[rows].T), response.shape)
    here = values[places]
    for offset in itertools.product((-1, 0, 1), repeat=response.ndim):
        if any(offset):
            there = values[places + int(np.dot(offset, steps))]
            # Of equal neighbours the first in raster order is the maximum.
            is_higher = here > there if offset < (0,) * response.ndim else here >= there
            rows, places, here = rows[is_higher], places[is_higher], here[is_higher]
    return rows


def _distance(offset: Sequence[int]) -> int:
    return sum(abs(step) for step in offset)


def _border_maxima(
    response: NDArray[np.float32], points: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which of these rows of `points`, all on a border, are maxima."""
    # The nearest neighbours first, of which some are inside of every border: most rows end there.
    offsets = sorted(itertools.product((-1, 0, 1), repeat=response.ndim), key=_distance)
    for offset in offsets:
        if any(offset):
            own = points[rows]
            here = gathered(response, own, (0,) * response.ndim)
            there = gathered(response, own, offset)
            outside = ((own + offset < 0) | (own + offset >= response.shape)).any(axis=1)
            rows = rows[outside | (here > there if offset < (0,) * response.ndim else here >= there)]
    return rows


def _is_round(
    response: NDArray[np.float32], points: NDArray[np.int64], noise: NDArray[np.float32], *, sigma_px: Sequence[float]
) -> NDArray[np.bool_]:
    """Falls along every direction of the plane: not on a line, nor along the inside of an edge.

    At 2.5 sigma from a spot its response is 0 or less. On a line or an edge there is a direction in which the response
    stays high on both sides; a neighbouring spot raises one side only. With neighbours on both sides, as in clumps, the
    response does not fall to half; then a fifth will do if it is 5 deviations of the noise too.
    """
    lead = (0,) * (response.ndim - 2)
    here = gathered(response, points, (0,) * response.ndim)
    sides = []
    for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS:
        steps = np.rint(_SIDE_SIGMAS * np.array(sigma_px[-2:]) * [np.sin(angle), np.cos(angle)]).astype(int)
        both = [gathered(response, points, (*lead, *(sign * steps))) for sign in (1, -1)]
        sides.append(np.minimum(*both))
    fall = here - np.max(sides, axis=0)
    return np.asarray((fall >= here / 2) | (fall > np.maximum(_LEAST_FALL * here, _SURE_FALL * noise)))


def _ridge(
    response: NDArray[np.float32], points: NDArray[np.int64], *, sigma_px: Sequence[float]
) -> NDArray[np.float32]:
    """(n,) float32, 0 or more: how high the response is all along the straight line that is highest.

    The response is a ridge along the inside of an edge, and noise makes maxima on it: what counts is how far they rise
    out of it. Four places of a line, 2.5 and 4 sigma to both sides, are all high on a ridge; around a spot they are
    not, and the lowest of four values of noise is below 0.
    """
    lead = (0,) * (response.ndim - 2)
    highest = np.zeros(len(points), dtype=np.float32)
    for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS:
        lowest = np.full(len(points), np.inf, dtype=np.float32)
        for distance in (-_FAR_SIGMAS, -_SIDE_SIGMAS, _SIDE_SIGMAS, _FAR_SIGMAS):
            steps = np.rint(distance * np.array(sigma_px[-2:]) * [np.sin(angle), np.cos(angle)]).astype(int)
            np.minimum(lowest, gathered(response, points, (*lead, *steps)), out=lowest)
        np.maximum(highest, lowest, out=highest)
    return highest


def _sparse(
    points: NDArray[np.int64], *, max_per_neighborhood: int, neighborhood_px: Sequence[float]
) -> NDArray[np.int64]:
    """Places of the points kept when, in the given order, each one is dropped that would make a neighbourhood too full.

    Full is a neighbourhood with k points, its own included: that of the new point, or of one kept before.
    """
    if len(points) == 0:
        return np.zeros(0, dtype=np.int64)
    tree = cKDTree(points / np.asarray(neighborhood_px))
    pairs = tree.query_pairs(1.0, output_type="ndarray")
    # Only points with neighbours need a look.
    neighbors: dict[int, list[int]] = {}
    for first, second in np.sort(pairs, axis=1).tolist():
        neighbors.setdefault(second, []).append(first)
    kept = np.ones(len(points), dtype=bool)
    others = np.zeros(len(points), dtype=np.int64)
    for place in sorted(neighbors):
        near = [other for other in neighbors[place] if kept[other]]
        kept[place] = len(near) < max_per_neighborhood and all(others[n] < max_per_neighborhood - 1 for n in near)
        if kept[place]:
            others[place] = len(near)
            others[near] += 1
    return np.flatnonzero(kept)


def refined_positions(response: NDArray[np.float32], points: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, n_axes) float64 subpixel places: along each axis the vertex of the parabola through the log response.

    Near its maximum the logarithm of the response is a parabola, and smooth background and neighbours are filtered out
    of it. On simulated single spots on even background its error is up to a quarter below that of a parabola through
    the response itself, but 1.3 to 1.5 times that of an iterated Gaussian-weighted centroid of the image, which needs a
    background level and is drawn towards neighbours. At most half a pixel from the maximum; at
    the border, and where a neighbour's response is not positive, a parabola through the response or the pixel itself.
    """
    places = points.astype(np.float64)
    middle = gathered(response, points, (0,) * response.ndim).astype(np.float64)
    for axis in range(response.ndim):
        step = np.eye(response.ndim, dtype=int)[axis]
        below = gathered(response, points, tuple(-step)).astype(np.float64)
        above = gathered(response, points, tuple(step)).astype(np.float64)
        is_positive = (below > 0) & (above > 0) & (middle > 0)
        left, center, right = (
            np.where(is_positive, np.log(np.where(is_positive, v, 1.0)), v) for v in (below, middle, above)
        )
        curvature = left + right - 2 * center
        is_inside = (points[:, axis] > 0) & (points[:, axis] < response.shape[axis] - 1) & (curvature < 0)
        shift = np.where(is_inside, (left - right) / (2 * np.where(is_inside, curvature, 1.0)), 0.0)
        places[:, axis] += np.clip(shift, -0.5, 0.5)
    return places


def spot_sizes(
    image: NDArray[np.generic], points: NDArray[np.int64], *, sigma_px: Sequence[float]
) -> NDArray[np.float64]:
    """(n,) float64 size in the plane, px: the pair of kernels that responds most (Dubois 2017, section 2.1.1).

    Seven successive pairs around 0.5 to 2 times the expected size, applied in the plane at the spots alone. In the
    plane a Gaussian spot responds most to the pair around its own size; between the pairs, the vertex of the parabola
    through the best three, on a log scale. Sizes beyond the pairs are given as the nearest end's. Where y and x differ,
    the geometric mean.
    """
    expected = float(np.sqrt(sigma_px[-1] * sigma_px[-2]))
    radius = int(np.ceil(3.0 * np.sqrt(RATIO) * _SIZE_STEPS[-1] * max(sigma_px[-2:])))
    kernels = np.stack([_plane_pair(step, sigma_px=sigma_px, radius=radius) for step in _SIZE_STEPS])
    span = np.arange(-radius, radius + 1)
    sizes = np.empty(len(points))
    for first in range(0, len(points), _CHUNK):
        part = points[first : first + _CHUNK]
        rows = _mirrored(part[:, -2, None] + span, image.shape[-2])[:, :, None]
        columns = _mirrored(part[:, -1, None] + span, image.shape[-1])[:, None, :]
        planes = (part[:, 0, None, None],) if image.ndim == 3 else ()
        patches = image[(*planes, rows, columns)].astype(np.float32).reshape(len(part), -1)
        answers = patches @ kernels.T
        best = np.clip(answers.argmax(axis=1), 1, len(kernels) - 2)
        left, center, right = (np.take_along_axis(answers, (best + d)[:, None], 1)[:, 0] for d in (-1, 0, 1))
        curvature = left + right - 2 * center
        shift = np.where(curvature < 0, (left - right) / (2 * np.where(curvature < 0, curvature, 1.0)), 0.0)
        steps = best - 3 + np.clip(shift, -1.0, 1.0)
        sizes[first : first + _CHUNK] = expected * 2.0 ** (steps / 3)
    return sizes


def _plane_pair(step: float, *, sigma_px: Sequence[float], radius: int) -> NDArray[np.float32]:
    """Weights of the difference of two Gaussians in the plane, of a size relative to the expected one."""
    span = np.arange(-radius, radius + 1)
    narrow, wide = (np.outer(*(_normal(span, s * step * RATIO**power) for s in sigma_px[-2:])) for power in (-0.5, 0.5))
    return (narrow - wide).astype(np.float32).ravel()


def _normal(span: NDArray[np.int64], sigma: float) -> NDArray[np.float64]:
    weights = np.exp(-0.5 * (span / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def _mirrored(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices beyond the border mirrored as often as needed: ... 1 0 | 0 1 ..."""
    index = np.mod(index, 2 * size)
    return np.asarray(np.where(index < size, index, 2 * size - 1 - index))
