"""Cells cut at their own edge, drawn with what real images have: brightness, halos, membranes, no background."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.segmentation import Expansion, OwnEdge, Watershed, describe_objects, segment_cells, segment_cells_3d
from wellspring.segmentation.cell_doubts import (
    DOUBTS,
    CellDoubts,
    doubts_of,
    larger_than_neighbors,
    spots_in_doubt,
)
from wellspring.segmentation.cell_seeds import projected_seeds, seeds_of_cells, seeds_of_cells_3d
from wellspring.segmentation.cell_softness import edge_softness
from wellspring.segmentation.cells import cell_plane, own_edges
from wellspring.segmentation.tables import SEGMENTED
from wellspring.segmentation.territories import nearest_nuclei

SIDE = 240
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
_Labels = NDArray[np.int64]


def drawn_cells(*, seed: int, n_cells: int, reach: float, nucleus: float = 9.0) -> tuple[_Labels, _Labels]:
    """Numbers of nuclei, and of cells: up to `reach` px from the centre, or half way to the next."""
    rng = np.random.default_rng(seed)
    places: list[NDArray[np.float64]] = []
    while len(places) < n_cells:
        place = rng.uniform(nucleus, SIDE - nucleus, 2)
        if all(np.hypot(*(place - other)) > 2.6 * nucleus for other in places):
            places.append(place)
    away = np.stack([np.hypot(ROWS - y, COLUMNS - x) for y, x in places])
    owner = away.argmin(axis=0) + 1
    nearest = away.min(axis=0)
    return np.where(nearest < nucleus, owner, 0), np.where(nearest < reach, owner, 0)


def seen(light: NDArray[np.floating], *, blur: float = 1.5, seed: int = 0) -> NDArray[np.uint16]:
    blurred = cv2.GaussianBlur(light.astype(np.float32), (0, 0), blur)
    return np.asarray(np.random.default_rng(seed).poisson(blurred), dtype=np.uint16)


def ious(true: _Labels, found: NDArray[np.integer]) -> NDArray[np.float64]:
    """IoU of each true cell with the found one of its label."""
    labels = np.unique(true[true > 0])
    return np.array([((true == n) & (found == n)).sum() / ((true == n) | (found == n)).sum() for n in labels])


def levels(n_cells: int, *, seed: int, sd: float) -> NDArray[np.float64]:
    values = 400 * np.exp(np.random.default_rng(seed).normal(0, sd, n_cells + 1))
    values[0] = 0
    return values


def test_cells_of_brightness_over_decades_keep_their_area() -> None:
    nuclei, cells = drawn_cells(seed=11, n_cells=14, reach=19.0)
    image = seen(40 + levels(14, seed=3, sd=0.9)[cells])
    found = segment_cells(image, nuclei)
    assert ious(cells, found).mean() > 0.88
    assert 0.9 < (found > 0).sum() / (cells > 0).sum() < 1.12
    assert ious(cells, segment_cells(image, nuclei, method=Watershed())).mean() < 0.8


def test_a_halo_is_no_cell() -> None:
    nuclei, cells = drawn_cells(seed=12, n_cells=10, reach=19.0)
    light = levels(10, seed=5, sd=0.5)[cells]
    image = seen(40 + light + 0.4 * cv2.GaussianBlur(light.astype(np.float32), (0, 0), 14))
    found = segment_cells(image, nuclei)
    assert ious(cells, found).mean() > 0.85
    assert (found > 0).sum() < 1.15 * (cells > 0).sum()


def test_cells_that_cover_nearly_all_keep_their_dim_ones() -> None:
    nuclei, cells = drawn_cells(seed=13, n_cells=22, reach=40.0)
    assert 0.85 < (cells > 0).mean() < 0.97
    image = seen(60 + levels(22, seed=6, sd=0.5)[cells])
    assert ious(cells, segment_cells(image, nuclei)).mean() > 0.85


def test_touching_cells_without_a_gap_meet_half_way() -> None:
    nuclei, cells = drawn_cells(seed=14, n_cells=14, reach=24.0)
    found = segment_cells(seen(40 + 300.0 * (cells > 0)), nuclei)
    assert ious(cells, found).min() > 0.85
    assert (found[nuclei > 0] == nuclei[nuclei > 0]).all()


def test_a_dip_is_followed_though_it_is_not_half_way() -> None:
    # Nuclei at columns 60 and 160; the gap is at 90.
    light = np.where((abs(ROWS - 120) < 40) & (COLUMNS > 35) & (COLUMNS < 185) & (abs(COLUMNS - 90) > 3), 700, 60)
    nuclei = np.where(
        np.hypot(ROWS - 120, COLUMNS - 60) < 14, 1, np.where(np.hypot(ROWS - 120, COLUMNS - 160) < 14, 2, 0)
    )
    found = segment_cells(seen(light), nuclei)
    assert found[120, 84] == 1
    assert found[120, 98] == 2


@pytest.mark.parametrize("stain", ["auto", "membrane"])
def test_a_membrane_stain_gives_borders_on_its_lines(stain: str) -> None:
    nuclei, cells = drawn_cells(seed=15, n_cells=20, reach=24.0)
    lines = cv2.dilate(cells.astype(np.float32), np.ones((3, 3))) != cv2.erode(
        cells.astype(np.float32), np.ones((3, 3))
    )
    image = seen(30 + 500.0 * lines, blur=1.0)
    method = OwnEdge(stain=stain)  # type: ignore[arg-type]
    edges = own_edges(image, nuclei, method=method)
    assert edges.stain == "membrane"
    assert ious(cells, edges.labels).mean() > 0.8
    assert ious(cells, segment_cells(image, nuclei, method=Watershed())).mean() < 0.6


def test_a_stain_of_the_inside_is_not_taken_for_one_of_membranes() -> None:
    nuclei, cells = drawn_cells(seed=16, n_cells=20, reach=24.0)
    for light in (300.0 * (cells > 0), levels(20, seed=2, sd=0.6)[cells], 400.0 * (nuclei > 0) + 200.0 * (cells > 0)):
        assert own_edges(seen(40 + light), nuclei, method=OwnEdge()).stain == "inside"
    with pytest.raises(ValueError, match="stain: expected auto, inside or membrane, got 'lines'"):
        OwnEdge(stain="lines")  # type: ignore[arg-type]


def test_a_cell_that_is_not_stained_is_twice_its_nucleus_and_doubted() -> None:
    nuclei, cells = drawn_cells(seed=17, n_cells=12, reach=20.0)
    light = np.where(cells == 5, 0.0, 500.0 * (cells > 0))
    image = seen(40 + light)
    edges = own_edges(image, nuclei, method=OwnEdge())
    assert np.flatnonzero(edges.is_unseen).tolist() == [5]
    assert 1.2 < (edges.labels == 5).sum() / (nuclei == 5).sum() < 2.3


def test_stacks_have_the_same_borders_and_end_where_cells_do() -> None:
    nuclei, cells = drawn_cells(seed=18, n_cells=12, reach=21.0)
    stack = np.stack([seen(40 + 400.0 * (cells > 0), seed=1), seen(40 + 400.0 * ((cells > 0) & (cells != 3)), seed=2)])
    found = segment_cells_3d(stack, nuclei)
    assert ious(cells, found[0]).mean() > 0.9
    assert not (found[1] == 3).any()
    assert ious(np.where(cells == 3, 0, cells), found[1]).mean() > 0.9
    with pytest.raises(ValueError, match=r"method: expected OwnEdge\(\), Watershed\(\) or None for a stack"):
        segment_cells_3d(stack, nuclei, method=Expansion())  # type: ignore[arg-type]


def _doubts(image: NDArray[np.uint16], nuclei: _Labels) -> tuple[NDArray[np.uint32], CellDoubts]:
    edges = own_edges(image, nuclei, method=OwnEdge())
    return edges.labels, doubts_of(cell_plane(image, smoothing_sigma_px=1.0), nuclei, edges)


def _two_cells(gap: float) -> tuple[NDArray[np.uint16], _Labels]:
    """Two cells that touch half way between the nuclei, in columns 120 +- 3, where the stain is `gap` of theirs."""
    inside = (abs(ROWS - 120) < 40) & (abs(COLUMNS - 120) < 70)
    light = np.where(inside, np.where(abs(COLUMNS - 120) < 3, gap, 1.0) * 400, 0)
    texture = 1 + 0.15 * 7 * cv2.GaussianBlur(np.random.default_rng(1).normal(size=inside.shape), (0, 0), 2)
    nuclei = np.where(
        np.hypot(ROWS - 120, COLUMNS - 85) < 12, 1, np.where(np.hypot(ROWS - 120, COLUMNS - 155) < 12, 2, 0)
    )
    return seen(40 + light * texture), nuclei


def test_a_border_is_doubted_where_the_image_does_not_show_it() -> None:
    labels, doubts = _doubts(*_two_cells(1.0))
    assert doubts.open_share[1:].min() > 0.1
    assert (doubts.others > 0).sum() > 200
    assert (doubts.others[labels == 0] == 0).all()
    assert (doubts.others != labels)[labels > 0].all()
    labels, doubts = _doubts(*_two_cells(0.5))
    assert doubts.open_share[1:].max() < 0.05
    assert set(np.unique(labels)) == {0, 1, 2}


def test_spots_on_the_uncertain_side_of_a_border_are_counted() -> None:
    # Cells 1, 1, 2, 2 and none: of the second pixel the other method says 2, of the third and of the last 1.
    others = np.array([[0, 2, 1, 0, 1]])
    places = np.array([[0.2, 0.1], [0.0, 1.2], [0.0, 1.8], [0.0, 2.1], [0.0, 3.0], [0.0, 9.0]])
    own, beyond = spots_in_doubt(places, np.array([1, 1, 2, 2, 2, 0]), others)
    assert own.tolist() == [0, 1, 2]
    assert beyond.tolist() == [0, 2, 1]
    none, _ = spots_in_doubt(np.zeros((0, 2)), np.zeros(0, dtype=np.int64), others)
    assert none.tolist() == [0, 0, 0]


def test_a_cell_far_larger_than_its_neighbours() -> None:
    place = np.arange(8.0) * 30
    sizes = np.array([100, 110, 90, 100, 500, 100, 95, 105])
    assert np.flatnonzero(larger_than_neighbors(place, place, sizes)).tolist() == [4]
    assert not larger_than_neighbors(place, place, np.linspace(100, 300, 8)).any()
    assert not larger_than_neighbors(place[:3], place[:3], sizes[3:6]).any()


def test_doubts_of_a_site_are_columns_of_its_objects() -> None:
    nuclei, cells = drawn_cells(seed=19, n_cells=14, reach=60.0)
    labels, doubts = _doubts(seen(40 + 300.0 * (cells > 0)), nuclei)
    full = CellDoubts(doubts.is_unseen, doubts.open_share, doubts.others, 0.95, doubts.stain, doubts.softness)
    frame = describe_objects(nuclei, labels, doubts=full)
    assert frame["is_in_full_site"].all()
    assert (frame["stain"] == "inside").all()
    few = CellDoubts(doubts.is_unseen, doubts.open_share, doubts.others, 0.5, doubts.stain, doubts.softness)
    assert not describe_objects(nuclei, labels, doubts=few)["is_in_full_site"].any()
    assert {doubt.column for doubt in DOUBTS} <= set(SEGMENTED.names)


def test_a_nucleus_of_twice_the_area_may_be_several() -> None:
    nuclei = np.zeros((60, 200), dtype=np.int64)
    for number in range(1, 6):
        nuclei[20:30, 30 * number : 30 * number + 10] = number
    nuclei[20:30, 90:112] = 3
    assert describe_objects(nuclei, nuclei)["is_nucleus_of_several"].tolist() == [False, False, True, False, False]


def test_without_nuclei_the_stain_gives_a_seed_for_each_cell() -> None:
    _, cells = drawn_cells(seed=20, n_cells=8, reach=13.0)
    image = seen(40 + levels(8, seed=7, sd=0.3)[cells])
    seeds = seeds_of_cells(image)
    found = segment_cells(image, seeds)
    best = [max(ious(cells == n, found == label)[0] for label in np.unique(found[found > 0])) for n in range(1, 9)]
    assert np.median(best) > 0.85
    assert sum(iou > 0.5 for iou in best) >= 7
    assert not seeds_of_cells(np.full((20, 30), 7)).any()
    stack = np.stack([image] * 5)
    assert len(np.unique(seeds_of_cells_3d(stack, z_step_px=2.0))) == len(np.unique(seeds))


def test_labels_may_be_any_numbers() -> None:
    nuclei, cells = drawn_cells(seed=21, n_cells=6, reach=18.0)
    image = seen(40 + 300.0 * (cells > 0))
    names = np.array([0, 5, 70_000, 900_000_001, 3, 20_000_001, 20_000_002])
    assert (segment_cells(image, names[nuclei]) == names[segment_cells(image, nuclei)]).all()
    assert (segment_cells(image, np.full(image.shape, 10**8)) == 10**8).all()


def test_seeds_over_one_another_are_all_seen_from_above() -> None:
    stack = np.zeros((3, 4, 6), dtype=np.uint32)
    stack[0, :, :4], stack[2, 1:3, 1:3], stack[1, 0, 5] = 1, 2, 3
    assert projected_seeds(stack).tolist() == [
        [1, 1, 1, 1, 0, 3],
        [1, 2, 2, 1, 0, 0],
        [1, 2, 2, 1, 0, 0],
        [1, 1, 1, 1, 0, 0],
    ]
    assert not projected_seeds(np.zeros((2, 3, 3), dtype=np.uint32)).any()


@pytest.mark.parametrize(("slope_px", "is_soft"), [(2.0, False), (12.0, True)])
def test_a_cell_whose_stain_fades_into_the_background_has_a_soft_edge(slope_px: float, is_soft: bool) -> None:
    distance = np.hypot(ROWS - 120, COLUMNS - 120)
    light = 40 + 400 / (1 + np.exp((distance - 30) / slope_px))
    nuclei = (distance < 12).astype(np.int64)
    labels, doubts = _doubts(seen(light), nuclei)
    assert (doubts.softness[1] >= 0.5) == is_soft
    frame = describe_objects(nuclei, labels, doubts=doubts)
    assert frame["is_soft_edge"].tolist() == [is_soft]
    assert frame["edge_softness"].tolist() == [doubts.softness[1]]


def test_softness_by_hand() -> None:
    height = np.array([[10.0, 10, 7, 5, 4, 2]], dtype=np.float32)
    edges = np.full((1, 6), 6.0, dtype=np.float32)
    nuclei = np.array([[1, 0, 0, 0, 0, 0]], dtype=np.int32)
    labels = np.array([[1, 1, 1, 0, 0, 0]])
    # At 9 the third pixel is lost, at 4 the fourth is gained: 2 of 3. A reach of 2 px gains none.
    near = nearest_nuclei(nuclei)
    given = {"labels": labels, "nuclei": nuclei, "near": near}
    assert edge_softness(height, edges, reach_px=9.0, **given).tolist() == [0.0, 2 / 3]
    assert edge_softness(height, edges, reach_px=2.0, **given).tolist() == [0.0, 1 / 3]
