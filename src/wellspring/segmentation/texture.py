"""How many distinct bright parts the labelled objects hold: far more than objects where nuclei were not told apart."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.segmentation.grids import Grid

__all__ = ["count_tops", "tops_of"]

_GRID = Grid(2)
# The blur, px: nuclei of 8 px are still seen, pixels' noise is not.
_BLUR_PX = 2.0
# A top counts when the way to a higher one leads down by this share of its height, and by so many standard deviations
# of the noise after the blur. Annotated nuclei of 25 to 50 px have one such top each.
_DIP, _SIGNIFICANT = 0.2, 8.0


def count_tops(labels: NDArray[np.integer], stain: NDArray[np.floating]) -> int:
    """How many tops `tops_of` finds."""
    return len(tops_of(labels, stain))


def tops_of(labels: NDArray[np.integer], stain: NDArray[np.floating]) -> NDArray[np.float64]:
    """Tops of the stain within labelled objects that stand out by a fifth of their height and above the noise.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background.
    stain : (Y, X) float
        In units of a pixel's noise; the median outside of all objects is the background.

    Returns
    -------
    (n, 2) float64
        Places, y and x, px; none without objects. The blur is 2 px, whatever the size of the objects: where objects are
        far too large, their size says nothing about the nuclei.
    """
    is_object = labels > 0
    if not is_object.any():
        return np.zeros((0, 2))
    from skimage.morphology import reconstruction

    smooth = _GRID.blurred(stain.astype(np.float32), _BLUR_PX)
    low = np.median(smooth[~is_object]) if not is_object.all() else smooth.min()
    height = np.maximum(smooth - np.float32(low), 0)
    # White noise of one, after a Gaussian blur in two dimensions.
    noise = 1 / (2 * np.sqrt(np.pi) * _BLUR_PX)
    step = np.maximum(_DIP * height, _SIGNIFICANT * noise).astype(np.float32)
    above = height - reconstruction(height - step, height)
    tops, n_tops = ndimage.label((above >= 0.999 * step) & is_object, structure=np.ones((3, 3)))
    places = ndimage.center_of_mass(tops > 0, tops, np.arange(1, n_tops + 1))
    return np.asarray(places, dtype=np.float64).reshape(n_tops, 2)
