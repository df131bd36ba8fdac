"""Voronoi-based propagation: every pixel goes to the nucleus that it reaches over the cheapest path."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

__all__ = ["propagated"]

_Edges = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]


def propagated(
    image: NDArray[np.float32], nuclei: NDArray[np.int32], *, mask: NDArray[np.bool_], regularisation: float
) -> NDArray[np.uint32]:
    """Label the pixels of a mask by the nearest nucleus, over paths that avoid steps of intensity.

    A step between neighbours (8 of them) costs sqrt(D**2 + lambda**2 * m). D is the sum, over the 3 x 3 pixels around
    them, of the absolute difference of both neighbourhoods; m = 1 for a side, 2 for a corner. Intensities are scaled to
    0..1. This is CellProfiler's form of Jones, Carpenter & Golland (2005); multi-source Dijkstra is SciPy's.

    Parameters
    ----------
    image : (Y, X) float32
        Intensity.
    nuclei : (Y, X) int32
        Labels, 0 = background. They keep their pixels.
    mask : (Y, X) bool
        Pixels that may belong to a cell; those out of reach get 0.
    regularisation
        lambda, above 0.

    Returns
    -------
    (Y, X) uint32
    """
    allowed = mask | (nuclei > 0)
    places = np.flatnonzero(allowed)
    number = np.full(image.size, -1, dtype=np.int32)
    number[places] = np.arange(len(places), dtype=np.int32)
    span = float(image.max() - image.min())
    scaled = (image - image.min()) / np.float32(span if span > 0 else 1)
    edges = [
        _edges(scaled, number.reshape(image.shape), step=step, regularisation=regularisation)
        for step in ((0, 1), (1, 0), (1, 1), (1, -1))
    ]
    heads, tails, costs = (np.concatenate(parts) for parts in zip(*edges, strict=True))
    graph = csr_array((costs, (heads, tails)), shape=(len(places), len(places)))
    owners = nuclei.ravel()[places]
    _, _, sources = dijkstra(
        graph, directed=False, indices=np.flatnonzero(owners > 0), min_only=True, return_predecessors=True
    )
    labels = np.zeros(image.size, dtype=np.uint32)
    is_reached = sources >= 0
    labels[places[is_reached]] = owners[sources[is_reached]]
    return labels.reshape(image.shape)


def _edges(
    image: NDArray[np.float32], number: NDArray[np.int32], *, step: tuple[int, int], regularisation: float
) -> _Edges:
    """Ends and cost of each edge in one direction; edges within a nucleus are kept, for they cost nothing to have."""
    down, right = step
    first = np.s_[: image.shape[0] - down, max(0, -right) : image.shape[1] - max(0, right)]
    second = np.s_[down:, max(0, right) : image.shape[1] + min(0, right)]
    difference = np.ascontiguousarray(np.abs(image[first] - image[second]))
    empty = np.zeros(0, dtype=np.int32)
    if difference.size == 0:
        return empty, empty, np.zeros(0, dtype=np.float32)
    around = cv2.boxFilter(difference, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE)
    costs = np.sqrt(around**2 + regularisation**2 * (down + abs(right)))
    is_edge = (number[first] >= 0) & (number[second] >= 0)
    return number[first][is_edge], number[second][is_edge], costs[is_edge].astype(np.float32)
