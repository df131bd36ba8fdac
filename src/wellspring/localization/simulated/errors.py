"""What a microscope and a program make of molecules and outlines: missed, false and merged spots, wrong borders."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from wellspring.localization.cells import CellShape
from wellspring.localization.simulated.landscapes import Landscape

__all__ = ["DetectionErrors", "detected", "outlined"]


@dataclass(frozen=True)
class DetectionErrors:
    """Errors of spot detection.

    Attributes
    ----------
    missed_share : float
        Molecules that are not found, of all, each by chance.
    false_share : float
        Spots where no molecule is, uniform in the volume of the cell, over the molecules.
    merged_um : float
        Of two spots nearer to each other than this in the plane one is found; 0: all are.
    jitter_um : float
        Standard deviation of a position along each axis.
    grid_um : float
        Side of the pixels to whose centres positions are rounded; 0: they are not.
    """

    missed_share: float = 0.0
    false_share: float = 0.0
    merged_um: float = 0.0
    jitter_um: float = 0.0
    grid_um: float = 0.0


def detected(
    molecules: NDArray[np.float64], cell: Landscape, errors: DetectionErrors, *, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The spots that are found of molecules (n, 3): (m, 3), µm."""
    kept = molecules[rng.random(len(molecules)) >= errors.missed_share]
    n_false = int(rng.binomial(max(len(molecules), 1), min(errors.false_share, 1.0)))
    false = cell.places[rng.integers(0, len(cell.places), n_false)] + (rng.random((n_false, 3)) - 0.5) * cell.voxel
    found = np.concatenate([kept, false])
    if errors.merged_um > 0 and len(found) > 1:
        pairs = cKDTree(found[:, :2]).query_pairs(errors.merged_um, output_type="ndarray")
        is_left = np.ones(len(found), dtype=bool)
        # In order, so that of a chain of spots each second one stays.
        for first, second in pairs[np.lexsort(pairs.T[::-1])]:
            is_left[second] &= not is_left[first]
        found = found[is_left]
    found = found + rng.normal(0, 1, found.shape) * errors.jitter_um
    if errors.grid_um > 0:
        found = np.column_stack([np.rint(found[:, :2] / errors.grid_um) * errors.grid_um, found[:, 2:]])
    return np.asarray(found)


def outlined(shape: CellShape, *, error: float, rng: np.random.Generator) -> CellShape:
    """The cell as a segmentation finds it: outlines too wide or too narrow, and shifted.

    Parameters
    ----------
    error
        Standard deviation of the factor by which the cell is too wide; the nucleus' is half as large again; both are
        shifted by as much, in radii.
    """
    low, high = shape.box
    middle, size = (low + high) / 2, float((high - low).mean()) / 2

    def changed(
        ring: NDArray[np.float64], factor: float, centre: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return np.asarray(centre + (ring - centre) * factor + shift)

    factor, shift = 1 + rng.normal(0, error), rng.normal(0, error / 2, 2) * size
    nuclei = []
    for rings in shape.nuclei:
        centre, own = rings[0].mean(axis=0), 1 + rng.normal(0, 1.5 * error)
        moved = rng.normal(0, error / 2, 2) * float(np.ptp(rings[0], axis=0).mean()) / 2
        nuclei.append(tuple(changed(ring, own, centre, moved) for ring in rings))
    return replace(
        shape, rings=tuple(changed(ring, factor, middle, shift) for ring in shape.rings), nuclei=tuple(nuclei)
    )
