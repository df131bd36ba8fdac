"""Fields of endothelial-like monolayers: nuclei, cell borders, actin that leaves the rim as severity rises."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

__all__ = ["CHANNELS", "Optics", "draw_monolayer"]

CHANNELS = ("actin", "borders", "nuclei")
_OFFSET = 100.0
# Distance of neighbouring nuclei, px.
_SPACING = 30.0


@dataclass(frozen=True)
class Optics:
    """An objective: light that reaches the camera, blur, vignette.

    Attributes
    ----------
    gain : float
        Photons per unit of stain.
    blur_px : float
        Standard deviation.
    vignette : float
        Share of the light that is lost in the corners.
    """

    gain: float
    blur_px: float
    vignette: float


def draw_monolayer(
    size_px: int, *, severity: float, optics: Optics, defect: str, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Draw one field.

    Nuclei lie on a jittered grid, and each point belongs to the nearest one. Borders are where two nuclei are about
    as near. Actin runs along the borders in controls; with severity, the borders waver, the rim loses actin and fibres
    of random direction fill the cells.

    Parameters
    ----------
    size_px
        Side of the field, 2 or more.
    severity
        0 (control) to 1.
    defect
        ``none``; ``defocus`` (all channels blurred); ``debris`` (bright clumps).

    Returns
    -------
    (3, size_px, size_px) uint16
        Channels as of `CHANNELS`: Poisson light above an offset of 100, read noise 3.
    """
    stains = _stains(size_px, severity=severity, rng=rng)
    if defect == "debris":
        stains = stains + _debris(size_px, rng=rng)
    blur = optics.blur_px + (5.0 if defect == "defocus" else 0.0)
    light = np.stack([ndimage.gaussian_filter(stain, blur) for stain in stains])
    y, x = np.mgrid[:size_px, :size_px] / (size_px - 1) - 0.5
    light *= optics.gain * (1 - optics.vignette * (x**2 + y**2) / 0.5)
    noisy = rng.poisson(light) + _OFFSET + rng.normal(0, 3, light.shape)
    return np.clip(np.rint(noisy), 0, 65535).astype(np.uint16)


def _stains(size_px: int, *, severity: float, rng: np.random.Generator) -> NDArray[np.float64]:
    places = np.arange(-2 * _SPACING, size_px + 2 * _SPACING, _SPACING)
    # Another origin in each field, or all fields would have their cells in the same places.
    grid = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2) + rng.uniform(0, _SPACING, 2)
    nuclei = grid + rng.uniform(-0.3, 0.3, grid.shape) * _SPACING
    pixels = np.indices((size_px, size_px)).reshape(2, -1).T.astype(np.float64)
    waver = (1 + 8 * severity) * np.stack([_smooth_noise(size_px, 6, rng=rng).ravel() for _ in range(2)], axis=1)
    distance, owner = cKDTree(nuclei).query(pixels + waver, k=2)
    gap = (distance[:, 1] - distance[:, 0]).reshape(size_px, size_px)
    rim = np.exp(-((gap / 3.0) ** 2))
    brightness = rng.uniform(0.8, 1.2, len(nuclei))[owner[:, 0]].reshape(size_px, size_px)
    actin = 0.25 + (1.6 - 0.8 * severity) * np.exp(-((gap / 5.0) ** 2)) + 1.6 * severity * _fibres(size_px, rng=rng)
    # Nuclei are not moved by the wavering borders.
    near, _ = cKDTree(nuclei).query(pixels)
    nuclear = 1 / (1 + np.exp((near.reshape(size_px, size_px) - 7.5) / 0.8))
    return np.stack([actin * brightness, 0.2 + 1.5 * rim, 0.1 + 2.0 * nuclear * brightness])


def _smooth_noise(size_px: int, sigma: float, *, rng: np.random.Generator) -> NDArray[np.float64]:
    noise = ndimage.gaussian_filter(rng.standard_normal((size_px, size_px)), sigma, mode="wrap")
    return np.asarray(noise / noise.std())


def _fibres(size_px: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Streaks in three random directions, 0 and above, mean about 0.4."""
    found = np.zeros((size_px, size_px))
    for angle in rng.uniform(0, 180, 3):
        wide = ndimage.gaussian_filter(rng.standard_normal((2 * size_px, 2 * size_px)), (1.2, 9))
        turned = ndimage.rotate(wide / wide.std(), angle, reshape=False, order=1)
        margin = size_px // 2
        found += np.maximum(turned[margin : margin + size_px, margin : margin + size_px], 0)
    return found / 3


def _debris(size_px: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    y, x = np.mgrid[:size_px, :size_px]
    clumps = np.zeros((size_px, size_px))
    for row, column in rng.uniform(0.2, 0.8, (4, 2)) * size_px:
        clumps[np.hypot(y - row, x - column) < rng.uniform(0.05, 0.09) * size_px] = 40.0
    return clumps
