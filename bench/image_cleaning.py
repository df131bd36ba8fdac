"""Quality and preprocessing of a site of 3 x 2048 x 2048, compared with the same steps in plain NumPy and scikit-image.

The steps are those of Dincu 2021, section 5.1, after an illumination function: bright outliers (nuclei: radius 10,
threshold 50; borders: 50, 2000), rolling ball of 50, median of radius 2, total variation, centre crop to 1536. One
process, one thread, wall time; ours is the best of two rounds, the plain way has one. Results are compared step by
step, both given the same input.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import filters, restoration
from skimage.morphology import footprint_rectangle
from skimage.transform import resize

from bench.table import Row
from wellspring.quality.illumination import corrected
from wellspring.quality.measures import measure_image
from wellspring.quality.preprocessing import METHODS

SIZE = 2048
CHANNELS = ("actin", "borders", "nuclei")
STEPS: tuple[tuple[str, dict[str, float], tuple[str, ...]], ...] = (
    ("remove_outliers", {"radius_px": 10, "threshold": 50}, ("nuclei",)),
    ("remove_outliers", {"radius_px": 50, "threshold": 2000}, ("borders",)),
    ("rolling_ball", {"radius_px": 50}, CHANNELS),
    ("median", {"radius_px": 2}, CHANNELS),
    ("total_variation", {"weight": 0.1}, CHANNELS),
    ("crop", {"size_px": 1536}, CHANNELS),
)
_BY_NAME = {step.name: step for step in METHODS}
_Image = NDArray[np.uint16]


def drawn_site(rng: np.random.Generator) -> dict[str, _Image]:
    """Blobs of three sizes on uneven background, a little debris, shot noise."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    site = {}
    for channel, sigma in zip(CHANNELS, (4, 8, 16), strict=True):
        texture = ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)).astype(np.float32), sigma)
        light = 300 + 900 * np.maximum(texture / texture.std() - 0.5, 0)
        light[rng.integers(0, SIZE, 300), rng.integers(0, SIZE, 300)] += 8000
        site[channel] = rng.poisson(light * (1 - 0.6 * (x**2 + y**2))).astype(np.uint16)
    return site


def plain_measures(image: _Image) -> list[float]:
    """Focus slope, mean, standard deviation, percentiles, total, saturation: as one writes them down."""
    window = np.outer(np.hanning(SIZE), np.hanning(SIZE))
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2
    frequency = np.fft.fftfreq(SIZE) * SIZE
    radius = np.rint(np.hypot(frequency[:, None], frequency[None])).astype(int).ravel()
    means = np.bincount(radius, weights=power.ravel()) / np.bincount(radius)
    used = np.arange(2, SIZE // 8)
    slope = np.polyfit(np.log(used), np.log(means[used]), 1)[0]
    saturated = (image == image.max()).mean()
    quantiles = np.percentile(image, [1, 25, 50, 75, 99], method="inverted_cdf")
    return [slope, image.mean(), image.std(), *quantiles, image.sum(dtype=np.float64), saturated, _plain_empty(image)]


def _plain_empty(image: _Image) -> float:
    block = SIZE // 32
    light = image - image.mean()
    residual = ndimage.convolve(light, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]), mode="mirror")

    def blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values.reshape(32, block, 32, block).mean(axis=(1, 3)))

    variance = blocks(light**2) - blocks(light) ** 2
    return float((variance <= 1.5 * blocks(residual**2) / 36 + 1e-6 * light.var()).mean())


def _plain_corrected(image: _Image, function: NDArray[np.float32]) -> _Image:
    factor = resize(function, image.shape, order=3, mode="edge")
    return np.asarray(np.clip(np.rint((image - 100.0) * factor + 100.0), 0, 65535), dtype=np.uint16)


def _plain_outliers(image: _Image, *, radius_px: int, threshold: float) -> _Image:
    around = filters.rank.median(image, footprint_rectangle((2 * radius_px + 1,) * 2))
    return np.where(image > around + threshold, around, image).astype(np.uint16)


def _plain_ball(image: _Image, *, radius_px: int) -> _Image:
    background = restoration.rolling_ball(image.astype(np.float32), radius=radius_px, workers=1)
    return np.asarray(np.clip(np.rint(image - background), 0, 65535), dtype=np.uint16)


def _plain_median(image: _Image, *, radius_px: int) -> _Image:
    side = 2 * radius_px + 1
    return np.asarray(filters.median(image, footprint_rectangle((side, side)), mode="nearest"), dtype=np.uint16)


def _plain_total_variation(image: _Image, *, weight: float) -> _Image:
    mean, std = image.mean(), image.std()
    smooth = restoration.denoise_tv_chambolle((image - mean) / std, weight=weight)
    return np.asarray(np.clip(np.rint(smooth * std + mean), 0, 65535), dtype=np.uint16)


def _plain_crop(image: _Image, *, size_px: int) -> _Image:
    start = (SIZE - size_px) // 2
    return image[start : start + size_px, start : start + size_px]


PLAIN: dict[str, Callable[..., _Image]] = {
    "remove_outliers": _plain_outliers,
    "rolling_ball": _plain_ball,
    "median": _plain_median,
    "total_variation": _plain_total_variation,
    "crop": _plain_crop,
}


@dataclass
class Seconds:
    """Time of both ways, and the largest typical difference of their results in standard deviations of the image."""

    ours: float = 0.0
    plain: float = 0.0
    difference: float = 0.0


def _compared(ours: Callable[[], _Image], plain: Callable[[], _Image], *, found: Seconds) -> _Image:
    """Time both, note how far their results are apart (99th percentile), and return ours."""
    best = np.inf
    for _ in range(2):
        start = time.perf_counter()
        one = ours()
        best = min(best, time.perf_counter() - start)
    start = time.perf_counter()
    other = plain()
    found.plain += time.perf_counter() - start
    found.ours += best
    apart = np.percentile(np.abs(one.astype(np.float64) - other), 99) / max(float(other.std()), 1e-9)
    found.difference = max(found.difference, float(apart))
    return one


def run() -> list[Row]:
    """Measure both ways step by step and in total."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    site = drawn_site(rng)
    y, x = np.mgrid[:128, :128] / 128 - 0.5
    function = (1 / (1 - 0.6 * (x**2 + y**2))).astype(np.float32)
    seconds = {"quality": _measured(site), "illumination": Seconds()}
    for channel, image in site.items():
        site[channel] = _compared(
            partial(corrected, image, function, background=100.0),
            partial(_plain_corrected, image, function),
            found=seconds["illumination"],
        )
    for name, settings, channels in STEPS:
        found = seconds.setdefault(name, Seconds())
        for channel in channels:
            image = site[channel]
            site[channel] = _compared(
                partial(_BY_NAME[name].apply, image, **settings),
                partial(PLAIN[name], image, **settings),
                found=found,
            )
    return _rows(seconds)


def _measured(site: dict[str, _Image]) -> Seconds:
    found = Seconds()
    for image in site.values():
        measure_image(image)
        start = time.perf_counter()
        ours = np.array(list(vars(measure_image(image)).values()))
        found.ours += time.perf_counter() - start
        start = time.perf_counter()
        plain = np.array(plain_measures(image))
        found.plain += time.perf_counter() - start
        found.difference = max(found.difference, float((np.abs(ours - plain) / np.maximum(np.abs(plain), 1e-2)).max()))
    return found


def _rows(seconds: dict[str, Seconds]) -> list[Row]:
    name = "image_cleaning"
    rows = []
    for step, one in seconds.items():
        rows.append(
            Row(name, f"{step}, 3 x {SIZE} x {SIZE}", one.ours, "s", "scikit-image", one.plain / one.ours, "", None)
        )
        unit = "relative" if step == "quality" else "sd of the image"
        what = f"{step}: difference" + ("" if step == "quality" else ", 99th percentile")
        rows.append(Row(name, what, one.difference, unit, "", None, "at most 0.1", one.difference <= 0.1))
    ours, plain = (sum(getattr(one, key) for one in seconds.values()) for key in ("ours", "plain"))
    rows.append(Row(name, "all steps", ours, "s", "scikit-image", plain / ours, "at least 5", plain / ours >= 5))
    ball = seconds["rolling_ball"].ours / len(CHANNELS)
    rows.append(Row(name, f"rolling ball, {SIZE} x {SIZE}", ball, "s", "", None, "below 2 s", ball < 2))
    return rows
