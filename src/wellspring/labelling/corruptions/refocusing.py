"""Transmitted light in another plane, by the wave model, from the planes that were imaged."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wellspring.errors import InputError
from wellspring.labelling.optics import Microscope, weak_transfer

__all__ = ["refocused"]

# Smallest transfer, as a share of the largest, that phase and absorption are read from: a frequency that the planes
# hardly show keeps its value. Noise is raised by 1/(2 · 0.1) at most.
_LEAST_TRANSFER = 0.1
# Cells change the phase about this many times as much as they absorb, so absorption is allowed less.
_PHASE_OVER_ABSORPTION = 5.0
_LEAST_CONTRAST = 0.02


def refocused(
    planes: NDArray[np.floating], *, planes_um: Sequence[float], microscope: Microscope, by_um: float
) -> NDArray[np.float64]:
    """The same planes with the stage moved by `by_um`.

    Phase and absorption of a weak object are found from all planes together (least squares with Tikhonov's term, for
    each spatial frequency); what they give in the moved plane, less what they give in the plane itself, is added to the
    plane. So what the model does not explain stays, and a move by 0 changes nothing.

    Parameters
    ----------
    planes : (C, Y, X) float
        Intensities without the camera's offset.
    planes_um : (C,) float
        Their places, µm.
    microscope
        Contrast, apertures and pixel size of the images.
    by_um
        How far each plane is moved, µm.

    Returns
    -------
    (C, Y, X) float64

    Raises
    ------
    ValueError
        When the number of places is not that of planes, or when the planes do not show phases: bright field in focus
        alone.
    """
    images = np.asarray(planes, dtype=np.float64)
    if images.ndim != 3 or len(images) != len(planes_um):
        raise InputError(f"planes: expected {len(planes_um)} planes (C, Y, X), got an array of shape {images.shape}.")
    if by_um == 0:
        return images.copy()
    pad = min(int(np.ceil(20.0 / microscope.pixel_um)), *(side - 1 for side in images.shape[1:]))
    padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad)), mode="reflect")
    level = np.median(padded, axis=(1, 2), keepdims=True)
    seen = fft.rfft2(padded / level - 1, axes=(1, 2))
    shape = (padded.shape[1], padded.shape[2])
    here = [_transfer(shape, microscope, float(z)) for z in planes_um]
    there = [_transfer(shape, microscope, float(z + by_um)) for z in planes_um]
    if max(float(np.abs(phase).max()) for phase, _ in here) < _LEAST_CONTRAST * 2:
        raise InputError(
            "defocus: bright field in focus shows no phases, so it cannot be moved out of focus. Give a second plane, "
            "a few µm away, or use the corruption blur."
        )
    phase, absorption = _objects(seen, here)
    moved = [
        image + fft.irfft2((p1 - p0) * phase + (a1 - a0) * absorption, s=shape) * one
        for image, one, (p0, a0), (p1, a1) in zip(padded, level, here, there, strict=True)
    ]
    return np.asarray(np.stack(moved)[:, pad : shape[0] - pad, pad : shape[1] - pad])


@lru_cache(maxsize=12)
def _transfer(
    shape: tuple[int, int], microscope: Microscope, z_um: float
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """The same for all fields of a sweep."""
    return weak_transfer(shape, microscope=microscope, z_um=z_um)


def _objects(
    seen: NDArray[np.complexfloating], transfers: Sequence[tuple[NDArray[np.complex64], NDArray[np.complex64]]]
) -> tuple[NDArray[np.complexfloating], NDArray[np.complexfloating]]:
    """Spectra of phase and absorption, from those of the planes: 2 × 2 normal equations at each frequency."""
    of_phase = np.stack([phase for phase, _ in transfers])
    of_absorption = np.stack([absorption for _, absorption in transfers])
    largest = max(float(np.abs(of_phase).max()), 1e-12)
    least = (_LEAST_TRANSFER * largest) ** 2
    pp = (np.abs(of_phase) ** 2).sum(axis=0) + least
    aa = (np.abs(of_absorption) ** 2).sum(axis=0) + least * _PHASE_OVER_ABSORPTION**2
    pa = (np.conj(of_phase) * of_absorption).sum(axis=0)
    p_seen, a_seen = (np.conj(of_phase) * seen).sum(axis=0), (np.conj(of_absorption) * seen).sum(axis=0)
    determinant = pp * aa - np.abs(pa) ** 2
    return (aa * p_seen - pa * a_seen) / determinant, (pp * a_seen - np.conj(pa) * p_seen) / determinant
