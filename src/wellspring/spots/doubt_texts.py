"""Reasons to distrust a count of spots, as the tables hold and the report explains them."""

from collections.abc import Iterable

__all__ = ["DOUBTS", "NO_DOUBT", "joined_doubts"]

# The words of the table's column `doubts`, in its order, and what they ask for.
DOUBTS = {
    "constant image": "all pixels have one value; the shutter may have been closed, or the wrong channel named",
    "saturated": "the camera's or the file's highest value cuts off spots or much of the field: brightness, SNR and "
    "clumps are wrong there",
    "no cells": "no spot can be given to a cell",
    "threshold in the noise": "noise alone would have more than half as many maxima above it; clumps were not taken "
    "apart, since the typical maximum may be noise",
    "unstable count": "it hangs on where exactly the threshold is",
    "crowded": "spots lie so close together, or on so rough a ground, that some are hidden: the count is a lower bound",
    "mostly in clumps": "more than half of the spots come from taking clumps apart, by the light of the median spot",
}
NO_DOUBT = "none"


def joined_doubts(doubts: Iterable[str]) -> str:
    """Each once, in the order of `DOUBTS`, parted by commas; "none" of none."""
    held = set(doubts)
    return ", ".join(words for words in DOUBTS if words in held) or NO_DOUBT
