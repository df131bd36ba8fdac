"""Which classes of intensity a field has: one background or an uneven one, and dim nuclei that bright objects hide."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.backgrounds import evened, filled, masked_pixels
from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.intensities import in_noise_units, log_scale
from wellspring.segmentation.patterns import stripedness, without_stripes
from wellspring.segmentation.splitting import coarse_parts, typical_diameter
from wellspring.segmentation.thresholds import Otsu, has_stain, stain_threshold

__all__ = ["View", "outweighs_noise", "view_of"]

# The smallest object (px across) that counts before the size of a nucleus is known.
_SPECK_PX = 3.0
# An object at least so wide, in shorter sides of the field, may be background.
_LARGE = 0.15
# Nuclei that another view must show before it is preferred.
_LEAST_OBJECTS = 3
# Stripes are looked for where no stain is found, or where they have half of all edges.
_STRIPED = 0.5
# A nucleus' diameter where none is known.
_ANY_PX = 16.0
# How many times brighter and dimmer nuclei are looked for below those that were found.
_MOST_CLASSES = 4
# Halo of an object, in typical diameters and at least px: no dim nuclei are looked for there.
_HALO, _HALO_PX = 0.25, 4
# A nucleus' edge rises over half of its diameter at most, a blob out of focus over three quarters.
_LEAST_RISE = 2.0
# Smallest and largest diameter of a dim nucleus in those of the typical dim one; least share of the dim class' pixels
# that belong to nuclei.
_SMALLEST, _LARGEST, _LEAST_SHARE = 0.4, 2.5, 0.5
# Least evidence of a nucleus, in standard deviations of its mean (`outweighs_noise`).
_LEAST_EVIDENCE = 12.0
# Of white noise blurred with sigma, the share of the standard deviation that a second such blur takes away, by axes:
# the square root of 1 + 2^(-n/2) - 2 (2/3)^(n/2).
_LEFT = {2: 0.408, 3: 0.515}
# The noise is looked for out of reach of what is stained: beyond three standard deviations of a blur so many times as
# wide as that of the image, where that is a hundredth of the field at least.
_FAR_SIGMAS, _LEAST_FAR = 2.0, 0.01

_Mask = NDArray[np.bool_]
_Values = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """An image as the threshold sees it.

    Attributes
    ----------
    image : float32
        In noise units, without masked pixels, its background subtracted where it is uneven.
    seen : bool or None
        Pixels whose histogram is cut into two classes: without those that have no data, and without objects so bright
        that they hide dimmer nuclei. None: all.
    masked : bool or None
        Pixels without data.
    diameter_px : float
        Of a typical nucleus; 0 where there is no stain.
    is_evened : bool
        Whether the local background was subtracted.
    n_classes : int
        1: background alone; 2: and nuclei; 3 or 4: and nuclei, or other objects, that are brighter by far.
    has_objects : bool
        Whether the labels are the objects of this image; False of seeds, which are the inner parts of cells.
    """

    image: _Values
    seen: _Mask | None
    masked: _Mask | None
    diameter_px: float
    is_evened: bool
    n_classes: int
    has_objects: bool = True


@dataclass(frozen=True)
class _Look:
    """A first look with a blur of 1 px: what is stained, its parts, and the size of a typical nucleus."""

    smooth: _Values
    mask: _Mask
    parts: NDArray[np.int32]
    distance: _Values
    diameter_px: float


def view_of(intensity: NDArray[np.number], *, grid: Grid, sigma_px: float, has_classes: bool) -> View:
    """Choose background and classes from the histogram and the objects that each choice would give.

    The whole image is cut in two classes by Otsu's rule of the log intensity, as long as what comes out may be nuclei:

    - Areas of exactly 0 below the background are masked (`masked_pixels`).
    - When an object is as wide as 0.15 of the field, or no stain is found, the local background is subtracted
      (`evened`), and that is preferred if it shows three nuclei or more away from that object.
    - When nothing is found, or half of all edges are those of stripes, the medians of lines across the field are
      subtracted (`without_stripes`), and that is preferred if it shows three nuclei or more, and no stripes.
    - When the pixels away from all objects hold stain of their own, in objects with steep edges and of like sizes,
      these are dim nuclei, and the threshold is lowered to theirs. Repeated, up to four classes.

    Parameters
    ----------
    intensity : (Y, X) or (Z, Y, X), uint or float
    grid
    sigma_px
        Of the first look.
    has_classes
        False: more classes are the caller's choice, none are looked for.
    """
    if intensity.size == 0:
        return View(in_noise_units(intensity), None, None, 0.0, is_evened=False, n_classes=1)
    masked = masked_pixels(intensity)
    if masked is not None:
        intensity = filled(intensity, masked)
    seen = None if masked is None else ~masked
    image = in_noise_units(intensity, seen=seen)
    view = View(image, seen, masked, 0.0, is_evened=False, n_classes=1)
    look = _look(image, seen=seen, grid=grid, sigma_px=sigma_px)
    large = _large_parts(look, grid=grid)
    if look is None or large is not None:
        even = _even_view(view, intensity, large=large, grid=grid, sigma_px=sigma_px)
        if even is not None:
            view, look, intensity = even
    if grid.n_axes == 2 and (look is None or _is_striped(look)):
        even = _view_without_stripes(view, intensity, look=look, grid=grid, sigma_px=sigma_px)
        if even is not None:
            view, look, intensity = even
    if look is None:
        return view
    view = replace(view, diameter_px=look.diameter_px, n_classes=2)
    return _with_dim_class(view, look, intensity, grid=grid, sigma_px=sigma_px) if has_classes else view


def _even_view(
    view: View, intensity: NDArray[np.number], *, large: _Mask | None, grid: Grid, sigma_px: float
) -> tuple[View, _Look, _Values] | None:
    """The view, look and intensities less the local background, where these show nuclei; else None.

    The window of the second pass fits the nuclei that the first one shows, whose pixels it leaves out: the smaller it
    is, the less do nuclei move a step in the background.
    """
    even = evened(intensity)
    look = _look(in_noise_units(even, seen=view.seen), seen=view.seen, grid=grid, sigma_px=sigma_px)
    if look is None or not _is_better(look, large=large, grid=grid):
        return None
    even = evened(intensity, stained=look.mask, diameter_px=look.diameter_px)
    flat = in_noise_units(even, seen=view.seen)
    look = _look(flat, seen=view.seen, grid=grid, sigma_px=sigma_px)
    return None if look is None else (replace(view, image=flat, is_evened=True), look, even)


def _view_without_stripes(
    view: View, intensity: NDArray[np.number], *, look: _Look | None, grid: Grid, sigma_px: float
) -> tuple[View, _Look, _Values] | None:
    """The view, look and intensities without stripes, where these show nuclei; else None."""
    even = without_stripes(intensity, diameter_px=_ANY_PX if look is None else look.diameter_px)
    if even is None:
        return None
    flat = in_noise_units(even, seen=view.seen)
    look = _look(flat, seen=view.seen, grid=grid, sigma_px=sigma_px)
    if look is None or _is_striped(look) or not _is_better(look, large=None, grid=grid):
        return None
    return replace(view, image=flat, is_evened=True), look, even


def _is_striped(look: _Look) -> bool:
    return stripedness(look.smooth, diameter_px=look.diameter_px) >= _STRIPED


def _look(image: _Values, *, seen: _Mask | None, grid: Grid, sigma_px: float) -> _Look | None:
    """None where nothing is stained."""
    if not has_stain(image, grid=grid, seen=seen):
        return None
    smooth = grid.blurred(image, sigma_px)
    log = log_scale(smooth, seen=seen).of(smooth)
    known = log if seen is None else log[seen]
    if known.min() == known.max():
        return None
    mask = log > stain_threshold(log, threshold=Otsu(), grid=grid, diameter_px=0.0, seen=seen)
    if seen is not None:
        mask &= seen
    mask = grid.without_small(mask, min_size=grid.size_of_ball(_SPECK_PX))
    parts, distance = coarse_parts(mask, grid=grid)
    diameter_px = typical_diameter(parts, distance)
    return _Look(smooth, mask, parts, distance, diameter_px) if diameter_px > 0 else None


def _large_parts(look: _Look | None, *, grid: Grid) -> _Mask | None:
    """Parts too wide to be believed without another look; None without any."""
    if look is None:
        return None
    wide = 2 * quantile_of_parts(look.distance, look.parts, quantile=1.0) >= _LARGE * min(look.mask.shape[-2:])
    wide[0] = False
    return wide[look.parts] if wide.any() else None


def _is_better(look: _Look, *, large: _Mask | None, grid: Grid) -> bool:
    """Whether the evened image shows nuclei away from the large object, and that as background.

    Within it there may be no more than the texture of a large nucleus; and what is stained in both is a clump.
    """
    is_nucleus, _ = _nuclei(look, grid=grid)
    if large is not None:
        if look.mask[large].mean() > 0.5:
            return False
        is_nucleus[np.unique(look.parts[large])] = False
    return int(is_nucleus.sum()) >= _LEAST_OBJECTS


def _nuclei(look: _Look, *, grid: Grid) -> tuple[_Mask, float]:
    """(n parts + 1,) which parts look like nuclei, in size, height and edges; their share of all stained pixels."""
    sizes = np.bincount(look.parts.ravel())
    radii = quantile_of_parts(look.distance, look.parts, quantile=1.0)
    sizes[0] = 0
    middle = look.diameter_px
    is_nucleus = (2 * radii >= _SMALLEST * middle) & (2 * radii <= _LARGEST * middle)
    height, rise = _edges(look, grid=grid)
    is_nucleus &= outweighs_noise(look.smooth, look.mask, height=height, n_px=sizes, grid=grid, sigma_px=1.0)
    is_nucleus &= rise * middle >= _LEAST_RISE * height
    is_nucleus[0] = False
    return is_nucleus, float(sizes[is_nucleus].sum() / max(1, sizes.sum()))


def _edges(look: _Look, *, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n parts + 1,) height of each part above the background around it, and the mean steepest rise at its edge."""
    smooth = grid.blurred(look.smooth, max(1.0, 0.05 * look.diameter_px))
    weight = (~look.mask).astype(np.float32)
    reach = max(2.0, 0.5 * look.diameter_px)
    around = grid.blurred(smooth * weight, reach) / np.maximum(grid.blurred(weight, reach), 1e-3)
    height = quantile_of_parts(smooth, look.parts, quantile=0.5) - quantile_of_parts(
        np.asarray(around, dtype=np.float32), look.parts, quantile=0.5
    )
    slope = np.sqrt(sum(np.gradient(smooth, axis=axis) ** 2 for axis in (-2, -1))).astype(np.float32)
    planes = [cv2.dilate(plane, np.ones((7, 7), np.uint8)) for plane in slope.reshape(-1, *slope.shape[-2:])]
    edge = np.where(look.distance <= 2.0, look.parts, 0)
    rise = np.zeros(len(height))
    found = quantile_of_parts(np.stack(planes).reshape(slope.shape), edge, quantile=0.5)
    rise[: len(found)] = found
    return height, rise


def outweighs_noise(
    smooth: _Values,
    stained: _Mask,
    *,
    height: NDArray[np.float64],
    n_px: NDArray[np.integer],
    grid: Grid,
    sigma_px: float,
) -> NDArray[np.bool_]:
    """(n,) whether each part is more than a chance maximum of the smoothed noise.

    Its height above the background, in standard deviations of the noise, times the square root of how many independent
    pixels it holds (a blur makes one of 4 pi sigma^2) must reach 12. Maxima of white noise reach 4 to 6, of noise that
    was blurred or interpolated before 12, and a disc that is as bright as the noise of a pixel and 30 px wide 20.

    The noise is the geometric mean of two estimates in the background, and that of white noise at least. They are made
    out of reach of what is stained. Where there is no such place, the field is either noise alone, whose values are
    normally distributed, and the estimates hold between its maxima; or full of nuclei, whose own edges are all that is
    seen between them, and only white noise is assumed. Both are
    1.4826 times the median absolute difference from a wider blur: one three times as wide, which in crowded fields
    counts what is left of nuclei, and one 1.41 times as wide over the share of white noise that is left by it, which
    falls short where neighbouring pixels are alike.

    Parameters
    ----------
    smooth, stained
        Image in noise units, blurred with `sigma_px`; what is background in it is False.
    height, n_px : (n,)
        Of each part, above the background around it, in noise units; and its pixels.
    """
    independent = 4 * grid.size_of_ball(2 * max(sigma_px, 0.5))
    noise = independent**-0.5
    # Of the stain's own edges less than a thousandth reaches so far.
    far = grid.blurred(stained.astype(np.float32), _FAR_SIGMAS * max(sigma_px, 0.5)) < 1e-3
    if far.mean() < _LEAST_FAR and _is_normal(smooth):
        far = ~stained
    if far.mean() >= _LEAST_FAR:
        wide, near = (_spread(smooth, far, grid=grid, sigma_px=sigma_px * share) for share in (3.0, 1.0))
        noise = max(noise, float(np.sqrt(wide * near / _LEFT[grid.n_axes])))
    return np.asarray(height / noise * np.sqrt(n_px / independent) >= _LEAST_EVIDENCE)


def _is_normal(values: _Values) -> bool:
    """Whether values are distributed like one normal population, by their quantiles: symmetric, with its tails.

    Of a normal distribution the upper half of the 5 to 95 % range is as long as the lower one, and the quartiles span
    0.41 of it; of two populations of like size they span far more, of a large and a small one the halves differ.
    """
    low, first, middle, third, high = np.percentile(values, [5, 25, 50, 75, 95])
    if not low < middle < high:
        return False
    skew, span = (high - middle) / (middle - low), (third - first) / (high - low)
    return bool(0.75 <= skew <= 1.33 and 0.36 <= span <= 0.46)


def _spread(smooth: _Values, where: _Mask, *, grid: Grid, sigma_px: float) -> float:
    """Robust standard deviation of what a blur takes out, at these places."""
    rest = smooth - grid.blurred(smooth, max(sigma_px, 0.5))
    return 1.4826 * float(np.median(np.abs(rest[where])))


def _with_dim_class(view: View, look: _Look, intensity: NDArray[np.number], *, grid: Grid, sigma_px: float) -> View:
    """Lower the threshold to dim nuclei, as long as there are any away from those that were found."""
    hidden = np.zeros(look.mask.shape, dtype=bool) if view.seen is None else ~view.seen
    while view.n_classes < _MOST_CLASSES:
        reach = max(_HALO_PX, _HALO * look.diameter_px)
        hidden = hidden | (grid.distance(~look.mask) <= reach)
        rest = ~hidden
        if rest.mean() < 0.05:
            return view
        image = in_noise_units(intensity, seen=rest)
        found = _look(image, seen=rest, grid=grid, sigma_px=sigma_px)
        if found is None:
            return view
        is_nucleus, share = _nuclei(found, grid=grid)
        if is_nucleus.sum() < _LEAST_OBJECTS or share < _LEAST_SHARE:
            return view
        look = found
        view = replace(view, image=image, seen=rest, diameter_px=look.diameter_px, n_classes=view.n_classes + 1)
    return view
