"""Size of a spot from the optics of the microscope."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wellspring.errors import InputError

__all__ = ["Optics"]


@dataclass(frozen=True)
class Optics:
    """A widefield microscope.

    Attributes
    ----------
    wavelength_nm : float
        Of the light that the dye emits, in vacuum.
    na : float
        Numerical aperture of the objective.
    refractive_index : float
        Of its immersion: 1.515 for oil, 1.33 for water, 1 for air.
    """

    wavelength_nm: float
    na: float
    refractive_index: float

    def sigma_px(self, voxel_um: Sequence[float]) -> tuple[float, ...]:
        """Standard deviation of a spot per axis, px.

        Of the Gaussian that fits the spot of a point best (Zhang, Zerubia and Olivo-Marin, Appl. Opt. 46, 2007: the
        widefield microscope, light that is not paraxial). With c = cos(alpha), where sin(alpha) = na / refractive
        index, and k the wave number in the immersion: in the plane ((4 - 7 c**1.5 + 3 c**3.5) / (7 (1 - c**1.5)))**-0.5
        / k, along z 5 sqrt(7) (1 - c**1.5) / (sqrt(6) (4 c**5 - 25 c**3.5 + 42 c**2.5 - 25 c**1.5 + 4)**0.5) / k.
        For small apertures these are 0.225 wavelength / na and 0.78 refractive index * wavelength / na**2. It is a
        lower bound: aberrations, and a dye of some size, widen a spot.

        Parameters
        ----------
        voxel_um
            Size of a voxel, µm, (z, y, x) or (y, x).

        Raises
        ------
        ValueError
            When the aperture is not below the refractive index.
        """
        if not self.na < self.refractive_index:
            raise InputError(
                f"spots.sigma_px: expected an aperture (na) below the refractive index of the immersion, got {self.na} "
                f"and {self.refractive_index}. Give refractive_index: 1.515 for oil, 1.33 for water, 1 for air."
            )
        c = math.sqrt(1 - (self.na / self.refractive_index) ** 2)
        wave_number = 2 * math.pi * self.refractive_index / (self.wavelength_nm / 1000)
        fall = 1 - c**1.5
        plane = math.sqrt(7 * fall / (4 - 7 * c**1.5 + 3 * c**3.5)) / wave_number
        depth = 4 * c**5 - 25 * c**3.5 + 42 * c**2.5 - 25 * c**1.5 + 4
        axis = 5 * math.sqrt(7) * fall / (math.sqrt(6 * depth) * wave_number)
        sizes = (axis, plane, plane)[-len(voxel_um) :]
        return tuple(size / step for size, step in zip(sizes, voxel_um, strict=True))
