"""Noise of a response over the field: from tiles, from the light, from the borders."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.blocks import BlockMap, block_medians, block_places, block_values
from wellspring.spots.camera import MOST_LEAK, CameraNoise, camera_noise, fine_samples, samples_per_tile, spot_leak
from wellspring.spots.counting import CountNoise, CutNoise, RareNoise, count_noise, quanta_of_tail
from wellspring.spots.edge_gain import edge_gain, inner_gain, plane_factors
from wellspring.spots.photon_transfer import light_noise
from wellspring.spots.pixel_noise import HeavyNoise, heavy_noise, noise_steps

__all__ = ["NoiseMap", "noise_map"]

# A tile of 40 sigma holds about 40**2 / (4 * pi) = 127 independent values of the smoothed noise, which gives its spread
# to about 10 %, and is much larger than a spot and smaller than a cell at the usual magnifications.
_TILE_SIGMAS = 40.0
_TILE_SAMPLES = 4096
# The roughness is one number for the field, so its samples are spread over all tiles.
_ROUGHNESS_SAMPLES, _LEAST_ROUGHNESS_SAMPLES = 2**17, 256
_MAD = 1.4826
# Blocks of 16 values whose quantiles show the noise's tail: at -2.5 deviations still some 1,600 values.
_TAIL_BLOCKS = 2**14
# Up to so many times the camera's noise, texture and the wings of spots are noise like any other; a tile that is
# rougher is full of spots or of other structure as fine, and hides nothing that stands out of this.
_MOST_ROUGH = 2.0
# Mean counts are told apart in steps of a fifth.
_QUANTA_STEP = 1.2


@dataclass(frozen=True)
class NoiseMap:
    """Spread of a response over the field.

    Attributes
    ----------
    tiles : (n_tiles along each axis) float32
        Robust standard deviation of the response in each tile, at the usual light and far from the borders.
    shape : tuple of int
        Shape of the response.
    roughness : float
        Square root of the determinant of the covariance of the response's gradient, in units of its variance: how
        many independent bumps of noise there are per (2 pi)**(n_axes / 2) voxels.
    gains : one (size, 3) float64 per axis
        See `edge_gain`.
    inner : float
        Noise variance of the response far from the borders, for white noise of variance 1.
    light : BlockMap
        Noise relative to that at the usual light.
    level : BlockMap
        What the response is without noise and spots, intensity: large structures leave some.
    moments : (n_tiles, 2) float64
        Second and third central moment of the response in each tile.
    spreads : (n_tiles along each axis) float32
        Robust standard deviation of the response whatever it comes from; `tiles` is less where that is structure.
    camera : (n_tiles along each axis) float32
        Standard deviation that the camera's noise alone gives; NaN where it is not known.
    steps : BlockMap
        Noise of blocks over that of their tile where it is higher (`noise_steps`).
    counts : (n_tiles along each axis) int
        Which of `count_noises` a tile has; -1 where its noise is Gaussian.
    count_noises : tuple of RareNoise
    """

    tiles: NDArray[np.float32]
    shape: tuple[int, ...]
    roughness: float
    gains: tuple[NDArray[np.float64], ...]
    inner: float
    light: BlockMap
    level: BlockMap
    counts: NDArray[np.int64]
    count_noises: tuple[RareNoise, ...] = ()
    moments: NDArray[np.float64] | None = None
    spreads: NDArray[np.float32] | None = None
    camera: NDArray[np.float32] | None = None
    steps: BlockMap | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether single pixels deviate far more often than in Gaussian noise, all over the field."""
        return any(isinstance(one, HeavyNoise) for one in self.count_noises)

    @property
    def usual(self) -> float:
        """Median of the tiles, intensity."""
        return float(np.median(self.tiles))

    def at(self, points: NDArray[np.integer]) -> NDArray[np.float32]:
        """Noise at (n, n_axes) pixels, linear between the tiles' centres, with the light, higher near the borders.

        (n,) float32.
        """
        scale = np.array(self.tiles.shape) / np.array(self.shape)
        places = (np.asarray(points, dtype=np.float64) + 0.5) * scale - 0.5
        smooth = ndimage.map_coordinates(self.tiles.astype(np.float64), places.T, order=1, mode="nearest")
        noise = smooth * self.edge_factor(points) * self.light.at(points)
        return np.asarray(noise if self.steps is None else noise * self.steps.at(points), dtype=np.float32)

    def gaussian_at(self, points: NDArray[np.integer], response: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standard deviation of the Gaussian noise that is as rarely above `response` as the noise at the place.

        Parameters
        ----------
        points : (n, n_axes) int
        response : (n,) float32

        Returns
        -------
        (n,) float32
            `at` where the noise is Gaussian, more where few photons are counted.
        """
        noise = self.at(points)
        if not self.count_noises:
            return noise
        own = self.counts[self._tile(points)]
        for number, counting in enumerate(self.count_noises):
            is_own = (own == number) & (response > 0)
            noise[is_own] = response[is_own] / counting.gaussian_levels(response[is_own] / noise[is_own])
        return noise

    def tile_noise(self, points: NDArray[np.integer], *, of: NDArray[np.floating] | None = None) -> NDArray[np.float32]:
        """(n,) float32: `tiles`, or another number per tile, at the tile of each of (n, n_axes) pixels."""
        return np.asarray((self.tiles if of is None else of)[self._tile(points)])

    def _tile(self, points: NDArray[np.integer]) -> tuple[NDArray[np.int64], ...]:
        return tuple((points * np.array(self.tiles.shape) // np.array(self.shape)).T)

    def edge_factor(self, points: NDArray[np.integer]) -> NDArray[np.float64]:
        """Noise at (n, n_axes) pixels over that far from the borders, where the image is mirrored. (n,) float64."""
        here = np.prod([gain[points[:, axis]] for axis, gain in enumerate(self.gains)], axis=0)
        return np.asarray(np.sqrt((here[:, 0] - 2 * here[:, 1] + here[:, 2]) / self.inner))

    def boxes(self) -> list[tuple[slice, ...]]:
        """The pixels of every tile, in the order of `tiles.flat`."""
        return _tile_boxes(self.shape, self.tiles.shape)

    def least(self) -> NDArray[np.float64]:
        """(n_tiles along each axis) float64: a lower bound of `at` in each tile."""
        # The noise is interpolated between tiles, so the least of a tile and its neighbours bounds it.
        tiles = ndimage.minimum_filter(self.tiles, size=3, mode="nearest")
        lights = np.array([self.light.least(box) for box in self.boxes()]).reshape(tiles.shape)
        return np.asarray(tiles * lights)


def noise_map(
    image: NDArray[np.generic], response: NDArray[np.float32], *, sigma_px: Sequence[float], floor: float
) -> NoiseMap:
    """Noise of a response, tile by tile, so that brighter or rougher parts of the field have their own.

    1.4826 times the median absolute deviation, which spots hardly move while they cover less than a quarter of a tile.
    Within a tile the noise follows the light (`light_map`). Where few photons are counted, values were cut off at
    a floor, or the image is a maximum projection, its tail is that of counts (`count_noise`, `quanta_of_tail`).

    Parameters
    ----------
    image, response : (Y, X) or (Z, Y, X) number, float32
        Not empty.
    sigma_px
        Size of the filter per axis, px; tiles are about 40 times as wide.
    floor
        Least noise, for parts of the field without any (dead or saturated pixels).
    """
    gains = tuple(edge_gain(size, s) for size, s in zip(response.shape, sigma_px, strict=True))
    deep = np.prod([inner_gain(s) for s in sigma_px], axis=0)
    inner = float(deep[0] - 2 * deep[1] + deep[2])
    planes = plane_factors(gains, sigma_px=sigma_px, inner=inner)
    light = light_noise(image, sigma_px=sigma_px)
    level = _structure_level(response, sigma_px=sigma_px)
    n_tiles = tuple(max(1, round(n / (_TILE_SIGMAS * s))) for n, s in zip(response.shape, sigma_px, strict=True))
    boxes = _tile_boxes(response.shape, n_tiles)
    fine = fine_samples(image, boxes, light)
    heavy = heavy_noise(fine, sigma_px=sigma_px)
    usual_quanta = math.inf if heavy else _quanta_of_image(image, light, sigma_px=sigma_px)
    counts, noises = _count_noises(image, boxes, sigma_px=sigma_px, usual_quanta=usual_quanta)
    if heavy:
        counts = [_TileCount(len(noises), heavy[0]) if count is None else count for count in counts]
        noises = (*noises, heavy[1])
    n_samples = samples_per_tile(len(boxes))
    n_steps = int(np.clip(_ROUGHNESS_SAMPLES // len(boxes), _LEAST_ROUGHNESS_SAMPLES, _TILE_SAMPLES))
    tiles, spreads, gradients, moments = [], [], [], []
    for box, count in zip(boxes, counts, strict=True):
        tile = response[box]
        sample = _even(tile, box=box, planes=planes, light=light, level=level, n_samples=n_samples)
        spread = max(_spread(sample), floor)
        excess = sample.astype(np.float64) - sample.mean()
        moments.append([float((excess**2).mean()), float((excess**2 * excess).mean())])
        steps = [_spread(_steps(tile, axis=axis, n_samples=n_steps)) for axis in range(tile.ndim)]
        gradients.append([step / spread for step in steps])
        spreads.append(spread)
        # Where counts are rare, half of the response is the same, and its spread is not seen in its middle.
        tiles.append(spread if count is None else max(spread, count.step * noises[count.number].spread))
    camera = camera_noise(image, boxes, spreads, light, sigma_px=sigma_px, fine=fine)
    limited = _without_structure(np.array(tiles), camera)
    noise = NoiseMap(
        tiles=limited.astype(np.float32).reshape(n_tiles),
        shape=response.shape,
        roughness=float(np.prod(np.median(gradients, axis=0))),
        gains=gains,
        inner=inner,
        light=light,
        level=level,
        counts=np.array([-1 if count is None else count.number for count in counts]).reshape(n_tiles),
        count_noises=noises,
        moments=np.array(moments),
        spreads=np.array(spreads, dtype=np.float32).reshape(n_tiles),
        camera=camera.responses.astype(np.float32).reshape(n_tiles),
    )
    if not camera.is_known or spot_leak(sigma_px) > MOST_LEAK:
        return noise
    deviation = float(np.median(camera.responses / camera.pixels))
    return replace(noise, steps=noise_steps(image, noise, deviation=deviation, sigma_px=sigma_px))


def _without_structure(tiles: NDArray[np.float64], camera: CameraNoise) -> NDArray[np.float64]:
    """The spread of every tile, but at most twice that of the camera's noise where that is known."""
    if not camera.is_known:
        return tiles
    return np.minimum(tiles, _MOST_ROUGH * camera.responses)


def _structure_level(response: NDArray[np.float32], *, sigma_px: Sequence[float]) -> BlockMap:
    """Median of the response in blocks, smoothed along z, where it is above 0: cells are curved and have rims.

    Below 0 it is left as it is: there it comes from the neighbourhood of many spots, and noise gets no credit for it.
    """
    rows, columns = block_places(response.shape, sigma_px=sigma_px)
    medians = block_medians(block_values(response, rows, columns))
    if response.ndim == 3:
        medians = ndimage.gaussian_filter1d(medians, sigma_px[0], axis=0, mode="reflect")
    return BlockMap(np.maximum(medians, 0).astype(np.float32), response.shape)


@dataclass(frozen=True)
class _TileCount:
    """Which count noise a tile has, and what one count is worth where that is needed."""

    number: int
    step: float


def _count_noises(
    image: NDArray[np.generic], boxes: Sequence[tuple[slice, ...]], *, sigma_px: Sequence[float], usual_quanta: float
) -> tuple[list[_TileCount | None], tuple[RareNoise, ...]]:
    """Of each tile its count or cut noise, if any; tiles of nearly the same share at the floor have the same one.

    Tiles that are not at their floor have that of the whole image.
    """
    floor = float(image.min())
    numbers: dict[tuple[int, bool], int] = {}
    noises: list[RareNoise] = []
    counts: list[_TileCount | None] = []
    for box in boxes:
        quanta, step, height = count_noise(image[box], floor=floor)
        if height is None:
            quanta = min(quanta, usual_quanta)
        if np.isinf(quanta):
            counts.append(None)
            continue
        kind = round(math.log(quanta, _QUANTA_STEP)), height is not None
        if kind not in numbers:
            numbers[kind] = len(noises)
            noises.append(
                CountNoise(quanta=_QUANTA_STEP ** kind[0], sigma_px=sigma_px)
                if height is None
                else CutNoise(height=height, sigma_px=sigma_px)
            )
        counts.append(_TileCount(numbers[kind], step))
    return counts, tuple(noises)


def _quanta_of_image(image: NDArray[np.generic], light: BlockMap, *, sigma_px: Sequence[float]) -> float:
    """Counts that are as skewed as the image's noise, from its blocks (`quanta_of_tail`)."""
    values = block_values(image, *block_places(image.shape, sigma_px=sigma_px))
    lights = np.broadcast_to(light.values, values.shape[:-1]).reshape(-1)
    blocks = values.reshape(-1, values.shape[-1])
    # An odd step, so that it does not run along a column.
    some = slice(None, None, max(1, len(blocks) // _TAIL_BLOCKS) | 1)
    residuals = (blocks[some] - block_medians(blocks[some])[:, None]) / lights[some, None]
    return quanta_of_tail(residuals, rounding=1.0 if image.dtype.kind in "ui" else 0.0)


def _tile_boxes(shape: Sequence[int], n_tiles: Sequence[int]) -> list[tuple[slice, ...]]:
    """The pixels of every tile, in raster order."""
    edges = [np.linspace(0, size, n + 1).astype(int).tolist() for size, n in zip(shape, n_tiles, strict=True)]
    return list(itertools.product(*([slice(a, b) for a, b in itertools.pairwise(edge)] for edge in edges)))


def _even(
    tile: NDArray[np.float32],
    *,
    box: tuple[slice, ...],
    planes: NDArray[np.float64],
    light: BlockMap,
    level: BlockMap,
    n_samples: int,
) -> NDArray[np.float32]:
    """A sample of a tile around its local level, with its noise brought to that at the usual light off the borders."""
    flat = tile.reshape(-1)
    # An odd step, so that it does not run along a column.
    places = np.arange(0, flat.size, max(1, flat.size // n_samples) | 1)
    points = np.stack(np.unravel_index(places, tile.shape), axis=1)
    here = points + [part.start for part in box]
    factors = light.nearest(here)
    if tile.ndim == 3:
        factors = factors * planes[points[:, 0] + box[0].start]
    return np.asarray((flat[places] - level.nearest(here)) / factors, dtype=np.float32)


def _steps(tile: NDArray[np.float32], *, axis: int, n_samples: int) -> NDArray[np.float32]:
    """A sample of the differences between neighbours along `axis`, from every few lines of a tile with many."""
    step = max(1, int((tile.size / (4 * n_samples)) ** (1 / max(1, tile.ndim - 1))))
    lines = tile[tuple(slice(None) if a == axis else slice(None, None, step) for a in range(tile.ndim))]
    flat = np.diff(lines, axis=axis).reshape(-1)
    # An odd step, so that it does not run along a column.
    return np.asarray(flat[:: max(1, flat.size // n_samples) | 1])


def _spread(values: NDArray[np.float32]) -> float:
    """Robust standard deviation; 0 without values."""
    if values.size == 0:
        return 0.0
    return _MAD * _middle(np.abs(values - np.float32(_middle(values))))


def _middle(values: NDArray[np.float32]) -> float:
    """Median; on thousands of values this is half the time of `np.median`."""
    half = len(values) // 2
    parts = np.partition(values, half)
    return float(parts[half]) if len(values) % 2 else (float(parts[:half].max()) + float(parts[half])) / 2
