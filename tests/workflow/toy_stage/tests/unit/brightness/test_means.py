"""Means by hand."""

import math

import numpy as np
from wellspring.brightness.means import channel_means

from wellspring.raw.images import SiteImage


def _site(first: int, second: int) -> SiteImage:
    image = np.stack([np.full((2, 2), first), np.full((2, 2), second)]).astype(np.uint16)
    return SiteImage("1", ("A", "B"), image, None)


def test_all_pixels_of_all_sites_count() -> None:
    means = channel_means([_site(1, 65_535), _site(2, 65_535)], channels=["A", "B"])
    assert means.to_dict("list") == {"channel": ["A", "B"], "mean": [1.5, 65_535.0]}


def test_a_well_without_sites_has_no_mean() -> None:
    assert math.isnan(channel_means([], channels=["A"])["mean"][0])
