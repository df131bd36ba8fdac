"""Steps that clean an image before it is profiled (Dincu 2021, section 5.1), chosen and ordered by the config.

They apply to profiles and to corrected copies only: segmentation, spots and cells measure intensities, which these
steps change, and positions, which a crop moves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.methods import Method
from wellspring.raw.images import SiteImage

__all__ = [
    "METHODS",
    "Step",
    "centre_crop",
    "median_filter",
    "preprocessed",
    "preprocessed_sites",
    "remove_bright_outliers",
    "rolling_ball",
    "total_variation",
]

# A ball of a radius above this is rolled over a smaller image, px.
_FULL_SIZE_RADIUS = 12


def remove_bright_outliers(image: NDArray[np.uint16], *, radius_px: int, threshold: float) -> NDArray[np.uint16]:
    """Replace pixels that are brighter than the median around them by more than `threshold` with that median.

    As ImageJ's *Remove Outliers* (bright), with a square window instead of a disc, and the median as of
    `wellspring.quality.medians.local_median`.

    Parameters
    ----------
    image : (Y, X) uint16
    radius_px
        1 or more.
    threshold
        Intensity.
    """
    from wellspring.quality.medians import local_median

    around = local_median(image, radius_px=radius_px)
    return np.where(image > around + np.float32(threshold), np.rint(around).astype(np.uint16), image)


def rolling_ball(image: NDArray[np.uint16], *, radius_px: float) -> NDArray[np.uint16]:
    """Subtract the background that a ball rolled under the image touches (Sternberg 1983).

    The background at a pixel is the highest place of the ball's top such that the ball, `radius_px` wide and as high in
    units of intensity, lies below the image everywhere, as in `skimage.restoration.rolling_ball`. For radii above
    12 px the ball rolls over the image shrunk by a whole factor to the minimum of each block, as ImageJ does; the
    background is then enlarged linearly and is nowhere above the image.

    Parameters
    ----------
    image : (Y, X) uint16
    radius_px
        Above 0.

    Returns
    -------
    (Y, X) uint16
        Image less background, rounded.
    """
    import cv2

    factor = max(1, int(radius_px // _FULL_SIZE_RADIUS))
    height, width = image.shape
    light = image.astype(np.float32)
    padded = np.pad(light, ((0, -height % factor), (0, -width % factor)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    ground = _under_ball(blocks.min(axis=(1, 3)), radius_px=radius_px, pixel=factor)
    if factor > 1:
        size = (padded.shape[1], padded.shape[0])
        ground = cv2.resize(ground, size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    return np.clip(np.rint(light - np.minimum(ground, light)), 0, 65535).astype(np.uint16)


def _under_ball(image: NDArray[np.float32], *, radius_px: float, pixel: int) -> NDArray[np.float32]:
    """Greyscale erosion by the ball: min over the offsets of (image + how far the ball's surface is below its top)."""
    reach = int(radius_px // pixel)
    padded = np.pad(image, reach, constant_values=np.inf)
    ground = np.full(image.shape, np.inf, dtype=np.float32)
    moved = np.empty_like(ground)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            square = radius_px**2 - pixel**2 * (dy**2 + dx**2)
            if square < 0:
                continue
            depth = np.float32(radius_px - np.sqrt(square))
            window = padded[reach + dy :, reach + dx :][: image.shape[0], : image.shape[1]]
            np.minimum(ground, np.add(window, depth, out=moved), out=ground)
    return ground


def median_filter(image: NDArray[np.uint16], *, radius_px: int) -> NDArray[np.uint16]:
    """Median of the square window of 2 * radius_px + 1 pixels; edge values are repeated beyond the border.

    Exact for a radius of 1 or 2, else as of `wellspring.quality.medians.local_median`.
    """
    import cv2

    from wellspring.quality.medians import local_median

    if radius_px <= 2:
        return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), 2 * radius_px + 1))
    return np.rint(local_median(image, radius_px=radius_px)).astype(np.uint16)


def total_variation(image: NDArray[np.uint16], *, weight: float) -> NDArray[np.uint16]:
    """Total-variation denoising (Chambolle 2004, as in scikit-image).

    Parameters
    ----------
    image : (Y, X) uint16
    weight
        Of the smoothness, for an image of standard deviation 1, so that it does not depend on the unit of intensity.

    Returns
    -------
    (Y, X) uint16
        Rounded, in the unit of the image; a constant image comes back as it is.
    """
    from skimage.restoration import denoise_tv_chambolle

    light = image.astype(np.float32)
    mean, std = float(light.mean()), float(light.std())
    if std == 0:
        return image.copy()
    smooth = denoise_tv_chambolle((light - np.float32(mean)) / np.float32(std), weight=weight)
    return np.asarray(np.clip(np.rint(smooth * std + mean), 0, 65535), dtype=np.uint16)


def centre_crop(image: NDArray[np.uint16], *, size_px: int) -> NDArray[np.uint16]:
    """The central square of `size_px`; an odd rest leaves one more row and column at the end.

    Raises
    ------
    ValueError
        When the image is smaller.
    """
    if min(image.shape) < size_px:
        raise InputError(
            f"quality.preprocessing: crop to {size_px} px needs images of at least that size, got {image.shape}. "
            "Lower size_px, or leave the step out."
        )
    y, x = ((length - size_px) // 2 for length in image.shape)
    return image[y : y + size_px, x : x + size_px]


@dataclass(frozen=True, kw_only=True)
class Step(Method):
    """A step by the name that the config gives it: `apply` takes a (Y, X) uint16 image and the step's settings."""

    apply: Callable[..., NDArray[np.uint16]]


_CHANNELS = {
    "channels": {
        "description": "Channels that the step applies to. Left out = all.",
        "type": ["array", "null"],
        "items": {"type": "string", "minLength": 1},
        "minItems": 1,
        "uniqueItems": True,
    }
}
_WINDOW = {
    "description": "Half of the side of the window of the median.",
    "unit": "px",
    "type": "integer",
    "minimum": 1,
    "maximum": 127,
}

METHODS = (
    Step(
        name="remove_outliers",
        meaning="replace pixels that are brighter than the local median by more than a threshold",
        settings={
            **_CHANNELS,
            "radius_px": _WINDOW,
            "threshold": {
                "description": "Smallest difference to the local median that is replaced.",
                "unit": "intensity",
                "type": "number",
                "minimum": 0,
            },
        },
        required=("radius_px", "threshold"),
        apply=remove_bright_outliers,
    ),
    Step(
        name="rolling_ball",
        meaning="subtract the background that a ball rolled under the image touches",
        settings={
            **_CHANNELS,
            "radius_px": {"description": "Radius of the ball.", "unit": "px", "type": "number", "minimum": 1},
        },
        required=("radius_px",),
        apply=rolling_ball,
    ),
    Step(
        name="median",
        meaning="median filter",
        settings={**_CHANNELS, "radius_px": _WINDOW},
        required=("radius_px",),
        apply=median_filter,
    ),
    Step(
        name="total_variation",
        meaning="total variation denoising",
        settings={
            **_CHANNELS,
            "weight": {
                "description": "Strength of the denoising; larger = smoother.",
                "type": "number",
                "exclusiveMinimum": 0,
            },
        },
        required=("weight",),
        apply=total_variation,
    ),
    Step(
        name="crop",
        meaning="keep the central square",
        settings={
            "size_px": {
                "description": "Side of the square that is kept.",
                "unit": "px",
                "type": "integer",
                "minimum": 32,
            }
        },
        required=("size_px",),
        apply=centre_crop,
    ),
)
"""The steps, each declared once: the schema of ``quality.preprocessing`` follows."""

_STEPS = {step.name: step for step in METHODS}


def preprocessed(image: NDArray[np.uint16], *, channel: str, steps: Sequence[Mapping[str, Any]]) -> NDArray[np.uint16]:
    """Apply the steps that concern `channel`, in their order.

    Parameters
    ----------
    image : (Y, X) uint16
    channel
        Name of the image's channel.
    steps
        Each with ``step`` (a name among `METHODS`), that step's settings, and ``channels`` (null: all).

    Returns
    -------
    (Y, X) uint16

    Raises
    ------
    ValueError
        For an unknown step.
    """
    for given in steps:
        name, channels = given["step"], given.get("channels")
        if name not in _STEPS:
            raise InputError(f"quality.preprocessing: {name!r} is no step; expected one of {sorted(_STEPS)}.")
        if channels is None or channel in channels:
            settings = {key: value for key, value in given.items() if key not in ("step", "channels")}
            image = _STEPS[name].apply(image, **settings)
    return image


def preprocessed_sites(sites: Iterable[SiteImage], *, steps: Sequence[Mapping[str, Any]]) -> Iterator[SiteImage]:
    """The sites with every channel preprocessed, one in memory at a time.

    Parameters
    ----------
    sites
        Corrected sites (`wellspring.quality.correction.corrected`).
    steps
        As of `preprocessed`.

    Raises
    ------
    ValueError
        When the steps leave the channels with different sizes, or one is unknown.
    """
    for site in sites:
        done = [preprocessed(im, channel=name, steps=steps) for name, im in zip(site.channels, site.image, strict=True)]
        shapes = {image.shape for image in done}
        if len(shapes) > 1:
            raise InputError(f"quality.preprocessing: crop all channels alike; site {site.site} has {sorted(shapes)}.")
        yield replace(site, image=np.stack(done))
