"""Reasons to look at an image before its count of spots is believed: found here, explained in the report."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from wellspring.spots.clumps import Decomposition
    from wellspring.spots.crowding import Crowding
    from wellspring.spots.threshold import Threshold

__all__ = [
    "DOUBTS",
    "MOSTLY_ADDED",
    "NO_CELLS",
    "NO_DOUBT",
    "UNLIKE",
    "image_doubts",
    "is_in_noise",
    "is_mostly_added",
    "is_unstable",
    "joined_doubts",
    "saturated_pixels",
]

# Where it holds, the spots that splitting adds are not counted.
MOSTLY_ADDED = "mostly in clumps"
NO_CELLS = "no cells"
# Found where all images of a plate are there: `wellspring.spots.plate.compared_images`.
UNLIKE = "unlike its plate"
# The words of the table's column `doubts`, in its order, and what they ask for.
DOUBTS = {
    "constant image": "all pixels have one value; the shutter may have been closed, or the wrong channel named",
    "saturated": "the camera's or the file's highest value cuts off spots or much of the field: brightness, SNR and "
    "clumps are wrong there",
    NO_CELLS: "no spot can be given to a cell",
    "threshold in the noise": "noise alone would have more than half as many maxima above it; clumps were not "
    "split, since the typical maximum may be noise",
    "marks in the noise": "more than a third of the places that the network marked are no brighter than noise and "
    "texture of the image are at the size of a spot: texture may have been marked, or spots lie too close to judge. "
    "Compare with spots.method: classical",
    "unstable count": "it depends strongly on the exact threshold",
    "crowded": "spots lie so close together, or on so rough or noisy a background, that some are hidden: the count "
    "is a lower bound",
    "fainter spots left out": "many maxima below the threshold stand clear of the noise and are no wider than the "
    "spots: they were taken for autofluorescence, and could be spots",
    "objects that are no spots": "debris, fibres or hot pixels hold the light of many spots, but are too even, too "
    "sharp, too narrow or too wide for spots; their light is not counted, maxima on them are, but for those of hot "
    "pixels; where these are many, spots under them are lost",
    "few bright objects": "a single object makes more than a 20th of the count by its light: transcription sites do, "
    "and so does small debris",
    "smoothed image": "neighbouring pixels share their noise, as after denoising, deconvolution or enlarging, so a "
    "field full of spots cannot be distinguished from noise; use the camera's own images",
    UNLIKE: "its threshold, brightness or size of spots is far from that of the plate's other images: it may be out of "
    "focus, exposed otherwise, or of another stain",
    MOSTLY_ADDED: "clumps have the light of more spots than were found as maxima; only the maxima are counted, and "
    "n_added has the others",
    "clumps not split": "single spots differ in light by more than a factor of two, so they are no unit, and bright "
    "clumps are counted by their maxima only",
    "size unlike sigma_px": "single spots are wider or narrower than spots.sigma_px by a quarter or more: it is not "
    "right for this microscope, or the image is out of focus",
}
NO_DOUBT = "none"
# A change by fewer spots than this, of 0.9 to 1.1 times the threshold, makes no count unstable.
_FEW_SPOTS = 5
# Flat tops matter from a thousandth of the field, or in one of 20 spots.
_FIELD_SHARE, _SPOT_SHARE = 1e-3, 0.05
_CHANCE_SHARE = 0.5
# In simulated planes down to a ratio of 2, with 45 squared standard deviations of a spot or more for each mark, less
# than a third of the marks are in the noise; in a real field of texture two thirds are. Compared on both.
_MARKS_IN_NOISE = 0.35
# As many clear maxima below the threshold as 0.3 of the spots; as much light in objects, or as many narrow spots or
# clusters of hot pixels, as a 20th of them (5 at least); more single hot pixels than spots. A spot is narrow below 0.6
# of the expected size, if three times as bright as needed.
_FAINTER_SHARE, _OBJECT_SHARE, _FEW_NARROW = 0.3, 0.05, 5
_LEAST_LARGEST = 10
# So many spots tell how full a field is.
_LEAST_CROWD = 50
_NARROW, _SURE, _LEAST_WIDTH_PX = 0.6, 3.0, 1.1
# A size is compared where so many spots stand alone and 1.5 times above the threshold, and is off beyond a quarter.
_LEAST_SIZES, _ALONE_SIGMAS, _CLEAR, _MOST_SIZE = 10, 6.0, 1.5, float(np.log(1.25))


def saturated_pixels(image: NDArray[np.generic]) -> float:
    """Share of pixels on flat tops: of the image's highest value, with a neighbour in the row that has it too.

    Noise and optics hardly ever make two neighbours the highest of all; a camera's limit does. 0 of an empty image and
    of an image whose highest value is its only one.
    """
    if image.size == 0 or image.shape[-1] < 2:
        return 0.0
    highest = image.max()
    if highest == image.min():
        return 0.0
    top = np.flatnonzero(image == highest)
    is_next = (np.diff(top) == 1) & (top[1:] % image.shape[-1] > 0)
    return float(np.count_nonzero(np.append(is_next, False) | np.insert(is_next, 0, False)) / image.size)


def is_in_noise(threshold: "Threshold") -> bool:
    """Whether noise alone would have more than half as many maxima above the threshold as were found, and one at least.

    What was found may be less than expected, since only round maxima are counted.
    """
    return threshold.n_by_chance > max(1.0, _CHANCE_SHARE * threshold.n_spots)


def is_mostly_added(split: "Decomposition | None", crowding: "Crowding") -> bool:
    """Whether more spots come from splitting clumps than were found, in a field that is not dense everywhere.

    In a dense field the maxima are fewer than the spots, ever more so with their number. There hardly one is alone, and
    a spot's brightness is known from the moments of the response, if the camera's noise is.
    """
    if split is None or (split.is_in_crowd and crowding.density > 0):
        return False
    return int(split.spots["is_added"].sum()) > 0.5 * len(split.spots)


def image_doubts(
    image: NDArray[np.generic],
    spots: pd.DataFrame,
    threshold: "Threshold",
    crowding: "Crowding",
    split: "Decomposition | None",
    *,
    n_cells: int,
    max_instability: float,
    saturated_share: float,
    sigma_px: Sequence[float],
    n_hot: tuple[int, int] = (0, 0),
    in_noise: float = 0.0,
) -> str:
    """The `DOUBTS` that hold for an image, as the tables hold them (`joined_doubts`).

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    spots
        What is counted in it: `SPOTS` with `is_added`.
    threshold, crowding
    split
        None where clumps were not looked at.
    n_cells
        Cells of the image.
    max_instability
        See `is_unstable`.
    saturated_share
        As from `saturated_pixels`.
    sigma_px
        Expected size of a spot per axis.
    n_hot
        Single hot pixels, and clusters of them, as in `Detection`.
    in_noise
        As in `Detection`.
    """
    is_constant = image.size == 0 or image.min() == image.max()
    at_top = int((spots["intensity"] >= float(image.max(initial=0))).sum()) if saturated_share > 0 else 0
    n_in_objects, n_in_largest, n_refused = (
        (0, 0, 0) if split is None else (split.n_in_objects, split.n_in_largest, split.n_refused)
    )
    in_plane = float(np.sqrt(np.prod(sigma_px[-2:])))
    holds = {
        "constant image": is_constant,
        "saturated": saturated_share > _FIELD_SHARE or at_top > _SPOT_SHARE * max(1, len(spots)),
        NO_CELLS: n_cells == 0,
        "threshold in the noise": is_in_noise(threshold),
        "marks in the noise": in_noise > _MARKS_IN_NOISE,
        "unstable count": is_unstable(threshold, limit=max_instability),
        "crowded": crowding.hides_spots or _misses_spots(spots, crowding, split),
        "fainter spots left out": threshold.fainter > _FAINTER_SHARE,
        "objects that are no spots": n_in_objects > _OBJECT_SHARE * len(spots)
        or _n_narrow(spots, threshold, sigma_px=in_plane) > max(_FEW_NARROW - 1, _OBJECT_SHARE * len(spots))
        or n_hot[1] > max(_FEW_NARROW - 1, _OBJECT_SHARE * len(spots))
        or n_hot[0] > max(_FEW_NARROW - 1, len(spots)),
        "few bright objects": not crowding.hides_spots
        and n_in_largest > max(_LEAST_LARGEST - 1, _OBJECT_SHARE * len(spots)),
        "smoothed image": crowding.may_be_full,
        MOSTLY_ADDED: is_mostly_added(split, crowding),
        "clumps not split": n_refused > _OBJECT_SHARE * len(spots),
        "size unlike sigma_px": not crowding.hides_spots
        and abs(np.log(_size_of_single(spots, threshold, sigma_px=sigma_px) / in_plane)) > _MOST_SIZE,
    }
    return joined_doubts(words for words in DOUBTS if holds.get(words))


def _misses_spots(spots: pd.DataFrame, crowding: "Crowding", split: "Decomposition | None") -> bool:
    """`Crowding.misses_spots` where clumps were split and enough spots found; not where only maxima are counted."""
    if split is None or len(spots) < _LEAST_CROWD or is_mostly_added(split, crowding):
        return False
    return crowding.misses_spots(n_maxima=int((~spots["is_added"]).sum()), n_spots=len(spots))


def _size_of_single(spots: pd.DataFrame, threshold: "Threshold", *, sigma_px: Sequence[float]) -> float:
    """Median size in the plane of spots that stand alone and clear of the threshold; as expected if they are few."""
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    expected = float(np.sqrt(np.prod(sigma_px[-2:])))
    clear = spots[~spots["is_added"] & (spots["response"] > _CLEAR * threshold.value)]
    if len(clear) < _LEAST_SIZES:
        return expected
    scale = np.asarray(sigma_px)[-len(axes) :]
    near = cKDTree(spots[axes].to_numpy() / scale).query(clear[axes].to_numpy() / scale, k=[2])[0][:, 0]
    alone = clear["sigma_px"][near > _ALONE_SIGMAS]
    return float(alone.median()) if len(alone) >= _LEAST_SIZES else expected


def _n_narrow(spots: pd.DataFrame, threshold: "Threshold", *, sigma_px: float) -> int:
    """Bright maxima that are narrower than the optics allow; 0 where spots are hardly wider than a pixel."""
    if sigma_px < _LEAST_WIDTH_PX:
        return 0
    is_sure = ~spots["is_added"] & (spots["response"] > _SURE * threshold.value)
    return int((is_sure & (spots["sigma_px"] < _NARROW * sigma_px)).sum())


def is_unstable(threshold: "Threshold", *, limit: float) -> bool:
    """Whether the count depends strongly on the exact threshold.

    Parameters
    ----------
    threshold
    limit
        The count is unstable when its `instability` is above this, and the change is 5 spots or more: a single spot
        more or less in a nearly empty image says nothing.
    """
    return threshold.instability > limit and threshold.n_below - threshold.n_above >= _FEW_SPOTS


def joined_doubts(doubts: Iterable[str]) -> str:
    """The doubts without repeats, in the order of `DOUBTS`, joined by ", "; "none" if there are none."""
    held = set(doubts)
    return ", ".join(words for words in DOUBTS if words in held) or NO_DOUBT
