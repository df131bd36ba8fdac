"""The segmentation methods by the name that the config gives them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.cells import CellMethod, Expansion, Propagation, Watershed
from wellspring.segmentation.nuclei import segment_nuclei
from wellspring.segmentation.thresholds import LocalMidpoint, MultiOtsu

__all__ = ["cell_method", "nucleus_method"]


def _multi_otsu(image: NDArray[np.number], *, n_classes: int, **sizes: float | None) -> NDArray[np.uint32]:
    return segment_nuclei(image, threshold=MultiOtsu(n_classes=n_classes), **sizes)


def _local(image: NDArray[np.number], *, radius_diameters: float, **sizes: float | None) -> NDArray[np.uint32]:
    return segment_nuclei(image, threshold=LocalMidpoint(radius_diameters=radius_diameters), **sizes)


_NUCLEI: dict[str, Callable[..., NDArray[np.uint32]]] = {
    "log_otsu": segment_nuclei,
    "log_multi_otsu": _multi_otsu,
    "log_local": _local,
}
_CELLS: dict[str, Callable[..., CellMethod]] = {
    "watershed": Watershed,
    "propagation": Propagation,
    "expansion": Expansion,
}


def nucleus_method(name: str) -> Callable[..., NDArray[np.uint32]]:
    """The function behind ``segmentation.method``: (Y, X) image and the method's keys in, (Y, X) uint32 labels out.

    Raises
    ------
    ValueError
        When there is no such method.
    """
    if name not in _NUCLEI:
        raise InputError(f"segmentation.method: expected one of {sorted(_NUCLEI)}, got {name!r}.")
    return _NUCLEI[name]


def cell_method(name: str, **settings: float) -> CellMethod:
    """The method behind ``segmentation.cells.method`` with its keys.

    Raises
    ------
    ValueError
        When there is no such method.
    """
    if name not in _CELLS:
        raise InputError(f"segmentation.cells.method: expected one of {sorted(_CELLS)}, got {name!r}.")
    return _CELLS[name](**settings)
