"""A small plate of images to be written in any layout: which image is which can be read off its pixels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["DrawnImage", "DrawnPlate", "drawn_plate"]


@dataclass(frozen=True)
class DrawnPlate:
    """Images of a plate.

    Attributes
    ----------
    name : str
    stacks : dict of (str, int) to dict of str to (Z, Y, X) uint16
        (well, site counted from 1) to its channels.
    positions_um : dict of int to (float, float)
        Site to its centre (y, x), µm, y growing downwards.
    pixel_size_um, z_step_um : float
    n_rows, n_columns : int
        Of the physical plate.
    failed : frozenset of (str, int, str, int)
        (well, site, channel, plane from 1) of images that the microscope failed to take: indexes say so, and
        there is no file.
    """

    name: str
    stacks: Mapping[tuple[str, int], Mapping[str, NDArray[np.uint16]]]
    positions_um: Mapping[int, tuple[float, float]]
    pixel_size_um: float = 0.65
    z_step_um: float = 0.5
    n_rows: int = 8
    n_columns: int = 12
    failed: frozenset[tuple[str, int, str, int]] = field(default_factory=frozenset)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names, in the order of the first site."""
        return tuple(next(iter(self.stacks.values())))

    @property
    def wells(self) -> tuple[str, ...]:
        """Names, in the order of the stacks."""
        return tuple(dict.fromkeys(well for well, _ in self.stacks))

    def images(self) -> "Iterator[DrawnImage]":
        """Each plane of the plate."""
        for (well, site), channels in self.stacks.items():
            for number, (name, stack) in enumerate(channels.items(), start=1):
                for z, plane in enumerate(stack, start=1):
                    y_um, x_um = self.positions_um[site]
                    is_failed = (well, site, name, z) in self.failed
                    yield DrawnImage(
                        well, site, number, name, z, plane, y_um, x_um, (z - 1) * self.z_step_um, is_failed
                    )


@dataclass(frozen=True)
class DrawnImage:
    """One plane: numbers of sites, channels and planes are counted from 1; y grows downwards."""

    well: str
    site: int
    channel_number: int
    channel: str
    z: int
    plane: NDArray[np.uint16]
    y_um: float
    x_um: float
    z_um: float
    is_failed: bool

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of the well, counted from 1."""
        return ord(self.well[0]) - ord("A") + 1, int(self.well[1:])


def drawn_plate(
    *,
    wells: Sequence[str] = ("B02", "B03"),
    n_sites: int = 2,
    planes: Mapping[str, int] | None = None,
    shape: tuple[int, int] = (12, 16),
    name: str = "plate1",
    seed: int = 1,
    failed: Sequence[tuple[str, int, str, int]] = (),
) -> DrawnPlate:
    """A plate of noise in which every plane has a level of its own.

    Parameters
    ----------
    planes
        Channel to its number of planes; None: DAPI with one and RNA with three.
    shape
        Height and width of a field, px; fields lie side by side, two in a row.

    Returns
    -------
    DrawnPlate
        Planes differ by 300 or more, and the noise is below 100: an image is known by its pixels.
    """
    rng = np.random.default_rng(seed)
    planes = planes or {"DAPI": 1, "RNA": 3}
    stacks: dict[tuple[str, int], dict[str, NDArray[np.uint16]]] = {}
    level = 0
    for well in wells:
        for site in range(1, n_sites + 1):
            stacks[well, site] = {}
            for channel, n_planes in planes.items():
                levels = 200 + 300 * (level + np.arange(n_planes) % 200)
                level += n_planes
                noise = rng.integers(0, 100, size=(n_planes, *shape))
                stacks[well, site][channel] = (levels[:, None, None] % 60_000 + noise).astype(np.uint16)
    size = DrawnPlate.pixel_size_um
    positions = {
        site: ((site - 1) // 2 * shape[0] * size, (site - 1) % 2 * shape[1] * size) for site in range(1, n_sites + 1)
    }
    return DrawnPlate(name, stacks, positions, failed=frozenset(failed))
