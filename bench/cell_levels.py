"""What a fixed share of each cell's level would do in place of its own edge: masks between nearest nuclei."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from wellspring.segmentation.cells import cell_plane
from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.territories import nearest_nuclei

__all__ = ["SHARES", "cut_at"]

SHARES = (0.3, 0.4, 0.5, 0.6)
# A cell's level is the median of its nucleus and a rim of 3 px, above the 10th percentile within 4 nuclear diameters.
RIM_PX, WINDOW, QUANTILE, STEP_PX = 3.0, 4.0, 0.1, 4


def cut_at(image: NDArray[np.number], nuclei: NDArray[np.integer], *, share: float) -> NDArray[np.int32]:
    """Each cell is what exceeds `share` of its level nearest to its nucleus, and connected with it."""
    seeds = nuclei.astype(np.int32)
    if not seeds.any():
        return seeds
    smooth = cell_plane(image, smoothing_sigma_px=1.0)
    near = nearest_nuclei(seeds)
    sizes = np.bincount(seeds.ravel())[1:]
    side = max(3, round(WINDOW * 2 * np.sqrt(np.median(sizes[sizes > 0]) / np.pi) / STEP_PX))
    coarse = ndimage.percentile_filter(smooth[::STEP_PX, ::STEP_PX], 100 * QUANTILE, size=side)
    zoom = [wide / narrow for wide, narrow in zip(smooth.shape, coarse.shape, strict=True)]
    height = smooth - Grid(2).blurred(ndimage.zoom(coarse, zoom, order=1), float(STEP_PX))
    levels = quantile_of_parts(height, np.where(near.distance <= RIM_PX, near.owner, 0), quantile=0.5)
    cut = (share * levels).astype(np.float32)[near.owner]
    cells = np.where((height > cut) | (seeds > 0), near.owner, 0)
    pieces = label(cells, connectivity=1)
    held = np.zeros(int(pieces.max()) + 1, dtype=bool)
    held[pieces[seeds > 0]] = True
    return np.where(held[pieces], cells, 0).astype(np.int32)
