"""Marks of a well, as the rule spots_enhance writes them."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from wellspring.raw.images import SiteStacks
from wellspring.spots.enhanced.marks import KEPT
from wellspring.spots.enhanced.task import least_mark_of
from wellspring.spots.job import sizes_in_image
from wellspring.spots.settings import SpotSizes
from wellspring.spots.tables import WELL_SPOT_MARKS
from wellspring.tables import empty_table

__all__ = ["marks_of_well"]

_KEYS = ("plate", "well", "site", "channel")


def marks_of_well(
    sites: Iterable[SiteStacks], sizes: SpotSizes, *, weights: Path, key: tuple[str, str]
) -> pd.DataFrame:
    """Table `WELL_SPOT_MARKS` of a well, one site in memory at a time; loads TensorFlow.

    Parameters
    ----------
    sites
        With the channels that show spots and no others.
    sizes
        Of the block ``spots``.
    weights
        Of the network.
    key
        (plate, well), which the table names.
    """
    from wellspring.spots.enhanced.detecting import marked_spots

    found = []
    for site in sites:
        for channel, image in site.stacks.items():
            _, sigma_px = sizes_in_image(image, site, sizes)
            least = KEPT * least_mark_of(image.shape)
            spots = marked_spots(image, sigma_px=sigma_px, weights=weights, least_mark=least)
            print(f"site {site.site}, {channel}: {len(spots)} marks of {least:.2f} or more")
            found.append(spots.assign(plate=key[0], well=key[1], site=site.site, channel=channel))
    known = [table for table in found if len(table)]
    table = pd.concat(known, ignore_index=True) if known else empty_table(WELL_SPOT_MARKS)
    return table[[*_KEYS, *(name for name in table if name not in _KEYS)]]
