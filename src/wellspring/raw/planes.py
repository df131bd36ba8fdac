"""Planes of a stack that were lost on the way from the camera: all of one value, where the others show something."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.index import WellIndex

__all__ = ["PlaneLight", "check_planes", "light_of_plane"]

# A row of this many evenly spread pixels says what most of a plane is like.
_N_LOOKED_AT = 4096


@dataclass(frozen=True)
class PlaneLight:
    """What is looked at of one plane.

    Attributes
    ----------
    constant : int or None
        The value of all its pixels; None where they differ.
    middle : float
        Median of its pixels, of at most 4096 that are evenly spread.
    """

    constant: int | None
    middle: float


def light_of_plane(plane: NDArray[np.uint16]) -> PlaneLight:
    """Look at one (Y, X) plane; nearly all planes are known to vary from a few of their pixels."""
    values = plane.reshape(-1)
    some = values[:: max(1, values.size // _N_LOOKED_AT)]
    is_constant = bool((some == values[0]).all()) and bool((values == values[0]).all())
    return PlaneLight(int(values[0]) if is_constant else None, float(np.median(some)))


def check_planes(planes: Sequence[PlaneLight], *, index: WellIndex, site: str, channel: str) -> None:
    """Raise where planes of a stack are empty and those that are not have another background.

    A plane without light still has the camera's offset and noise. Of images whose background is exactly the value of
    the empty planes (deconvolved, or drawn) nothing can be said, so these are taken as they are.

    Parameters
    ----------
    planes
        Of one stack, in the order of z.
    index, site, channel
        For the message.

    Raises
    ------
    ValueError
        With the numbers of the planes, counted from 1.
    """
    filled = [one.middle for one in planes if one.constant is None]
    empty = [number for number, one in enumerate(planes, start=1) if one.constant is not None]
    if not filled or not empty:
        return
    lost = [number for number in empty if not min(filled) <= (planes[number - 1].constant or 0) <= max(filled)]
    if lost:
        raise InputError(
            f"{index.path}: well {index.name}, site {site}, channel {channel}: every pixel of plane"
            f"{'' if len(lost) == 1 else 's'} {', '.join(map(str, lost))} of {len(planes)} is "
            f"{planes[lost[0] - 1].constant}, so the camera's frame was lost, and with it what was there. Acquire the "
            "site again, or take its files out of the well's folder."
        )
