"""How touching nuclei are split and where each one ends, on a scale that each nucleus sets for itself."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.shapes import ShapeJudge
from wellspring.segmentation.watershed import flooded, split_by_tops

__all__ = ["PLATEAU", "TOP", "coarse_parts", "outlined", "part_touching", "relative_height", "typical_diameter"]

# Shares of a nucleus' height: its outline, and up to where its sections are looked at for necks.
_OUTLINE, _HIGHEST, _N_SECTIONS = 0.5, 0.9, 5
_BRIGHTEST = np.float32(1.5)
# A neck always counts when it is narrower than what it joins by this share of a radius; never when by less than a
# tenth of that, which noise does to an outline.
_DEEP, _SHALLOW = 0.1, 0.01
# The scale at which nuclei are looked for as blobs, in typical diameters; and how much they count compared with necks.
_BLOB, _BLOB_SHARE = 0.25, 0.5
# How much the stain itself counts where the landscape is flat: in the rims of nuclei.
_SLOPE = np.float32(0.03)
# Of what lies above half height, the share that is below the top: to part, and to outline.
PLATEAU, TOP = 0.75, 0.67
# Smallest radius of a dim nucleus next to a bright one, in typical radii.
_LEFT_RADIUS = 0.6

_Mask = NDArray[np.bool_]
_Values = NDArray[np.float32]
_Parts = NDArray[np.int32]


def coarse_parts(mask: _Mask, *, grid: Grid, diameter_px: float | None = None) -> tuple[_Parts, _Values]:
    """Split a mask by the distance to its background alone; also that distance (px).

    Watershed of the distance from its maxima. Until the size of a nucleus is known (`diameter_px` is None) a neck
    counts from 10 % of the radius next to it, afterwards from 10 % of the typical radius.
    """
    distance = grid.blurred(grid.distance(mask), 1.0)
    scaled = np.log1p(distance) if diameter_px is None else distance * np.float32(2 / diameter_px)
    return split_by_tops(scaled, mask=mask, depth=_DEEP), distance


def typical_diameter(parts: _Parts, distance: _Values) -> float:
    """Diameter (px) of the largest disc in the typical part: half of all stained pixels lie in smaller parts.

    Pixels, not parts, are counted, so that specks, however many, do not decide. 0 without parts.
    """
    sizes = np.bincount(parts.ravel())[1:]
    if len(sizes) == 0:
        return 0.0
    radii = quantile_of_parts(distance, parts, quantile=1.0)[1:]
    order = np.argsort(radii)
    running = np.cumsum(sizes[order])
    return 2 * float(radii[order][np.searchsorted(running, running[-1] / 2)])


def relative_height(smooth: _Values, parts: _Parts, *, background: _Values, quantile: float) -> _Values:
    """Intensity above the background as a share of the height of the nucleus it lies in; 0 outside of parts.

    The height is a quantile of what lies above half of the part's median; the pixels below are the blurred rim.
    `PLATEAU`, the upper quartile, is close to the top also of a nucleus as round as a dome, so sections relative to it
    part domes. `TOP`, for outlines, lies between it and the median: the upper quartile of a textured nucleus is
    brighter than the stain at its edge, the median of a dome is dimmer than its top.
    """
    ground = quantile_of_parts(background, parts, quantile=0.5)
    middle = quantile_of_parts(smooth, parts, quantile=0.5)
    plateau = quantile_of_parts(smooth, parts, quantile=quantile, above=(ground + middle) / 2)
    height = np.maximum(plateau - ground, 1e-6).astype(np.float32)
    places = np.flatnonzero(parts)
    owner = parts.ravel()[places]
    relative = np.zeros(parts.shape, dtype=np.float32)
    relative.ravel()[places] = (smooth.ravel()[places] - ground.astype(np.float32)[owner]) / height[owner]
    return relative


def part_touching(
    relative: _Values, *, domain: _Mask, stained: _Mask, grid: Grid, diameter_px: float, min_size: float
) -> _Parts:
    """Part touching nuclei at their necks, looked for at several heights, and by their shapes.

    Parameters
    ----------
    relative : float32
        From `relative_height`.
    domain, stained : bool
        Where nuclei may reach; and, within, where the stain is above the threshold: there every nucleus has its core.
    diameter_px
        Of a typical nucleus.
    min_size
        Pixels of the smallest nucleus; smaller holes are texture.

    Returns
    -------
    int32
        0 = background; a number for each part, in no order.

    Notes
    -----
    Two nuclei that touch over a broad front have no neck at the outline, but blur makes a dip between them. It is seen
    in two ways, each on a scale of about 0 to 1, and their mean is the landscape. First, a neck appears in sections at
    greater height: the mean, over sections at 50 to 90 % of the height, of the distance to the section's border, in
    typical radii. Second, each nucleus is a blob of half a typical radius' scale: minus the Laplacian of Gaussian
    (Lindeberg, Int. J. Comput. Vis. 30, 1998), which sees the background between nuclei as well as the dip.

    Maxima of the landscape are seeds. Where the pass between two is deeper than 10 %, they are two nuclei; where it is
    between 1 and 10 %, they are two if the two parts are more like ellipses than their union is (`ShapeJudge`): the
    halves of one nucleus are less so, two nuclei more so. A watershed finds the parts. A dim nucleus next to one of
    more than twice its height is in no section: what is left of the stained pixels and holds a disc of 0.6 typical
    radii, more than the halo of a bright nucleus, is a seed too.
    """
    necks = _mean_distance(relative, grid=grid, diameter_px=diameter_px, min_size=min_size)
    # Specks brighter than the plateau are texture.
    blobs = grid.blobs(np.minimum(relative, _BRIGHTEST), max(1.0, _BLOB * diameter_px))
    landscape = (1 - np.float32(_BLOB_SHARE)) * necks + np.float32(_BLOB_SHARE) * blobs
    high = _filled(relative >= _OUTLINE, grid=grid, min_size=min_size) & domain
    places = np.nonzero(high)

    def judge(basins: NDArray[np.int64]) -> ShapeJudge:
        return ShapeJudge.of(basins, places, steps=grid.steps, shallow=_SHALLOW, deep=_DEEP)

    seeds = split_by_tops(landscape, mask=high, judge=judge)
    left_over = grid.distance(stained & ~high) * np.float32(2 / diameter_px)
    cores, _ = grid.objects(left_over >= _LEFT_RADIUS)
    seeds = np.where(cores > 0, seeds.max(initial=0) + cores, seeds)
    return flooded(np.maximum(landscape, left_over / 2) + _SLOPE * relative, seeds, mask=domain)


def _mean_distance(relative: _Values, *, grid: Grid, diameter_px: float, min_size: float) -> _Values:
    """Mean over the sections of the distance to their border, in typical radii; small holes (texture) are filled."""
    total = np.zeros(relative.shape, dtype=np.float32)
    for share in np.linspace(_OUTLINE, _HIGHEST, _N_SECTIONS):
        total += grid.distance(_filled(relative >= share, grid=grid, min_size=min_size))
    return grid.blurred(total * np.float32(2 / diameter_px / _N_SECTIONS), max(1.0, 0.04 * diameter_px))


def _filled(section: _Mask, *, grid: Grid, min_size: float) -> _Mask:
    """The section with its small holes filled."""
    holes, sizes = grid.objects(~section)
    is_small = sizes < min_size
    is_small[0] = False
    return section | is_small[holes]


def outlined(parts: _Parts, *, relative: _Values, kept_parts: NDArray[np.bool_], min_size: float) -> NDArray[np.uint32]:
    """Cut each part at half its height, fill its holes, keep its largest piece; numbered 1..n in raster order.

    Blur is symmetric, so the edge of an evenly stained nucleus is where the intensity is midway between the background
    and the plateau, whatever the threshold of the whole image.

    Parameters
    ----------
    parts : int
        0 = background.
    relative : float32
        From `relative_height` of these parts.
    kept_parts : (parts.max() + 1,) bool
        Parts to keep.
    min_size
        Pixels of the smallest nucleus.
    """
    low, _ = _pieces(np.where(relative < _OUTLINE, parts, 0))
    is_open = np.zeros(int(low.max(initial=0)) + 1, dtype=bool)
    is_open[low[_beside_another(parts)]] = True
    is_open[0] = False
    upper = np.where(((low == 0) | ~is_open[low]) & kept_parts[parts], parts, 0)
    pieces, owner = _pieces(upper)
    sizes = np.bincount(pieces.ravel(), minlength=len(owner))
    sizes[0] = 0
    largest = np.zeros(len(kept_parts), dtype=np.int64)
    np.maximum.at(largest, owner, sizes)
    is_kept = (sizes == largest[owner]) & (sizes >= min_size) & (owner > 0)
    number = np.zeros(len(owner), dtype=np.uint32)
    number[is_kept] = np.arange(1, int(is_kept.sum()) + 1, dtype=np.uint32)
    return number[pieces]


def _pieces(parts: _Parts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Connected pieces of equal label, numbered in raster order, and each piece's label (element 0: background)."""
    from skimage.measure import label

    pieces, n_pieces = label(parts, connectivity=1, return_num=True)
    owner = np.zeros(n_pieces + 1, dtype=np.int64)
    places = np.flatnonzero(parts)
    owner[pieces.ravel()[places]] = parts.ravel()[places]
    return pieces, owner


def _beside_another(parts: _Parts) -> _Mask:
    """Pixels on the image's edge or with a neighbour (sharing a side) of another label."""
    found = np.zeros(parts.shape, dtype=bool)
    for axis in range(parts.ndim):
        along, edge = np.moveaxis(parts, axis, 0), np.moveaxis(found, axis, 0)
        differs = along[1:] != along[:-1]
        edge[1:] |= differs
        edge[:-1] |= differs
        if parts.shape[axis] > 1:
            edge[0] = edge[-1] = True
    return found
