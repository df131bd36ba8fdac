"""Images of thin transparent objects in transmitted light: bright field, DIC and phase contrast, with defocus."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wellspring.errors import InputError

__all__ = ["CONTRASTS", "Microscope", "transmitted_image", "weak_transfer"]

CONTRASTS = ("bright_field", "dic", "phase_contrast")
Contrast = Literal["bright_field", "dic", "phase_contrast"]
# Points of the condenser on each ring around its centre; 17 in all.
_RING_POINTS = ((0.0, 1), (0.5, 6), (0.9, 10))
_N_ANNULUS = 16


@dataclass(frozen=True, kw_only=True)
class Microscope:
    """An objective, its condenser and its contrast.

    Attributes
    ----------
    contrast : str
        ``bright_field``, ``dic`` (Nomarski) or ``phase_contrast`` (Zernike, denser is darker).
    pixel_um : float
        Side of a pixel of the objects' maps.
    aperture, condenser_aperture : float
        Numerical apertures. The condenser's is not used by phase contrast.
    wavelengths_um : tuple of float
        In air; images are averaged over them.
    medium_index : float
        Refractive index between object and objective: 1 where `z_um` is the way of a dry objective.
    shear_um, shear_angle_deg, bias_rad : float
        DIC: distance and direction (0 along x, 90 along y) between the two beams, and their phase difference.
    annulus : (float, float)
        Phase contrast: inner and outer aperture of the condenser's ring.
    ring_transmission : float
        Phase contrast: share of the direct light that the ring in the objective lets through.
    ring_offset : (float, float)
        Phase contrast: misalignment of the two rings along y and x, as an aperture.
    """

    contrast: Contrast
    pixel_um: float
    aperture: float = 0.45
    condenser_aperture: float = 0.2
    wavelengths_um: tuple[float, ...] = (0.55,)
    medium_index: float = 1.0
    shear_um: float = 0.3
    shear_angle_deg: float = 45.0
    bias_rad: float = float(np.pi / 2)
    annulus: tuple[float, float] = (0.16, 0.19)
    ring_transmission: float = 0.2
    ring_offset: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Check that light can pass."""
        if self.contrast not in CONTRASTS:
            raise InputError(f"contrast: expected one of {', '.join(CONTRASTS)}, got {self.contrast}.")
        if self.pixel_um <= 0 or not 0 < self.aperture < self.medium_index or not self.wavelengths_um:
            raise InputError(
                f"microscope: expected a pixel size above 0, a wavelength and an aperture from 0 to {self.medium_index}"
                f" (the medium's index), got {self.pixel_um}, {self.wavelengths_um} and {self.aperture}."
            )
        widest = self.annulus[1] if self.contrast == "phase_contrast" else self.condenser_aperture
        if widest >= self.aperture:
            raise InputError(
                f"microscope: the condenser's aperture {widest} is not below the objective's, {self.aperture}; "
                "all direct light must pass. Close the condenser."
            )


def transmitted_image(
    path_um: NDArray[np.floating],
    absorption: NDArray[np.floating] | float = 0.0,
    *,
    microscope: Microscope,
    z_um: float = 0.0,
) -> NDArray[np.float32]:
    """The image of a thin object, summed over the points of the condenser (Abbe).

    The object multiplies the light's amplitude by ``exp(2πi·path/λ − absorption)``. The objective passes spatial
    frequencies f up to aperture/λ and, out of focus, turns their phase by ``2π·z·(√((n/λ)² − f²) − n/λ)``. DIC
    multiplies by ``sin(π·shear·f − bias/2)``, f relative to the direct light; phase contrast weakens light within the
    ring and moves its phase by a quarter wavelength, such that denser is darker.

    Parameters
    ----------
    path_um : (Y, X) float
        Optical path above that of the medium, µm: difference of refractive index times thickness. The image is that
        of a field which repeats at its edges: leave a margin and cut it off.
    absorption : (Y, X) float or float
        Of the amplitude, 0 for none.
    z_um
        Distance of the focal plane from the object, µm.

    Returns
    -------
    (Y, X) float32
        Intensity, 1 where the field is empty.

    Notes
    -----
    Source: Born and Wolf, Principles of Optics, chapter 10 (partial coherence as a sum over source points).
    """
    path = np.asarray(path_um, dtype=np.float32)
    total = np.zeros(path.shape, dtype=np.float32)
    for wavelength in microscope.wavelengths_um:
        amplitude = np.exp((2j * np.pi / wavelength) * path - absorption).astype(np.complex64)
        spectrum = fft.fft2(amplitude).ravel()
        image = np.zeros(path.shape, dtype=np.float32)
        empty = 0.0
        for inside, values in _pupils(path.shape, microscope=microscope, wavelength=wavelength, z_um=z_um):
            passed = np.zeros(spectrum.size, dtype=np.complex64)
            passed[inside] = spectrum[inside] * values
            wave = fft.ifft2(passed.reshape(path.shape), overwrite_x=True)
            image += wave.real**2 + wave.imag**2
            empty += float(np.abs(values[0]) ** 2)
        total += image / np.float32(empty)
    return total / np.float32(len(microscope.wavelengths_um))


def weak_transfer(
    shape: tuple[int, int], *, microscope: Microscope, z_um: float
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """How a weak phase, and a weak absorption, turn into intensity, for each spatial frequency.

    To first order in phase φ and absorption a the relative image is ``1 + F⁻¹{phase · F{φ} + absorption · F{a}}``.
    Each source point s adds ``i·(P(f+s)·P*(s) − P(s)·P*(s−f))`` and ``−(P(f+s)·P*(s) + P(s)·P*(s−f))``, P the pupil of
    `transmitted_image`. In bright field the transfer of the phase is zero in focus and odd in z.

    Returns
    -------
    phase, absorption : (Y, X // 2 + 1) complex64
        For `scipy.fft.rfft2`; mean over the wavelengths.
    """
    phase = np.zeros(shape, dtype=np.complex64)
    absorption = np.zeros(shape, dtype=np.complex64)
    for wavelength in microscope.wavelengths_um:
        direct_part, mirrored_part = np.zeros(shape[0] * shape[1], complex), np.zeros(shape[0] * shape[1], complex)
        empty = 0.0
        for inside, values in _pupils(shape, microscope=microscope, wavelength=wavelength, z_um=z_um):
            direct = values[0]
            rows, columns = np.divmod(inside, shape[1])
            direct_part[inside] += values * np.conj(direct)
            mirrored_part[-rows % shape[0] * shape[1] + -columns % shape[1]] += direct * np.conj(values)
            empty += float(np.abs(direct) ** 2)
        phase += (1j * (direct_part - mirrored_part) / empty).reshape(shape).astype(np.complex64)
        absorption -= ((direct_part + mirrored_part) / empty).reshape(shape).astype(np.complex64)
    n, half = np.float32(len(microscope.wavelengths_um)), shape[1] // 2 + 1
    return phase[:, :half] / n, absorption[:, :half] / n


def _pupils(
    shape: tuple[int, ...], *, microscope: Microscope, wavelength: float, z_um: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.complex64]]]:
    """For each source point: the flat places of passed frequencies, that of the direct light first, and factors.

    A tilted wave from the source point s moves the object's spectrum by s; the square of the absolute value does not
    see the tilt, so the pupil is moved instead.
    """
    y = fft.fftfreq(shape[0], microscope.pixel_um)[:, None]
    x = fft.fftfreq(shape[1], microscope.pixel_um)[None, :]
    angle = np.deg2rad(microscope.shear_angle_deg)
    for source_y, source_x in _source_points(microscope) / wavelength:
        squared = (y + source_y) ** 2 + (x + source_x) ** 2
        # Frequency zero is place 0, so the direct light comes first.
        inside = np.flatnonzero(squared.ravel() <= (microscope.aperture / wavelength) ** 2)
        at = squared.ravel()[inside]
        over_n = microscope.medium_index / wavelength
        values = np.exp(2j * np.pi * z_um * (np.sqrt(over_n**2 - at) - over_n))
        rows, columns = np.divmod(inside, shape[1])
        if microscope.contrast == "dic":
            along = np.sin(angle) * y[rows, 0] + np.cos(angle) * x[0, columns]
            values = values * np.sin(np.pi * microscope.shear_um * along - microscope.bias_rad / 2)
        if microscope.contrast == "phase_contrast":
            off_y, off_x = np.array(microscope.ring_offset) / wavelength
            radius = np.hypot(y[rows, 0] + source_y - off_y, x[0, columns] + source_x - off_x) * wavelength
            # The ring in the objective is a little wider than the condenser's, as microscopes are built.
            wide = 0.1 * (microscope.annulus[1] - microscope.annulus[0])
            in_ring = (radius >= microscope.annulus[0] - wide) & (radius <= microscope.annulus[1] + wide)
            values = np.where(in_ring, -1j * np.sqrt(microscope.ring_transmission) * values, values)
        yield inside, values.astype(np.complex64)


def _source_points(microscope: Microscope) -> NDArray[np.float64]:
    """(n, 2) apertures of the condenser's points along y and x."""
    if microscope.contrast == "phase_contrast":
        turn = 2 * np.pi * (np.arange(_N_ANNULUS) + 0.5) / _N_ANNULUS
        return float(np.mean(microscope.annulus)) * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    points = []
    for share, n in _RING_POINTS:
        turn = 2 * np.pi * (np.arange(n) + 0.5) / n
        points.append(share * microscope.condenser_aperture * np.stack([np.sin(turn), np.cos(turn)], axis=1))
    return np.concatenate(points)
