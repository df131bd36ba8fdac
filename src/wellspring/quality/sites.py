"""What is measured on, and done to, the site images of a well."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.quality.illumination import corrected, small_image
from wellspring.quality.images import CorrectedSite, SmallSite
from wellspring.quality.measures import measure_image
from wellspring.quality.preprocessing import preprocessed
from wellspring.quality.tables import IMAGE_QUALITY
from wellspring.raw.tiff import SiteImage
from wellspring.tables import empty_table

__all__ = ["MeasuredWell", "corrected_sites", "measured_well"]


@dataclass(frozen=True)
class MeasuredWell:
    """Table `IMAGE_QUALITY` of a well, and the small images of its sites."""

    images: pd.DataFrame
    small: list[SmallSite]


def measured_well(
    sites: Iterable[SiteImage],
    *,
    key: tuple[str, str],
    channels: Sequence[str],
    background: Mapping[str, float],
    bright_sd: float,
) -> MeasuredWell:
    """Measure every image of a well in one pass; one site is in memory at a time.

    Parameters
    ----------
    sites
        As `wellspring.raw.tiff.read_sites` yields them.
    key
        (plate, well).
    channels
        Those to be measured.
    background, bright_sd
        As of `wellspring.quality.illumination.small_image`, the background by channel, 0 where it has none.

    Raises
    ------
    ValueError
        When a site lacks a channel.
    """
    rows, small = [], []
    for site in sites:
        images = [_image_of(site, channel, well=key) for channel in channels]
        for channel, image in zip(channels, images, strict=True):
            names = {"plate": key[0], "well": key[1], "site": site.site, "channel": channel}
            rows.append({**names, **asdict(measure_image(image))})
        shrunk = [
            small_image(image, background=background.get(channel, 0.0), bright_sd=bright_sd)
            for channel, image in zip(channels, images, strict=True)
        ]
        small.append(SmallSite(site.site, tuple(shrunk)))
    return MeasuredWell(pd.DataFrame(rows, columns=IMAGE_QUALITY.names) if rows else empty_table(IMAGE_QUALITY), small)


def corrected_sites(
    sites: Iterable[SiteImage],
    functions: Mapping[str, NDArray[np.float32]],
    *,
    key: tuple[str, str],
    background: Mapping[str, float],
    steps: Sequence[Mapping[str, Any]],
) -> Iterator[CorrectedSite]:
    """Even out and preprocess the channels that have a function, site by site.

    Parameters
    ----------
    sites
        As `wellspring.raw.tiff.read_sites` yields them.
    functions
        Of the plate's channels; the channels of the result are these, in this order.
    key
        (plate, well), for messages.
    background
        By channel, as of `wellspring.quality.illumination.corrected`.
    steps
        As of `wellspring.quality.preprocessing.preprocessed`.

    Raises
    ------
    ValueError
        When a site lacks a channel, or the steps leave the channels with different sizes.
    """
    for site in sites:
        done = []
        for channel, function in functions.items():
            image = _image_of(site, channel, well=key)
            even = corrected(image, function, background=background.get(channel, 0.0))
            done.append(preprocessed(even, channel=channel, steps=steps))
        shapes = {image.shape for image in done}
        if len(shapes) > 1:
            raise InputError(f"quality.preprocessing: crop all channels alike; site {site.site} has {sorted(shapes)}.")
        yield CorrectedSite(site.site, np.stack(done))


def _image_of(site: SiteImage, channel: str, *, well: tuple[str, str]) -> NDArray[np.uint16]:
    if channel not in site.channels:
        raise InputError(
            f"{well[0]}/{well[1]}, site {site.site}: quality.channels names {channel!r}, but the channels are "
            f"{list(site.channels)}. Correct the config, or add the missing image."
        )
    image: NDArray[np.uint16] = site.image[site.channels.index(channel)]
    return image
