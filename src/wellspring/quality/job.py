"""From the images of a well to its measures and small images."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import pandas as pd

from wellspring.quality.illumination import shrunk_image
from wellspring.quality.images import SmallSite
from wellspring.quality.measures import measure_image
from wellspring.quality.offsets import camera_offset
from wellspring.quality.tables import IMAGE_QUALITY
from wellspring.raw.images import SiteImage
from wellspring.tables import empty_table

__all__ = ["MeasuredWell", "run"]


@dataclass(frozen=True)
class MeasuredWell:
    """Table `IMAGE_QUALITY` of a well, and the small images of its sites."""

    images: pd.DataFrame
    small: list[SmallSite]


def run(
    sites: Iterable[SiteImage], *, key: tuple[str, str], background: Mapping[str, float], bright_sd: float
) -> MeasuredWell:
    """Measure every image of a well in one pass; one site is in memory at a time.

    Parameters
    ----------
    sites
        As `wellspring.raw.images.read_sites` yields them, with the channels to be measured and no others.
    key
        (plate, well).
    background, bright_sd
        As of `wellspring.quality.illumination.shrunk_image`, the background by channel. Where it has none, 0 is
        subtracted, and the camera's offset is estimated from each image.
    """
    rows, small = [], []
    for site in sites:
        shrunk = []
        for channel, image in zip(site.channels, site.image, strict=True):
            names = {"plate": key[0], "well": key[1], "site": site.site, "channel": channel}
            rows.append({**names, **asdict(measure_image(image))})
            small_one = shrunk_image(image, background=background.get(channel, 0.0), bright_sd=bright_sd)
            shrunk.append(small_one if channel in background else replace(small_one, offset=camera_offset(image)))
        small.append(SmallSite(site.site, tuple(shrunk)))
    return MeasuredWell(pd.DataFrame(rows, columns=IMAGE_QUALITY.names) if rows else empty_table(IMAGE_QUALITY), small)
