"""Reasons to look at an image before its count of spots is believed: found here, explained in the report."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from wellspring.spots.crowding import Crowding
    from wellspring.spots.threshold import Threshold

__all__ = [
    "DOUBTS",
    "NO_DOUBT",
    "UNLIKE",
    "image_doubts",
    "is_in_noise",
    "is_unstable",
    "joined_doubts",
    "saturated_pixels",
]

# Found where all images of a plate are there: `wellspring.spots.plate.compared_images`.
UNLIKE = "unlike its plate"
# The words of the table's column `doubts`, in its order, and what they ask for.
DOUBTS = {
    "constant image": "all pixels have one value; the shutter may have been closed, or the wrong channel named",
    "saturated": "the camera's or the file's highest value cuts off spots or much of the field: brightness, SNR and "
    "clumps are wrong there",
    "no cells": "no spot can be given to a cell",
    "threshold in the noise": "noise alone would have more than half as many maxima above it; clumps were not "
    "split, since the typical maximum may be noise",
    "unstable count": "it depends strongly on the exact threshold",
    "crowded": "spots lie so close together, or on so rough a background, that some are hidden: the count "
    "is a lower bound",
    "fainter spots left out": "many maxima below the threshold stand clear of the noise and are no wider than the "
    "spots: they were taken for autofluorescence, and could be spots",
    "objects that are no spots": "debris, fibres or hot pixels hold the light of many spots, but are too even, too "
    "sharp or too narrow for spots; their light is not counted, maxima on them are",
    "few bright objects": "a single object makes more than a 20th of the count by its light: transcription sites do, "
    "and so does small debris",
    "smoothed image": "neighbouring pixels share their noise, as after denoising, deconvolution or enlarging, so a "
    "field full of spots cannot be distinguished from noise; use the camera's own images",
    UNLIKE: "its threshold, brightness or size of spots is far from that of the plate's other images: it may be out of "
    "focus, exposed otherwise, or of another stain",
    "mostly in clumps": "more than half of the spots come from splitting clumps by the light of the median spot",
}
NO_DOUBT = "none"
# A change by fewer spots than this, of 0.9 to 1.1 times the threshold, makes no count unstable.
_FEW_SPOTS = 5
# Flat tops matter from a thousandth of the field, or in one of 20 spots.
_FIELD_SHARE, _SPOT_SHARE = 1e-3, 0.05
_CHANCE_SHARE = 0.5
# As many clear maxima below the threshold as 0.3 of the spots; as much light in objects, or as many narrow spots, as
# a 20th of them (5 at least). A spot is narrow below 0.6 of the expected size, if three times as bright as needed.
_FAINTER_SHARE, _OBJECT_SHARE, _FEW_NARROW = 0.3, 0.05, 5
_LEAST_LARGEST = 10
_NARROW, _SURE, _LEAST_WIDTH_PX = 0.6, 3.0, 1.3


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


def image_doubts(
    image: NDArray[np.generic],
    spots: pd.DataFrame,
    threshold: "Threshold",
    crowding: "Crowding",
    *,
    n_cells: int,
    max_instability: float,
    saturated_share: float,
    n_in_objects: int = 0,
    n_in_largest: int = 0,
    sigma_px: float = 0.0,
) -> str:
    """The `DOUBTS` that hold for an image, as the tables hold them (`joined_doubts`).

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    spots
        What was found in it: `SPOTS` with `is_added`.
    threshold, crowding
    n_cells
        Cells of the image.
    max_instability
        See `is_unstable`.
    saturated_share
        As from `saturated_pixels`.
    n_in_objects, n_in_largest
        As in `Decomposition`.
    sigma_px
        Expected size of a spot in the plane; 0: not compared.
    """
    is_constant = image.size == 0 or image.min() == image.max()
    at_top = int((spots["intensity"] >= float(image.max(initial=0))).sum()) if saturated_share > 0 else 0
    holds = {
        "constant image": is_constant,
        "saturated": saturated_share > _FIELD_SHARE or at_top > _SPOT_SHARE * max(1, len(spots)),
        "no cells": n_cells == 0,
        "threshold in the noise": is_in_noise(threshold),
        "unstable count": is_unstable(threshold, limit=max_instability),
        "crowded": crowding.hides_spots,
        "fainter spots left out": threshold.fainter > _FAINTER_SHARE,
        "objects that are no spots": n_in_objects > _OBJECT_SHARE * len(spots)
        or _n_narrow(spots, threshold, sigma_px=sigma_px) > max(_FEW_NARROW - 1, _OBJECT_SHARE * len(spots)),
        "few bright objects": not crowding.hides_spots
        and n_in_largest > max(_LEAST_LARGEST - 1, _OBJECT_SHARE * len(spots)),
        "smoothed image": crowding.may_be_full,
        "mostly in clumps": int(spots["is_added"].sum()) > 0.5 * len(spots),
    }
    return joined_doubts(words for words in DOUBTS if holds.get(words))


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
