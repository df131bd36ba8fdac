"""Cells: where each one ends, and whose a pixel between two nuclei is."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.cell_kinds import CellMethod, Expansion, OwnEdge, Propagation, Watershed
from wellspring.segmentation.checks import check_count, check_image, check_labels, check_number
from wellspring.segmentation.grids import Grid
from wellspring.segmentation.intensities import in_noise_units, log_scale
from wellspring.segmentation.mixture import class_change, fit_mixture
from wellspring.segmentation.thresholds import histogram

if TYPE_CHECKING:
    from wellspring.segmentation.cell_edges import CellEdges

__all__ = [
    "CellMethod",
    "Expansion",
    "OwnEdge",
    "Propagation",
    "Watershed",
    "cell_mask",
    "own_edges",
    "segment_cells",
    "segment_cells_3d",
]

_GRID = Grid(2)
_Values = NDArray[np.float32]
_Mask = NDArray[np.bool_]


def segment_cells(
    image: NDArray[np.number],
    nuclei: NDArray[np.integer],
    *,
    method: CellMethod | None = None,
    smoothing_sigma_px: float = 1.0,
    n_components: int = 2,
    mask: _Mask | None = None,
) -> NDArray[np.uint32]:
    """Label the cells of one image, or of a stack seen from above: one nucleus, one cell.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Intensity of the cell stain, 0 or more. Of a stack, the maximum shows where there are cells, and for `Watershed`
        and `Propagation` the sum shows where they meet: cells touch at their feet, and over their feet there is less.
    nuclei : (Y, X) int
        Nucleus labels, 0 = background.
    method
        `OwnEdge` (the default, None), `Watershed`, `Propagation` or `Expansion`.
    smoothing_sigma_px
        Gaussian blur before all else, px: 1 suppresses the noise of single pixels. 0: none.
    n_components
        Components of the mixture, see `cell_mask`; for `Watershed` and `Propagation`.
    mask : (Y, X) bool
        For these two: what `cell_mask` returned for this image and these parameters; None: it is made here.

    Returns
    -------
    (Y, X) uint32
        A cell has the label of its nucleus and contains all of it. A nucleus without stain around it becomes a cell of
        about twice its area with `OwnEdge`, its own cell with the others and in a constant image; `describe_objects`
        flags it, and counts what is stained and belongs to no nucleus. No nuclei, no cells.

    Raises
    ------
    ValueError
        When shapes do not agree, intensities are negative, NaN or infinite, labels are not integers of 0 or more, or a
        parameter is out of range.
    """
    method = _known(method)
    check_image(image, name="image", n_axes=(2, 3))
    check_labels(nuclei, name="nuclei", shape=image.shape[-2:])
    _check(smoothing_sigma_px=smoothing_sigma_px, n_components=n_components)
    if not nuclei.any():
        return np.zeros(nuclei.shape, dtype=np.uint32)
    if isinstance(method, OwnEdge):
        return own_edges(image, nuclei, method=method, smoothing_sigma_px=smoothing_sigma_px).labels
    markers = nuclei.astype(np.int32)
    if isinstance(method, Expansion):
        from skimage.segmentation import expand_labels

        return np.asarray(expand_labels(markers, method.distance_px), dtype=np.uint32)
    if mask is None:
        mask = cell_mask(image, smoothing_sigma_px=smoothing_sigma_px, n_components=n_components)
    units = in_noise_units(image)
    smooth = _GRID.blurred(units.sum(axis=0) if image.ndim == 3 else units, smoothing_sigma_px)
    if isinstance(method, Propagation):
        from wellspring.segmentation.propagation import propagated

        return propagated(smooth, markers, mask=mask, regularisation=method.regularisation)
    return _flooded(smooth, markers, mask=mask)


def own_edges(
    image: NDArray[np.number],
    nuclei: NDArray[np.integer],
    *,
    method: OwnEdge,
    smoothing_sigma_px: float = 1.0,
) -> "CellEdges":
    """The cells of one image by `OwnEdge`, with the threshold of each and what is stained.

    Parameters
    ----------
    image, nuclei, smoothing_sigma_px
        As in `segment_cells`.
    method

    Returns
    -------
    CellEdges
        Its threshold is on the scale of `cell_plane`. In a constant image every nucleus is its own cell and unseen.

    Raises
    ------
    ValueError
        As `segment_cells`.
    """
    from wellspring.segmentation.cell_edges import edges_of

    check_image(image, name="image", n_axes=(2, 3))
    check_labels(nuclei, name="nuclei", shape=image.shape[-2:])
    check_number(smoothing_sigma_px, name="smoothing_sigma_px")
    stain = None if method.stain == "auto" else method.stain
    edges = edges_of(cell_plane(image, smoothing_sigma_px=smoothing_sigma_px), nuclei.astype(np.int32), stain=stain)
    if method.unstained == "ignore" or edges.stain == "membrane":
        return edges
    from wellspring.segmentation.cell_seeds import with_unstained

    seeds = with_unstained(image, nuclei, edges.labels).astype(np.int32)
    if seeds.max(initial=0) == nuclei.max(initial=0):
        return edges
    return edges_of(cell_plane(image, smoothing_sigma_px=smoothing_sigma_px), seeds, stain="inside")


def cell_plane(image: NDArray[np.number], *, smoothing_sigma_px: float) -> _Values:
    """(Y, X) float32: the image, or the maximum of a stack, in units of a pixel's noise, blurred."""
    plane = image.max(axis=0, initial=0) if image.ndim == 3 else image
    return _GRID.blurred(in_noise_units(plane), smoothing_sigma_px)


def segment_cells_3d(
    stack: NDArray[np.number],
    nuclei: NDArray[np.integer],
    *,
    is_top_last: bool = True,
    smoothing_sigma_px: float = 1.0,
    n_components: int = 2,
    method: OwnEdge | Watershed | None = None,
) -> NDArray[np.uint32]:
    """Label the cells of a stack slice by slice.

    With `OwnEdge` the maximum of the stack gives the borders of the cells and the threshold of each, and a voxel
    belongs to the cell that it lies in and whose threshold it exceeds. With `Watershed` each slice is flooded by the
    sum of the slices from it to the top (Dubois 2017).

    Parameters
    ----------
    stack : (Z, Y, X), uint or float
        Intensity of the cell stain, 0 or more.
    nuclei : (Y, X) int
        Nucleus labels in projection, 0 = background: the markers of every slice, so that labels agree across slices.
    is_top_last
        Whether the last slice is the one farthest from the surface that the cells grow on; for `Watershed`.
    smoothing_sigma_px, n_components
        As in `segment_cells`; the mixture is that of all voxels.
    method
        `OwnEdge` (the default, None) or `Watershed`.

    Returns
    -------
    (Z, Y, X) uint32
        Labels of the nuclei. A slice that a cell does not reach does not hold its label, even in the nucleus.

    Raises
    ------
    ValueError
        As `segment_cells`.
    """
    chosen = _known(method)
    if not isinstance(chosen, OwnEdge | Watershed):
        raise InputError(f"method: expected OwnEdge(), Watershed() or None for a stack, got {method!r}.")
    check_image(stack, name="stack", n_axes=(3,))
    check_labels(nuclei, name="nuclei", shape=stack.shape[1:])
    _check(smoothing_sigma_px=smoothing_sigma_px, n_components=n_components)
    labels = np.zeros(stack.shape, dtype=np.uint32)
    markers = nuclei.astype(np.int32)
    if not markers.any() or not len(stack):
        return labels
    smooth = np.stack([_GRID.blurred(plane, smoothing_sigma_px) for plane in in_noise_units(stack)])
    if isinstance(chosen, OwnEdge):
        from wellspring.segmentation.cell_edges import edges_of
        from wellspring.segmentation.cell_seeds import seeds_within

        if chosen.unstained == "seed":
            found = own_edges(stack, nuclei, method=chosen, smoothing_sigma_px=smoothing_sigma_px)
            markers = seeds_within(found.labels, nuclei).astype(np.int32)
        edges = edges_of(smooth.max(axis=0), markers, stain=None if chosen.stain == "auto" else chosen.stain)
        # What is enclosed by a stained membrane is cell, though it is dark.
        is_cell = smooth > edges.threshold if edges.stain == "inside" else _is_reached(smooth, edges)
        return np.where(is_cell, edges.labels, 0).astype(np.uint32)
    mask = _above_ground(smooth, n_components=n_components)
    total = np.zeros(nuclei.shape, dtype=np.float32)
    order = range(len(stack))
    for z in reversed(order) if is_top_last else order:
        total += smooth[z]
        labels[z] = np.where(mask[z], _flooded(total, markers, mask=mask[z]), 0)
    return labels


def _is_reached(smooth: _Values, edges: "CellEdges") -> _Mask:
    """(Z, Y, X) bool: in each slice, all of the cells that have membrane there: a quarter of their most in any."""
    n_labels = int(edges.labels.max(initial=0)) + 1
    bright = smooth > edges.threshold
    n_px = np.stack([np.bincount(edges.labels[one], minlength=n_labels) for one in bright])
    return np.asarray((n_px >= np.maximum(n_px.max(axis=0) / 4, 1))[:, edges.labels])


def cell_mask(image: NDArray[np.number], *, smoothing_sigma_px: float = 1.0, n_components: int = 2) -> _Mask:
    """Where there are cells: log intensities whose most probable class is not the lowest one.

    A mixture of Gaussians is fitted by EM to a histogram of log intensities (`intensities.log_scale`) of 1,024 bins;
    the threshold is where the predicted class changes along the intensity ramp (Dubois 2017, section 2.2.1). It is
    lower than Otsu's where the bright class has a long tail, so thin extensions of cells are kept.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        A stack is projected (maximum).
    n_components
        Background and cells: 2. More where the cells' intensities have several classes.

    Returns
    -------
    (Y, X) bool
        All False for a constant or empty image, and where the lowest class stays the most probable one.

    Raises
    ------
    ValueError
        As `segment_cells`.
    """
    check_image(image, name="image", n_axes=(2, 3))
    _check(smoothing_sigma_px=smoothing_sigma_px, n_components=n_components)
    plane = image.max(axis=0, initial=0) if image.ndim == 3 else image
    smooth = _GRID.blurred(in_noise_units(plane), smoothing_sigma_px)
    return _above_ground(smooth, n_components=n_components)


def _above_ground(smooth: _Values, *, n_components: int) -> _Mask:
    """Pixels whose class is not the lowest one of the mixture; none where there is one class only."""
    none = np.zeros(smooth.shape, dtype=bool)
    if smooth.size == 0:
        return none
    log = log_scale(smooth).of(smooth)
    if log.min() == log.max():
        return none
    counts, centres = histogram(log)
    mixture = fit_mixture(centres, counts, n_components=n_components)
    limit = None if mixture is None else class_change(mixture, low=float(centres[0]), high=float(centres[-1]))
    return none if limit is None else np.asarray(log > limit)


def _flooded(total: _Values, markers: NDArray[np.int32], *, mask: _Mask) -> NDArray[np.uint32]:
    """Watershed of the inverted sum; the nuclei are its lowest places, so no border runs through one."""
    from skimage.segmentation import watershed

    is_nucleus = markers > 0
    landscape = np.where(is_nucleus, -total.max() - 1, -total)
    return np.asarray(watershed(landscape, markers, mask=mask | is_nucleus), dtype=np.uint32)


def _known(method: CellMethod | None) -> CellMethod:
    if method is None:
        return OwnEdge()
    if not isinstance(method, OwnEdge | Watershed | Propagation | Expansion):
        raise InputError(
            f"method: expected OwnEdge(...), Watershed(), Propagation(...), Expansion(...) or None, got {method!r}. "
            "wellspring.segmentation.cell_methods has one for each name."
        )
    return method


def _check(*, smoothing_sigma_px: float, n_components: int) -> None:
    check_number(smoothing_sigma_px, name="smoothing_sigma_px")
    check_count(n_components, name="n_components", least=2, most=4)
