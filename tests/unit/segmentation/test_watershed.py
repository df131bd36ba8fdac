"""Watershed by hand: on a line of heights, on plateaus, from seeds; and the shapes that decide."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.segmentation import watershed

from wellspring.segmentation.shapes import ShapeJudge, ellipse_share
from wellspring.segmentation.watershed import flooded, split_by_tops

# Tops of 5, 4 and 6; passes of 3.5 and 1.
LINE = np.array([[1, 5, 3.5, 4, 1, 2, 6, 0]], dtype=np.float32)
EVERYWHERE = np.ones(LINE.shape, dtype=bool)


def _groups(parts: NDArray[np.integer]) -> list[int]:
    """Parts numbered by their first pixel."""
    _, first, inverse = np.unique(parts, return_index=True, return_inverse=True)
    return [int(np.argsort(np.argsort(first))[i]) for i in inverse.ravel()]


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        # The pixel of 1 between 4 and 2 goes up to 4.
        (0.0, [0, 0, 0, 1, 1, 2, 2, 2]),
        (0.4, [0, 0, 0, 1, 1, 2, 2, 2]),
        # 4 is 0.5 above its pass and joins 5, which is 4 above the pass to 6.
        (0.6, [0, 0, 0, 0, 0, 1, 1, 1]),
        (4.1, [0] * 8),
    ],
)
def test_tops_that_do_not_stand_out_join(depth: float, expected: list[int]) -> None:
    parts = split_by_tops(LINE, mask=EVERYWHERE, depth=depth)
    assert parts.dtype == np.int32
    assert (parts > 0).all()
    # 3.5 has 5 to its left and 4 to its right.
    assert _groups(parts) == expected


def test_the_mask_parts_what_it_does_not_hold() -> None:
    mask = EVERYWHERE.copy()
    mask[0, 4] = False
    parts = split_by_tops(LINE, mask=mask, depth=100.0)
    assert parts[0, 4] == 0
    assert len({parts[0, 3], parts[0, 5], 0}) == 3
    assert split_by_tops(LINE, mask=~EVERYWHERE, depth=1.0).tolist() == [[0] * 8]


def test_a_plateau_is_one_part() -> None:
    flat = np.zeros((6, 7), dtype=np.float32)
    tops = split_by_tops(flat, mask=flat == 0, depth=0.1)
    assert (tops == tops[0, 0]).all()
    cube = np.zeros((3, 4, 5), dtype=np.float32)
    assert len(np.unique(split_by_tops(cube, mask=cube == 0, depth=0.1))) == 1


def test_seeds_take_what_leads_up_to_them_and_the_tops_without_one() -> None:
    seeds = np.array([[0, 0, 0, 7, 0, 0, 3, 0]])
    # The top of 5 has no seed; its highest pass is to 7.
    assert flooded(LINE, seeds, mask=EVERYWHERE).tolist() == [[7, 7, 7, 7, 7, 3, 3, 3]]
    mask = EVERYWHERE.copy()
    mask[0, 2] = False
    assert flooded(LINE, seeds, mask=mask).tolist() == [[0, 0, 0, 7, 7, 3, 3, 3]]
    assert flooded(LINE, seeds * 0, mask=EVERYWHERE).max() == 0


def test_flooding_agrees_with_scikit_image() -> None:
    landscape = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    mask = np.random.default_rng(1).random((40, 50)) < 0.9
    seeds = np.where(np.random.default_rng(2).random((40, 50)) < 0.01, np.arange(2000).reshape(40, 50), 0) * mask
    expected = watershed(-landscape, seeds, mask=mask)
    found = flooded(landscape, seeds, mask=mask)
    assert ((found > 0) == (expected > 0)).all()
    # Seeds that are no maxima differ in who has the pixels above them.
    assert (found == expected).mean() > 0.9


def _moments(mask: NDArray[np.bool_], steps: tuple[float, ...]) -> ShapeJudge:
    places = np.nonzero(mask)
    return ShapeJudge.of(np.ones(len(places[0]), dtype=np.int64), places, steps=steps, shallow=0.0, deep=1.0)


@pytest.mark.parametrize("steps", [(1.0, 1.0), (2.0, 1.0, 1.0)])
def test_share_of_an_ellipse(steps: tuple[float, ...]) -> None:
    grid = np.mgrid[tuple(slice(0, int(80 / step)) for step in steps)]
    lengths = [axis * step for axis, step in zip(grid, steps, strict=True)]
    radii = [30.0, 20.0, 15.0][: len(steps)]
    inside = sum(((length - 39) / radius) ** 2 for length, radius in zip(lengths, radii, strict=True)) <= 1
    judge = _moments(inside, steps)
    assert ellipse_share(judge.moments[1], steps=steps) == pytest.approx(1.0, abs=0.01)


def test_share_of_discs() -> None:
    rows, columns = np.mgrid[:100, :140]
    one, other = ((rows - 50) ** 2 + (columns - c) ** 2 <= 30**2 for c in (40, 100))
    # By hand: a disc of radius 1 has variances 1/4; the pair 1/4 and 5/4, so 2 pi / (4 pi sqrt(5) / 4) = 0.894.
    assert ellipse_share(_moments(one | other, (1.0, 1.0)).moments[1], steps=(1.0, 1.0)) == pytest.approx(
        0.894, abs=0.01
    )
    # Half a disc: variances 1/4 and 1/4 - (4 / (3 pi))², so 0.946.
    half = one & (columns >= 40)
    assert ellipse_share(_moments(half, (1.0, 1.0)).moments[1], steps=(1.0, 1.0)) == pytest.approx(0.946, abs=0.01)


def test_shape_decides_between_a_shallow_and_a_deep_neck() -> None:
    rows, columns = np.mgrid[:100, :140]
    one, other = ((rows - 50) ** 2 + (columns - c) ** 2 <= 30**2 for c in (40, 96))
    for mask, is_pair in ((one | other, True), (one, False)):
        basins = np.where(columns < (68 if is_pair else 40), 1, 2)[mask]

        def judge(basins: NDArray[np.integer] = basins, mask: NDArray[np.bool_] = mask) -> ShapeJudge:
            places = np.nonzero(mask)
            return ShapeJudge.of(basins.astype(np.int64), places, steps=(1.0, 1.0), shallow=0.01, deep=0.1)

        assert judge()(1, 2, 0.05) is not is_pair
        assert judge()(1, 2, 0.2) is False
        assert judge()(1, 2, 0.001) is True
        joined = judge()
        joined(1, 2, 0.001)
        assert joined.moments[2, 0] == mask.sum()
