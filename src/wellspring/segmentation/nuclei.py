"""Nuclei: Otsu's threshold of the log intensity, watershed of touching ones, outlines at half height."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.checks import check_image, check_number
from wellspring.segmentation.classes import View, outweighs_noise, view_of
from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.halos import without_halos
from wellspring.segmentation.intensities import log_scale
from wellspring.segmentation.splitting import (
    PLATEAU,
    TOP,
    coarse_parts,
    outlined,
    part_touching,
    relative_height,
    typical_diameter,
)
from wellspring.segmentation.thresholds import LocalMidpoint, MultiOtsu, Otsu, Threshold, stain_threshold

__all__ = ["Nuclei", "nuclei_of_image", "segment_nuclei", "segment_nuclei_3d"]

# In typical diameters: the blur that suppresses noise, the smallest nucleus, the reach of a nucleus' own background.
_BLUR, _SMALLEST, _NEARBY = 0.04, 0.25, 2.0
# Two and a half widths at half height of a point (two hot pixels side by side), in standard deviations of the blur.
_POINT = 6.0
# A scale is too coarse when the nuclei that it leads to are no wider than this share of it: outlines at half height
# alone make them up to a fifth narrower than the stain that was seen first. It is made finer so many times.
_COARSE, _MOST_ROUNDS = 0.75, 2

_Values = NDArray[np.float32]


@dataclass(frozen=True)
class _Stain:
    """Smoothed image in noise units, where it is stained, the threshold, as an intensity, and the blur."""

    smooth: _Values
    mask: NDArray[np.bool_]
    threshold: _Values
    sigma_px: float


@dataclass(frozen=True)
class Nuclei:
    """Labels, and the view of the image that they come from.

    Attributes
    ----------
    labels : uint32
    view : View
        What was taken for background, and how many classes were found.
    """

    labels: NDArray[np.uint32]
    view: View


def segment_nuclei(
    image: NDArray[np.number],
    *,
    threshold: Threshold | None = None,
    smoothing_sigma_px: float | None = None,
    min_diameter_px: float | None = None,
) -> NDArray[np.uint32]:
    """Label the nuclei of one image, or of a stack's maximum projection.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Intensity of the nuclear stain, 0 or more; bright nuclei on dark background. Background need not be subtracted.
    threshold
        How stain and background are separated: `Otsu` (the default, None), `MultiOtsu`, `LocalMidpoint`.
    smoothing_sigma_px
        Standard deviation of the Gaussian that smooths the image, px. None: 4 % of the diameter of a typical nucleus,
        at least 1, so that the blur stays well inside the nucleus and averages the more pixels the larger it is.
    min_diameter_px
        Objects smaller than a disc of this diameter are dropped, holes smaller than it are filled. None: a quarter of
        the typical diameter (an object with a sixteenth of the area is debris or a micronucleus), at least 2.5
        times the width of a point that the blur has spread.

    Returns
    -------
    (Y, X) uint32
        0 = background, 1..n in the raster order of each nucleus' first pixel. An empty or constant image, and one of
        noise only, has no nuclei. Labels do not depend on the unit of the intensities: only differences count,
        relative to the noise of a pixel.

    Raises
    ------
    ValueError
        When the image has not two or three axes, holds negative values, NaN or infinity, or a parameter is out of
        range.

    Notes
    -----
    After Dubois (2017), section 2.2: maximum projection, logarithm, Otsu, clean-up, watershed. All lengths follow from
    the image: the typical diameter (`typical_diameter`) sets the blur, the clean-up, and how deep a neck is. Beyond the
    source, necks are looked for at several heights, and blobs, and shallow ones are judged by the shapes of the two
    sides (`part_touching`), and each nucleus ends where its own stain has fallen to half (`outlined`): one threshold
    for an image is low for its bright nuclei and high for its dim ones.
    """
    found = nuclei_of_image(
        image, threshold=threshold, smoothing_sigma_px=smoothing_sigma_px, min_diameter_px=min_diameter_px
    )
    return found.labels


def nuclei_of_image(
    image: NDArray[np.number],
    *,
    threshold: Threshold | None = None,
    smoothing_sigma_px: float | None = None,
    min_diameter_px: float | None = None,
) -> Nuclei:
    """The nuclei of `segment_nuclei`, and how background and classes were chosen; parameters are the same."""
    check_image(image, name="image", n_axes=(2, 3))
    plane = image.max(axis=0, initial=0) if image.ndim == 3 else image
    return _segment(
        plane,
        grid=Grid(2),
        threshold=threshold,
        smoothing_sigma_px=smoothing_sigma_px,
        min_diameter_px=min_diameter_px,
    )


def segment_nuclei_3d(
    stack: NDArray[np.number],
    *,
    z_step_px: float = 1.0,
    threshold: Threshold | None = None,
    smoothing_sigma_px: float | None = None,
    min_diameter_px: float | None = None,
) -> NDArray[np.uint32]:
    """Label the nuclei of a stack in three dimensions, by the steps of `segment_nuclei`.

    Parameters
    ----------
    stack : (Z, Y, X), uint or float
        Intensity of the nuclear stain, 0 or more.
    z_step_px
        Distance of slices in px: slice spacing over pixel size.
    threshold, smoothing_sigma_px, min_diameter_px
        As in `segment_nuclei`; the diameter is that of a ball.

    Returns
    -------
    (Z, Y, X) uint32
        0 = background, 1..n in raster order.

    Raises
    ------
    ValueError
        As `segment_nuclei`, when the stack has not three axes, or when `z_step_px` is not above 0.
    """
    check_image(stack, name="stack", n_axes=(3,))
    check_number(z_step_px, name="z_step_px", above_zero=True, remedy="It is slice spacing / pixel size.")
    return _segment(
        stack,
        grid=Grid(3, z_step_px),
        threshold=threshold,
        smoothing_sigma_px=smoothing_sigma_px,
        min_diameter_px=min_diameter_px,
    ).labels


def _check(*, threshold: Threshold | None, smoothing_sigma_px: float | None, min_diameter_px: float | None) -> None:
    if threshold is not None and not isinstance(threshold, Otsu | MultiOtsu | LocalMidpoint):
        raise InputError(
            f"threshold: expected Otsu(), MultiOtsu(...), LocalMidpoint(...) or None, got {threshold!r}. "
            "wellspring.segmentation.nucleus_methods has one for each name of the config."
        )
    if smoothing_sigma_px is not None:
        check_number(smoothing_sigma_px, name="smoothing_sigma_px", remedy="None chooses it.")
    if min_diameter_px is not None:
        check_number(min_diameter_px, name="min_diameter_px", above_zero=True, remedy="None chooses it.")


def _segment(
    intensity: NDArray[np.number],
    *,
    grid: Grid,
    threshold: Threshold | None,
    smoothing_sigma_px: float | None,
    min_diameter_px: float | None,
) -> Nuclei:
    """View, stain, split, and again at the nuclei's own scale."""
    _check(threshold=threshold, smoothing_sigma_px=smoothing_sigma_px, min_diameter_px=min_diameter_px)
    none = np.zeros(intensity.shape, dtype=np.uint32)
    first_px = 1.0 if smoothing_sigma_px is None else smoothing_sigma_px
    view = view_of(intensity, grid=grid, sigma_px=first_px, has_classes=not isinstance(threshold, MultiOtsu))
    if view.diameter_px == 0:
        return Nuclei(none, view)

    def labelled(diameter_px: float) -> NDArray[np.uint32]:
        sigma_px = max(first_px, _BLUR * diameter_px) if smoothing_sigma_px is None else smoothing_sigma_px
        smallest_px = min_diameter_px or max(_SMALLEST * diameter_px, _POINT * sigma_px)
        stain = _stain(view, grid=grid, threshold=threshold or Otsu(), sigma_px=sigma_px)
        min_size, reach_px = grid.size_of_ball(smallest_px), _NEARBY * view.diameter_px
        return _split(stain, grid=grid, diameter_px=diameter_px, min_size=min_size, reach_px=reach_px)

    return _at_own_scale(labelled, view, grid=grid)


def _at_own_scale(labelled: Callable[[float], NDArray[np.uint32]], view: View, *, grid: Grid) -> Nuclei:
    """The nuclei on the scale that they have themselves.

    The first diameter is that of what is stained before nuclei are split, which in dense tissue is a clump. When the
    nuclei that it leads to are no more than three quarters as wide, they are looked for again on their own scale; the
    background around the clump is that of before.
    """
    diameter_px = view.diameter_px
    labels = labelled(diameter_px)
    for _ in range(_MOST_ROUNDS):
        own_px = typical_diameter(labels.astype(np.int32), grid.depth(labels))
        if own_px == 0 or own_px > _COARSE * diameter_px:
            break
        diameter_px = own_px
        labels = labelled(diameter_px)
    return Nuclei(labels, replace(view, diameter_px=diameter_px))


def _stain(view: View, *, grid: Grid, threshold: Threshold, sigma_px: float) -> _Stain:
    """The blurred image and what exceeds the threshold, without masked pixels."""
    smooth = grid.blurred(view.image, sigma_px)
    scale = log_scale(smooth, seen=view.seen)
    log = scale.of(smooth)
    value = stain_threshold(log, threshold=threshold, grid=grid, diameter_px=view.diameter_px, seen=view.seen)
    mask = log > value
    if view.masked is not None:
        mask &= ~view.masked
    return _Stain(smooth=smooth, mask=mask, threshold=scale.intensity(value), sigma_px=sigma_px)


def _split(stain: _Stain, *, grid: Grid, diameter_px: float, min_size: float, reach_px: float) -> NDArray[np.uint32]:
    """From stained pixels to nuclei.

    A nucleus that reaches the threshold ends at half its own height, which for a dim one lies below the threshold: so
    nuclei may reach down to half the threshold's height, but only those whose median reaches the threshold count.
    """
    stained = grid.without_small(stain.mask, min_size=min_size)
    background = _background(stain.smooth, stained, grid=grid, sigma_px=reach_px)
    reach = stained | (stain.smooth > background + np.maximum(stain.threshold - background, 0) / 2)
    objects, sizes = grid.objects(reach)
    is_stained = np.zeros(len(sizes), dtype=bool)
    is_stained[objects[stained]] = True
    is_stained[0] = False
    domain = grid.without_small(is_stained[objects], min_size=min_size)
    parts, _ = coarse_parts(domain, grid=grid, diameter_px=diameter_px)
    relative = relative_height(stain.smooth, parts, background=background, quantile=PLATEAU)
    # Filled holes are no stain of their own.
    stained &= stain.mask
    parts = part_touching(
        relative, domain=domain, stained=stained, grid=grid, diameter_px=diameter_px, min_size=min_size
    )
    relative = relative_height(stain.smooth, parts, background=background, quantile=TOP)
    upper = np.where(relative >= 0.5, parts, 0)
    kept = np.zeros(int(parts.max(initial=0)) + 1, dtype=bool)
    reaches = quantile_of_parts(stain.smooth - stain.threshold, upper, quantile=0.5)
    kept[: len(reaches)] = (reaches > 0) & outweighs_noise(
        stain.smooth,
        domain,
        height=quantile_of_parts(stain.smooth - background, upper, quantile=0.5),
        n_px=np.bincount(upper.ravel(), minlength=len(reaches)),
        grid=grid,
        sigma_px=stain.sigma_px,
    )
    labels = outlined(parts, relative=relative, kept_parts=kept, min_size=min_size)
    return without_halos(labels, stain.smooth - background) if grid.n_axes == 2 else labels


def _background(smooth: _Values, stained: NDArray[np.bool_], *, grid: Grid, sigma_px: float) -> _Values:
    """The background's intensity everywhere: its Gaussian-weighted mean nearby; where none is near, its median."""
    weight = (~stained).astype(np.float32)
    step = max(1, smooth.size // 1_000_000)
    ground = smooth.ravel()[::step][~stained.ravel()[::step]]
    middle = np.float32(np.median(ground) if len(ground) else smooth.min())
    nearby = grid.blurred(smooth * weight, sigma_px) + np.float32(1e-3) * middle
    return nearby / (grid.blurred(weight, sigma_px) + np.float32(1e-3))
