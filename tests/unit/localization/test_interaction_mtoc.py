"""MTOCs drawn at known positions, and look-alikes; heights and depths of drawn domes."""

import numpy as np
import pytest
from scipy import ndimage

from wellspring.localization.interaction.geometry import cell_geometry
from wellspring.localization.interaction.heights import cell_height, slice_depths
from wellspring.localization.interaction.mtoc import Mtoc, find_mtoc

Y, X = np.mgrid[:120, :120]
CELL = np.hypot(Y - 60, X - 60) <= 50
NUCLEUS = np.hypot(Y - 60, X - 55) <= 18


def _blob(y: float, x: float, *, sigma: float = 2.0, height: float = 200.0) -> np.ndarray:
    return height * np.exp(-((Y - y) ** 2 + (X - x) ** 2) / (2 * sigma**2))


def _image(*blobs: np.ndarray, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.poisson(100 + 60 * CELL + sum(blobs)), dtype=np.float64)


def _found(image: np.ndarray, *, nucleus: np.ndarray = NUCLEUS, least: float = 0.3) -> Mtoc:
    return find_mtoc(image, CELL, nucleus, sigma_px=2, within_px=20, min_confidence=least)


def test_a_blob_at_the_nucleus_is_found_within_half_a_pixel() -> None:
    for y, x in ((60.0, 80.0), (44.0, 70.0), (60.0, 55.0)):
        found = _found(_image(_blob(y, x)))
        assert found.position is not None
        assert np.hypot(*(found.position - [y, x])) < 1.0
        assert found.confidence > 0.7


def test_two_centrioles_are_one_mtoc_between_them() -> None:
    found = _found(_image(_blob(60, 78), _blob(60, 84)))
    assert found.position is not None
    assert np.hypot(*(found.position - [60, 81])) < 1.5


@pytest.mark.parametrize(
    "blobs",
    [
        # As bright, on the other side; brighter, far from the nucleus; wide; none; in a nucleus-like way too dim.
        (_blob(60, 80), _blob(60, 30)),
        (_blob(60, 80), _blob(60, 102, height=300)),
        (_blob(60, 82, sigma=6),),
        (),
        (_blob(60, 80, height=8),),
    ],
)
def test_look_alikes_and_nothing_give_no_mtoc(blobs: tuple[np.ndarray, ...]) -> None:
    found = _found(_image(*blobs))
    assert found.position is None
    assert found.confidence < 0.3


def test_what_is_outside_of_the_cell_and_cells_without_a_nucleus_give_none() -> None:
    assert _found(_image(_blob(60, 114, height=900))).position is None
    assert _found(_image(_blob(60, 80)), nucleus=np.zeros_like(CELL)) == Mtoc(None, 0.0)
    assert _found(np.full(CELL.shape, 7.0)) == Mtoc(None, 0.0)
    with pytest.raises(ValueError, match="one shape"):
        find_mtoc(np.zeros((3, 3)), CELL, NUCLEUS, sigma_px=2, within_px=20, min_confidence=0)


def test_noise_alone_hardly_ever_gives_one() -> None:
    n = sum(_found(_image(seed=seed)).position is not None for seed in range(60))
    assert n <= 2


def _dome() -> np.ndarray:
    """Heights of a dome of 8 slices, the cell as its ground."""
    return np.where(CELL, np.maximum(8 * np.sqrt(np.clip(1 - (np.hypot(Y - 60, X - 60) / 50) ** 2, 0, 1)), 0.5), 0)


def test_heights_of_a_stained_dome_and_its_bottom() -> None:
    height = _dome()
    z = np.arange(14)[:, None, None]
    stack = np.where((z >= 3) & (z < 3 + height), 1000, 100)
    found, bottom = cell_height(
        ndimage.gaussian_filter(stack.astype(float), (0, 1, 1)).astype(int), CELL, background=100
    )
    assert bottom == 3
    assert (found[~CELL] == 0).all()
    assert abs(found[CELL] - height[CELL]).mean() < 1.0
    nothing, level = cell_height(np.full((4, *CELL.shape), 100), CELL, background=100)
    assert set(np.unique(nothing[CELL])) <= {np.float32(0.5)}
    assert level == 0
    assert cell_height(stack, np.zeros_like(CELL), background=100)[0].max() == 0
    with pytest.raises(ValueError, match=r"expected a stack"):
        cell_height(stack[0], CELL, background=0)


def test_depths_shrink_with_the_slices_of_a_dome() -> None:
    height, isoline = _dome(), cell_geometry(CELL.astype(np.int32), NUCLEUS).isoline
    points = np.array([[0.2, 60, 85], [4.2, 60, 85], [7.9, 60, 85], [0.0, 60, 55], [0.0, 500, 3]])
    found = slice_depths(isoline, height, points)
    assert found[0] == pytest.approx(isoline[60, 85], rel=0.02)
    # The dome's slice at height h of 8 has the radius 50 √(1 - (h / 8)²).
    assert found[1] / isoline[60, 85] == pytest.approx(np.sqrt(1 - (4.5 / 8) ** 2), abs=0.02)
    # Above the cell, in the nucleus, beyond the image.
    assert np.isnan(found[2:]).all()
