"""Neighbours of objects and how densely they lie."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.objects import Objects
from wellspring.cells.features.outlines import Surroundings

__all__ = ["FEATURES", "N_NEAREST", "neighbors_of"]

N_NEAREST = 5
_FAMILY = "Neighbors"
FEATURES = (
    Feature(
        family=_FAMILY,
        name="NumberTouching",
        unit="objects",
        meaning="objects that touch it",
        formula="different labels next to its pixels, 8 neighbours",
        is_whole=True,
        minimum=0.0,
    ),
    Feature(
        family=_FAMILY,
        name="ShareTouching",
        unit="1",
        meaning="share of the outline that touches other objects",
        formula="pixels of the outline with a straight neighbour of another object / pixels of the outline",
        is_whole=True,
        minimum=0.0,
        maximum=1.0,
    ),
    *(
        Feature(
            family=_FAMILY,
            name=f"{name}_{unit}",
            unit=words,
            meaning=meaning,
            formula=formula,
            is_whole=True,
            minimum=0.0,
        )
        for name, meaning, formula in (
            ("FirstClosestDistance", "distance to the nearest object", "between centres"),
            ("SecondClosestDistance", "distance to the second nearest object", "between centres"),
            (f"MeanDistance{N_NEAREST}", f"mean distance to the {N_NEAREST} nearest objects", "between centres"),
        )
        for unit, words in (("px", "px"), ("um", "µm"))
    ),
    Feature(
        family=_FAMILY,
        name="LocalDensity_per_mm2",
        unit="1/mm²",
        meaning=f"objects per area up to the {N_NEAREST}th nearest; too low next to the edge of the image",
        formula=f"{N_NEAREST} / (pi d^2), d: distance to the {N_NEAREST}th nearest centre",
        is_whole=True,
        minimum=0.0,
    ),
)


def neighbors_of(
    objects: Objects, around: Surroundings, *, pixel_size_um: float | None
) -> dict[str, NDArray[np.float64]]:
    """The features of the family Neighbors by name, (n_objects,) each.

    Missing: distances of objects with too few others in the image, and what is in µm if the pixel's size is not known.
    """
    size_um = np.nan if pixel_size_um is None else pixel_size_um
    distances = _distances(objects)
    found = {
        "FirstClosestDistance": distances[:, 0],
        "SecondClosestDistance": distances[:, 1],
        f"MeanDistance{N_NEAREST}": distances.mean(axis=1),
    }
    with np.errstate(divide="ignore"):
        density = N_NEAREST / (np.pi * (distances[:, -1] * size_um / 1000) ** 2)
    return {
        **_touching(objects, around),
        **{f"{name}_px": values for name, values in found.items()},
        **{f"{name}_um": values * size_um for name, values in found.items()},
        "LocalDensity_per_mm2": density,
    }


def _distances(objects: Objects) -> NDArray[np.float64]:
    """(n_objects, 5) distances to the nearest centres, px; missing where there are not as many."""
    found = np.full((len(objects), N_NEAREST), np.nan)
    if len(objects) > 1:
        centres = np.stack(objects.center, axis=1)
        n_known = min(N_NEAREST, len(objects) - 1)
        nearest, _ = cKDTree(centres).query(centres, k=n_known + 1)
        found[:, :n_known] = nearest[:, 1:]
    return found


def _touching(objects: Objects, around: Surroundings) -> dict[str, NDArray[np.float64]]:
    at, owner = around.outline, objects.owner[around.is_outline].astype(np.int64)
    own = around.padded[at]
    pairs, touches = [], np.zeros(len(at), dtype=bool)
    span = int(around.padded.max(initial=0)) + 1
    for dy, dx in around.is_same:
        near = around.padded[at + around.step(dy, dx)]
        is_other = (near > 0) & (near != own)
        pairs.append(owner[is_other] * span + near[is_other])
        if not (dy and dx):
            touches |= is_other
    n_touching = np.bincount(np.unique(np.concatenate(pairs)) // span, minlength=len(objects))
    n_outline = np.bincount(owner, minlength=len(objects))
    share = np.bincount(owner, touches, minlength=len(objects)) / n_outline
    return {"NumberTouching": n_touching.astype(np.float64), "ShareTouching": share}
