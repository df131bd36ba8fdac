"""What a camera sees of a simulated field for labelling: transmitted light in several planes, and its stains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.labelling.optics import Contrast, Microscope, transmitted_image
from wellspring.segmentation.labels import touches_border
from wellspring.simulation.labelling_cells import STAINS, CellLine, Scene, draw_scene

__all__ = ["Camera", "Field", "FieldLight", "draw_field", "flat_field", "light_channel"]

_NAMES: Mapping[str, str] = {"bright_field": "BF", "dic": "DIC", "phase_contrast": "PH"}
# Photons of a stain's amount 1 and of the background; amounts are about 1 in a mean nucleus.
_STAIN_PHOTONS = {"nucleus": 1500.0, "er": 900.0, "golgi": 900.0, "reporter": 1200.0}
_BACKGROUND_PHOTONS = 60.0
# Blur of a stain: the point spread function (0.21 λ/aperture at 0.6 µm, 0.45) and what lies out of focus.
_STAIN_BLUR_UM = 0.5
_MARGIN_UM = 10.0


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Objective, contrast, planes and camera.

    Attributes
    ----------
    contrast : str
        As of `Microscope`.
    planes_um : tuple of float
        Focal planes of the transmitted light, µm; one channel each.
    size_px : int
        Side of a field.
    pixel_um : float
        Side of a camera pixel in the field.
    binning : int
        How many times finer the light is computed.
    photons : float
        Of the empty field in transmitted light, a pixel; a photon is a count.
    read_noise, offset : float
        Counts.
    focus_sd_um, lamp_sd : float
        How much focus and (relative) brightness vary from field to field.
    """

    contrast: Contrast = "dic"
    planes_um: tuple[float, ...] = (0.0,)
    size_px: int = 256
    pixel_um: float = 0.65
    binning: int = 2
    photons: float = 8000.0
    read_noise: float = 3.0
    offset: float = 100.0
    focus_sd_um: float = 0.3
    lamp_sd: float = 0.02


@dataclass(frozen=True)
class FieldLight:
    """What differs from the plate's usual light: focus (µm), brightness (factor)."""

    z_um: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Field:
    """One field and its truth.

    Attributes
    ----------
    images : dict of str to (Y, X) uint16
        By channel: planes of transmitted light, then `STAINS`.
    labels : (Y, X) uint32
        True nuclei, 0 outside.
    nuclei : DataFrame
        A row per label: nucleus, y_px, x_px, area_px, is_border, is_mitotic, is_lower; for each stain
        ``mean_<stain>`` and ``total_<stain>``, counts above background in the true mask, without noise.
    z_um, gain : float
        True focus and brightness.
    """

    images: dict[str, NDArray[np.uint16]]
    labels: NDArray[np.uint32]
    nuclei: pd.DataFrame
    z_um: float
    gain: float


def light_channel(contrast: str, z_um: float) -> str:
    """Name of the channel of a plane: DIC, DICm10 (10 µm below), DICp2.5."""
    place = "" if z_um == 0 else f"{'m' if z_um < 0 else 'p'}{abs(z_um):g}"
    return f"{_NAMES[contrast]}{place}"


def draw_field(
    *, per_mm2: float, camera: Camera, line: CellLine, flat: NDArray[np.floating], light: FieldLight,
    rng: np.random.Generator,
) -> Field:  # fmt: skip
    """Draw one field: cells, transmitted light in all planes, stains.

    Parameters
    ----------
    per_mm2
        Nuclei per mm².
    flat : (Y, X) float
        Illumination of the transmitted light with its dust, about 1.
    """
    fine_um = camera.pixel_um / camera.binning
    margin = int(np.ceil(_MARGIN_UM / camera.pixel_um))
    side = (camera.size_px + 2 * margin) * camera.binning
    scene = draw_scene((side, side), per_mm2=per_mm2, pixel_um=fine_um, line=line, rng=rng)
    z_um = light.z_um + camera.focus_sd_um * float(rng.normal())
    gain = light.gain * float(np.exp(camera.lamp_sd * rng.normal()))
    microscope = Microscope(contrast=camera.contrast, pixel_um=fine_um)
    images = {}
    for plane in camera.planes_um:
        seen = transmitted_image(scene.path_um, scene.absorption, microscope=microscope, z_um=plane + z_um)
        photons = camera.photons * gain * flat * _on_camera(seen, camera=camera, margin=margin)
        images[light_channel(camera.contrast, plane)] = _counts(photons, camera=camera, rng=rng)
    clean = {}
    for name in STAINS:
        blurred = ndimage.gaussian_filter(scene.stains[name], _STAIN_BLUR_UM / fine_um, mode="wrap")
        clean[name] = _STAIN_PHOTONS[name] * _on_camera(blurred, camera=camera, margin=margin)
        images[name] = _counts(clean[name] + _BACKGROUND_PHOTONS, camera=camera, rng=rng)
    labels, kept = _camera_labels(scene, camera=camera, margin=margin)
    return Field(images, labels, _nuclei(scene, labels, kept, clean, camera=camera, margin=margin), z_um, gain)


def flat_field(camera: Camera, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """(Y, X) illumination: darker corners, a slight tilt, and three specks of dust."""
    y, x = np.mgrid[: camera.size_px, : camera.size_px] / max(camera.size_px - 1, 1) - 0.5
    tilt = rng.uniform(-0.06, 0.06, 2)
    flat = 1 - 0.12 * (y**2 + x**2) + tilt[0] * y + tilt[1] * x
    dust = np.zeros_like(flat)
    for row, column in rng.uniform(-0.45, 0.45, (3, 2)):
        dust[np.hypot(y - row, x - column) * camera.size_px < rng.uniform(4, 9)] = 0.06
    return np.asarray(flat * (1 - ndimage.gaussian_filter(dust, 1.5)))


def _on_camera(fine: NDArray[np.floating], *, camera: Camera, margin: int) -> NDArray[np.float64]:
    """Mean over the fine pixels of each camera pixel, margin cut off."""
    n, side = camera.binning, camera.size_px + 2 * margin
    binned = fine.reshape(side, n, side, n).mean(axis=(1, 3), dtype=np.float64)
    return np.asarray(binned[margin : side - margin, margin : side - margin])


def _counts(photons: NDArray[np.floating], *, camera: Camera, rng: np.random.Generator) -> NDArray[np.uint16]:
    noisy = rng.poisson(photons) + camera.offset + rng.normal(0, camera.read_noise, photons.shape)
    return np.clip(np.rint(noisy), 0, 65535).astype(np.uint16)


def _camera_labels(scene: Scene, *, camera: Camera, margin: int) -> tuple[NDArray[np.uint32], NDArray[np.integer]]:
    """Labels of camera pixels of which a nucleus covers half or more, numbered from 1; and their numbers in `scene`."""
    covered = _on_camera((scene.labels > 0).astype(np.float32), camera=camera, margin=margin) >= 0.5
    n, side = camera.binning, camera.size_px + 2 * margin
    number = scene.labels.reshape(side, n, side, n).max(axis=(1, 3))[margin : side - margin, margin : side - margin]
    kept, renumbered = np.unique(np.where(covered, number, 0), return_inverse=True)
    labels = renumbered.reshape(number.shape) + (0 if kept[0] == 0 else 1)
    return labels.astype(np.uint32), kept[kept > 0]


def _nuclei(
    scene: Scene,
    labels: NDArray[np.uint32],
    kept: NDArray[np.integer],
    clean: Mapping[str, NDArray[np.floating]],
    *,
    camera: Camera,
    margin: int,
) -> pd.DataFrame:
    numbers: Sequence[int] = range(1, len(kept) + 1)
    table = scene.nuclei.iloc[kept - 1].reset_index(drop=True)
    centre = np.array(ndimage.center_of_mass(labels > 0, labels, numbers)).reshape(-1, 2)
    area = np.bincount(labels.ravel(), minlength=len(kept) + 1)[1:]
    table = table.assign(nucleus=np.array(numbers, dtype=np.int64), y_px=centre[:, 0], x_px=centre[:, 1], area_px=area)
    table["is_border"] = touches_border(labels)
    for name, image in clean.items():
        total = np.bincount(labels.ravel(), weights=image.ravel(), minlength=len(kept) + 1)[1:]
        table[f"total_{name}"], table[f"mean_{name}"] = total, total / np.maximum(area, 1)
    return table
