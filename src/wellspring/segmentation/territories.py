"""Whose a pixel is: the nearest nucleus', unless a dark gap or a bright membrane shows where two cells meet."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import quantile_of_parts
from wellspring.segmentation.watershed import flooded

__all__ = ["Territories", "along_dips", "behind_lines", "membrane_contrast", "nearest_nuclei"]

_Labels = NDArray[np.int32]
_Values = NDArray[np.float32]

# A dip between two nuclei counts from a fifth of what is beside it on: stain within cells varies by less. A dip to 0
# is as high a pass as 2 diameters of distance, so it decides wherever it is.
_LEAST_DIP, _DIP_HEIGHT = 0.2, 2.0
# Width of the dips that are looked for, in diameters of a nucleus.
_DIP_WIDTH = 0.67
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
    row: NDArray[np.integer]
    column: NDArray[np.integer]

    def without_places(self) -> "Territories":
        """The same with `row` and `column` empty, which are a quarter of its memory."""
        none = np.zeros((0, 0), dtype=self.row.dtype)
        return replace(self, row=none, column=none)


def nearest_nuclei(nuclei: _Labels) -> Territories:
    """The nearest nucleus of each pixel (to within 2 %, see `Grid.distance`); there must be one."""
    distance, index = cv2.distanceTransformWithLabels(
        (nuclei == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # OpenCV numbers the pixels of nuclei from 1 in an order of its own.
    inside = np.flatnonzero(nuclei)
    number, n_numbers = index.ravel()[inside], int(index.max()) + 1
    # As small as they may be: these are the largest arrays of the segmentation.
    kind = np.int16 if max(nuclei.shape) < np.iinfo(np.int16).max else np.int32
    of_number = np.zeros((3, n_numbers), dtype=np.int32)
    of_number[:, number] = nuclei.ravel()[inside], *np.divmod(inside, nuclei.shape[1])
    owner, row, column = of_number[0][index], of_number[1].astype(kind)[index], of_number[2].astype(kind)[index]
    return Territories(owner, distance, row, column)


def along_dips(height: _Values, near: Territories, nuclei: _Labels, *, diameter: float) -> _Labels:
    """(Y, X) labels: the nearest nucleus, but where the stain dips between two nuclei they meet in the dip.

    The distance from the nuclei, with the dips on top of it, is flooded from the nuclei, so a border follows the
    highest pass. Without dips that is where two nuclei are equally near.

    Parameters
    ----------
    height : (Y, X) float32
        Cell stain above the background, in units of a pixel's noise.
    near, nuclei
        As of `nearest_nuclei`.
    diameter
        Of a nucleus, px.
    """
    step = max(1, int(diameter / _PATH_PX))
    size = (-(-nuclei.shape[1] // step), -(-nuclei.shape[0] // step))
    dips = _dips(np.maximum(cv2.resize(height, size, interpolation=cv2.INTER_AREA), 0), diameter=diameter / step)
    if not dips.any():
        return near.owner
    passes = cv2.resize(near.distance, size, interpolation=cv2.INTER_AREA) / np.float32(-diameter)
    dips *= np.float32(_DIP_HEIGHT)
    passes -= dips
    del dips
    seeds = np.asarray(cv2.resize(nuclei, size, interpolation=cv2.INTER_NEAREST), dtype=np.int32)
    passes[seeds > 0] = 1
    is_near = cv2.resize(near.distance, size, interpolation=cv2.INTER_NEAREST) <= 2 * diameter
    found = flooded(passes, seeds, mask=is_near | (seeds > 0))
    wide = np.asarray(cv2.resize(found, nuclei.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.int32)
    # What differs by no more than the coarse pixels do keeps the fine border.
    moved = ((wide != near.owner) & (wide > 0) & (nuclei == 0)).astype(np.uint8)
    is_moved = cv2.morphologyEx(moved, cv2.MORPH_OPEN, _disc(1 + step)) > 0
    return np.where(is_moved, wide, near.owner).astype(np.int32, copy=False)


def _dips(height: _Values, *, diameter: float) -> _Values:
    """(Y, X) float32: how far the stain lies below what surrounds it, as a share, beyond the least dip."""
    closed = cv2.morphologyEx(height, cv2.MORPH_CLOSE, _disc(_DIP_WIDTH * diameter / 2))
    # 2 noises more below the line, so that dips of noise alone do not count.
    return np.asarray(np.maximum((closed - height) / (closed + 2) - _LEAST_DIP, 0))


def _disc(radius_px: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


def membrane_contrast(height: _Values, near: Territories, nuclei: _Labels, *, diameter: float) -> float:
    """How much brighter the borders between close nuclei are than the nuclei, over the brighter of both: -1 to 1.

    The border's level is the greatest on the last third of the way from the nucleus to where the next is as near.
    Pixels that are brighter count more. 0 where no nuclei are close, or nothing is seen between them.
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
    seeds = np.asarray(cv2.resize(nuclei, size, interpolation=cv2.INTER_NEAREST), dtype=np.int32)
    between = (near.distance > 0) & (near.distance <= diameter) & (height > _VISIBLE_NOISES)
    if not between.any():
        return near.owner
    usual = max(float(np.percentile(height[between], 75)), 1e-6)
    cost = 1 + _LINE_COST * np.clip(height / usual, 0, 1).astype(np.float32)
    allowed = cv2.resize((near.distance <= 2 * diameter).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    found = _cheapest(cv2.resize(cost, size, interpolation=cv2.INTER_AREA), seeds, allowed=allowed | (seeds > 0))
    wide = np.asarray(cv2.resize(found, nuclei.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.int32)
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
