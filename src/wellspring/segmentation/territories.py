"""Whose a pixel is: the nearest nucleus', or that of the nucleus from which the fewest membranes are crossed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import quantile_of_parts

__all__ = ["Territories", "behind_lines", "membrane_contrast", "nearest_nuclei"]

_Labels = NDArray[np.int32]
_Values = NDArray[np.float32]

# A line as bright as most costs as much as this many times its width.
_LINE_COST = 5.0
# Pixels of a nucleus' diameter after shrinking, where paths are searched: no fewer, and larger nuclei are shrunk.
_PATH_PX = 12.0
# Below this many places between nuclei the image does not say what is stained.
_LEAST_BORDER_PX = 20
# Three standard deviations of a pixel's noise.
_VISIBLE_NOISES = 3.0


@dataclass(frozen=True)
class Territories:
    """(Y, X) each: `owner`, the label of a nucleus; `distance` to the nearest nucleus, px; its nearest pixel."""

    owner: _Labels
    distance: _Values
    row: NDArray[np.int32]
    column: NDArray[np.int32]


def nearest_nuclei(nuclei: _Labels) -> Territories:
    """The nearest nucleus of each pixel (to within 2 %, see `Grid.distance`); there must be one."""
    distance, index = cv2.distanceTransformWithLabels(
        (nuclei == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # OpenCV numbers the pixels of nuclei from 1 in an order of its own.
    place = np.zeros(int(index.max()) + 1, dtype=np.int64)
    inside = np.flatnonzero(nuclei)
    place[index.ravel()[inside]] = inside
    nearest = place[index]
    row, column = np.divmod(nearest, nuclei.shape[1])
    return Territories(nuclei.ravel()[nearest], distance, row.astype(np.int32), column.astype(np.int32))


def membrane_contrast(height: _Values, near: Territories, nuclei: _Labels, *, diameter: float) -> float:
    """How much brighter the borders between close nuclei are than the nuclei, over the brighter of both: -1 to 1.

    The border's level is the greatest on the last third of the way from the nucleus to where the next is as near. Pixels
    that are brighter count more. 0 where no nuclei are close, or nothing is seen between them.
    """
    is_border = np.zeros(nuclei.shape, dtype=bool)
    is_border[:, 1:] |= near.owner[:, 1:] != near.owner[:, :-1]
    is_border[1:] |= near.owner[1:] != near.owner[:-1]
    row, column = np.nonzero(is_border & (near.distance <= diameter / 2) & (near.distance >= 1.5))
    up, left = near.row[row, column] - row, near.column[row, column] - column
    border = np.full(len(row), -np.inf, dtype=np.float32)
    for share in (0.0, 0.17, 0.33):
        at = row + np.rint(share * up).astype(np.int64), column + np.rint(share * left).astype(np.int64)
        border = np.maximum(border, height[at])
    levels = quantile_of_parts(height, nuclei, quantile=0.5)
    inside = levels.astype(np.float32)[near.owner[row, column]]
    brighter = np.maximum(border, inside)
    is_seen = brighter > _VISIBLE_NOISES
    if is_seen.sum() < _LEAST_BORDER_PX:
        return 0.0
    return float((border - inside)[is_seen].sum() / brighter[is_seen].sum())


def behind_lines(height: _Values, near: Territories, nuclei: _Labels, *, diameter: float) -> _Labels:
    """(Y, X) labels: the nucleus that each pixel is reached from over the cheapest path, bright lines being costly.

    So two cells meet on the line between them. Beyond two diameters from any nucleus it is the nearest one.
    """
    step = max(1, int(diameter / _PATH_PX))
    size = (-(-nuclei.shape[1] // step), -(-nuclei.shape[0] // step))
    seeds = cv2.resize(nuclei.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    between = (near.distance > 0) & (near.distance <= diameter) & (height > _VISIBLE_NOISES)
    if not between.any():
        return near.owner
    usual = max(float(np.percentile(height[between], 75)), 1e-6)
    cost = 1 + _LINE_COST * np.clip(height / usual, 0, 1).astype(np.float32)
    allowed = cv2.resize((near.distance <= 2 * diameter).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    found = _cheapest(cv2.resize(cost, size, interpolation=cv2.INTER_AREA), seeds, allowed=allowed | (seeds > 0))
    wide = cv2.resize(found.astype(np.float32), nuclei.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.int32)
    return np.where(nuclei > 0, nuclei, np.where(wide > 0, wide, near.owner)).astype(np.int32)


def _cheapest(cost: _Values, seeds: _Labels, *, allowed: NDArray[np.bool_]) -> _Labels:
    """Labels of the seeds, each pixel by the path of least summed cost (Dijkstra, 8 neighbours); 0 out of reach."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    places = np.flatnonzero(allowed)
    number = np.full(seeds.shape, -1, dtype=np.int32)
    number.ravel()[places] = np.arange(len(places))
    heads, tails, costs = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        first = np.s_[: seeds.shape[0] - down, max(0, -right) : seeds.shape[1] - max(0, right)]
        second = np.s_[down:, max(0, right) : seeds.shape[1] + min(0, right)]
        is_edge = (number[first] >= 0) & (number[second] >= 0)
        length = np.float32(np.hypot(down, right) / 2) * (cost[first] + cost[second])
        heads.append(number[first][is_edge])
        tails.append(number[second][is_edge])
        costs.append(length[is_edge])
    graph = csr_array(
        (np.concatenate(costs), (np.concatenate(heads), np.concatenate(tails))), shape=(len(places), len(places))
    )
    owners = seeds.ravel()[places]
    _, _, sources = dijkstra(
        graph, directed=False, indices=np.flatnonzero(owners > 0), min_only=True, return_predecessors=True
    )
    labels = np.zeros(seeds.shape, dtype=np.int32)
    is_reached = sources >= 0
    labels.ravel()[places[is_reached]] = owners[sources[is_reached]]
    return labels
