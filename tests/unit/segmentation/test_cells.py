"""Cells drawn at known places: their ground, whose they are, slice by slice, and what is flagged."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.util import img_as_float

from wellspring.segmentation import (
    Expansion,
    OwnEdge,
    Propagation,
    Watershed,
    cell_mask,
    cells_without_nucleus,
    count_flags,
    describe_objects,
    segment_cells,
    segment_cells_3d,
)
from wellspring.segmentation.cells import CellMethod
from wellspring.segmentation.mixture import Mixture, class_change, fit_mixture

SHAPE = (60, 120)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def _disc(y: float, x: float, radius: float) -> NDArray[np.bool_]:
    return np.asarray((ROWS - y) ** 2 + (COLUMNS - x) ** 2 <= radius**2)


def _cone(y: float, x: float, radius: float) -> NDArray[np.float64]:
    """Height of a cell: 1 at its centre, 0 at its border."""
    return np.asarray(np.clip(1 - np.hypot(ROWS - y, COLUMNS - x) / radius, 0, None))


def _two_nuclei() -> NDArray[np.uint32]:
    return np.where(_disc(30, 30, 6), 3, np.where(_disc(30, 85, 6), 8, 0)).astype(np.uint32)


def _noisy(mean: NDArray[Any], seed: int = 0) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).poisson(mean).astype(np.uint16)


def test_mixture_of_counted_values() -> None:
    # Expected counts of 0.3 N(2, 0.2) + 0.7 N(4, 0.5), so EM has nothing to guess.
    values = np.linspace(0, 7, 1024)
    true = Mixture(np.array([0.3, 0.7]), np.array([2.0, 4.0]), np.array([0.2, 0.5]))
    found = fit_mixture(values, np.exp(true.log_densities(values)).sum(axis=0))
    assert found is not None
    np.testing.assert_allclose(found.weights, true.weights, atol=2e-3)
    np.testing.assert_allclose(found.means, true.means, atol=5e-3)
    np.testing.assert_allclose(found.sds, true.sds, atol=5e-3)
    # By hand: ln(0.3 / 0.2) - (t - 2)² / 0.08 = ln(0.7 / 0.5) - (t - 4)² / 0.5 at t = 2.575.
    assert class_change(true, low=0, high=7) == pytest.approx(2.575, abs=2e-3)


def test_three_components() -> None:
    values = np.linspace(0, 10, 1024)
    true = Mixture(np.array([0.5, 0.3, 0.2]), np.array([2.0, 5.0, 8.0]), np.array([0.3, 0.4, 0.5]))
    found = fit_mixture(values, np.exp(true.log_densities(values)).sum(axis=0), n_components=3)
    assert found is not None
    np.testing.assert_allclose(found.means, true.means, atol=0.01)


def test_mixture_without_enough_values() -> None:
    assert fit_mixture(np.arange(4.0), np.array([0.0, 5.0, 0.0, 0.0])) is None
    with pytest.raises(ValueError, match="n_components: expected background and"):
        fit_mixture(np.arange(4.0), np.ones(4), n_components=1)


def test_class_that_never_changes() -> None:
    mixture = Mixture(np.array([0.999, 0.001]), np.array([1.0, 5.0]), np.array([1.0, 1.0]))
    assert class_change(mixture, low=0.0, high=3.0) is None


def test_mask_is_where_the_cells_are() -> None:
    cell = _disc(30, 60, 20)
    mask = cell_mask(_noisy(np.where(cell, 800, 100)))
    # The threshold is close to the ground, so of the blurred edge a rim of 2 to 3 px counts.
    assert (mask >= cell).all()
    assert (mask <= _disc(30, 60, 23)).all()
    assert not cell_mask(np.full(SHAPE, 7)).any()
    assert cell_mask(np.zeros((0, 5))).shape == (0, 5)


@pytest.mark.parametrize("method", [OwnEdge(), Watershed(), Propagation(), Propagation(regularisation=100.0)])
def test_touching_cells_are_parted_where_they_are_low(method: CellMethod) -> None:
    # Cones of radius 29 and 29 px that meet at column 57.5, half way between the nuclei.
    height = np.maximum(_cone(30, 30, 29), _cone(30, 85, 29))
    cells = segment_cells(_noisy(100 + 900 * (height > 0) + 3000 * height), _two_nuclei(), method=method)
    assert cells.dtype == np.uint32
    assert np.unique(cells).tolist() == [0, 3, 8]
    for label, column in ((3, 30), (8, 85)):
        true = _cone(30, column, 29) == np.where(height > 0, height, -1)
        found = cells == label
        assert 2 * (found & true).sum() / (found.sum() + true.sum()) > 0.94
    assert (cells[_two_nuclei() > 0] == _two_nuclei()[_two_nuclei() > 0]).all()


def test_watershed_follows_the_dip_not_the_middle() -> None:
    # The cells meet at column 70, far from the middle of the nuclei.
    mean = np.where((ROWS > 5) & (ROWS < 55) & (COLUMNS > 5) & (COLUMNS < 112), 1000.0 + 40 * np.abs(COLUMNS - 70), 100)
    cells = segment_cells(_noisy(mean), _two_nuclei(), method=Watershed())
    assert cells[30, 66] == 3
    assert cells[30, 74] == 8
    near = segment_cells(_noisy(mean), _two_nuclei(), method=Propagation(regularisation=100.0))
    assert near[30, 54] == 3
    assert near[30, 62] == 8


def test_propagation_stops_at_steps_of_intensity() -> None:
    # A wall at column 75 is dearer to cross than the way through the first cell is long.
    mean = np.where(COLUMNS < 75, 1000.0, 3000.0)
    mean[:3] = mean[-3:] = 10
    cells = segment_cells(mean, _two_nuclei(), method=Propagation(regularisation=1e-3), smoothing_sigma_px=0.0)
    assert cells[30, 70] == 3
    assert cells[30, 80] == 8


def test_expansion_ends_at_its_distance_and_between_neighbours() -> None:
    cells = segment_cells(np.zeros(SHAPE), _two_nuclei(), method=Expansion(distance_px=5.0))
    assert cells[30, 30 + 11] == 3
    assert cells[30, 30 + 12] == 0
    wide = segment_cells(np.zeros(SHAPE), _two_nuclei(), method=Expansion(distance_px=50.0))
    assert wide[30, 56] == 3
    assert wide[30, 59] == 8


def test_nucleus_outside_of_the_mask_is_its_own_cell() -> None:
    nuclei = _two_nuclei()
    cells = segment_cells(_noisy(np.where(_disc(30, 30, 20), 2000, 100)), nuclei, method=Watershed())
    assert ((cells == 8) == (nuclei == 8)).all()


def test_no_nuclei_no_cells() -> None:
    none = np.zeros(SHAPE, dtype=np.uint32)
    assert segment_cells(_noisy(np.full(SHAPE, 100)), none).max() == 0
    assert segment_cells_3d(np.zeros((2, *SHAPE)), none).max() == 0
    assert segment_cells(np.zeros((0, 4)), np.zeros((0, 4), np.uint32)).shape == (0, 4)


def test_slices_agree_and_shrink_to_the_top() -> None:
    height = np.maximum(_cone(30, 30, 29), _cone(30, 85, 29))
    stack = np.stack([_noisy(np.where(height > low, 2000, 100), seed=i) for i, low in enumerate((0.0, 0.3, 0.6, 2.0))])
    cells = segment_cells_3d(stack, _two_nuclei())
    assert cells.shape == stack.shape
    for z, low in enumerate((0.0, 0.3, 0.6)):
        assert np.unique(cells[z]).tolist() == [0, 3, 8]
        for label, column in ((3, 30), (8, 85)):
            true = (_cone(30, column, 29) > low) & (height == _cone(30, column, 29))
            found = cells[z] == label
            # But for the blurred edge, see above.
            assert (found | ~true).mean() > 0.995
            assert (found <= _disc(30, column, 29 * (1 - low) + 4)).all()
    assert cells[3].max() == 0
    upside_down = segment_cells_3d(stack[::-1], _two_nuclei(), is_top_last=False)
    assert (upside_down[::-1] == cells).all()
    # From above, the whole stack is one image.
    flat = segment_cells(stack, _two_nuclei()) > 0
    assert (flat | ~(height > 0)).mean() > 0.995
    assert (flat <= (np.maximum(_cone(30, 30, 34), _cone(30, 85, 34)) > 0)).all()


@pytest.mark.slow
def test_more_labels_than_16_bits_hold() -> None:
    side = 264
    nuclei = np.zeros((2 * side, 2 * side), dtype=np.uint32)
    nuclei[::2, ::2] = np.arange(1, side**2 + 1).reshape(side, side)
    cells = segment_cells(np.where(nuclei > 0, 900, 100), nuclei, method=Expansion(distance_px=1.0))
    assert cells.max() == side**2 == 69_696
    assert len(describe_objects(nuclei, cells)) == 69_696


ONES, LABELS = np.ones((3, 4)), np.ones((3, 4), int)


@pytest.mark.parametrize("segment", [segment_cells, segment_cells_3d])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_that_is_no_number(segment: Callable[..., Any], value: float) -> None:
    stack = np.ones((2, 3, 4))
    stack[1, 2, 3] = value
    with pytest.raises(ValueError, match="expected finite intensities, got 1 pixels of NaN or infinity"):
        segment(stack, LABELS)
    with pytest.raises(ValueError, match="image: expected finite intensities"):
        cell_mask(stack)


@pytest.mark.parametrize(
    ("image", "nuclei", "settings", "message"),
    [
        (ONES, np.ones((3, 5), int), {}, r"nuclei: expected the \(Y, X\) of the image, \(3, 4\), got shape \(3, 5\)"),
        (ONES, np.ones((1, 3, 4), int), {}, r"got shape \(1, 3, 4\)"),
        (np.ones(4), np.ones(4, int), {}, r"image: expected 2 or 3 axes, .* got shape \(4,\)"),
        (np.full((3, 4), -1.5), LABELS, {}, "expected intensities of 0 or more, got -1.5"),
        (ONES > 0, LABELS, {}, "image: expected intensities, integer or float, got bool"),
        (ONES, -LABELS, {}, "nuclei: expected labels from 0 to 2147483647, got -1 to -1"),
        (ONES, LABELS * 2**31, {}, "got 2147483648 to 2147483648. Renumber"),
        (ONES, ONES, {}, "nuclei: expected integer labels, 0 = background, got float64"),
        (ONES, ONES > 0, {}, "nuclei: expected integer labels, 0 = background, got bool. Label a mask with"),
        (ONES, LABELS, {"smoothing_sigma_px": -1.0}, "smoothing_sigma_px: expected a finite number, 0 or more"),
        (ONES, LABELS, {"smoothing_sigma_px": np.nan}, "smoothing_sigma_px: expected a finite number.* got nan"),
        (ONES, LABELS, {"n_components": 1}, "n_components: expected a whole number from 2 to 4, got 1"),
        (ONES, LABELS, {"n_components": 2.0}, "n_components: expected a whole number"),
        (ONES, LABELS, {"method": "text"}, r"method: expected OwnEdge\(\.\.\.\), Watershed\(\), .* got 'text'"),
        (ONES, LABELS, {"method": Watershed}, r"method: expected OwnEdge"),
    ],
)
def test_bad_input(image: NDArray[Any], nuclei: NDArray[Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segment_cells(image, nuclei, **settings)
    if image.ndim == 2 and "method" not in settings:
        with pytest.raises(ValueError, match=message.replace("image: ", "stack: ")):
            segment_cells_3d(image[None], nuclei, **settings)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "10", None, True])
def test_bad_methods(value: Any) -> None:
    with pytest.raises(ValueError, match="distance_px: expected a finite number, 0 or more, got"):
        Expansion(distance_px=value)
    with pytest.raises(ValueError, match="regularisation: expected a finite number, more than 0, got"):
        Propagation(regularisation=value)
    with pytest.raises(ValueError, match="regularisation: expected a finite number, more than 0, got 0"):
        Propagation(regularisation=0.0)


def _scaled(image: NDArray[np.uint16]) -> list[NDArray[np.floating]]:
    """The same image with other gains, offsets and number formats."""
    exact = image.astype(np.float64)
    return [
        exact,
        img_as_float(image),
        img_as_float(image).astype(np.float32),
        exact * 1e-6 + 3,
        exact * 1e9,
        exact + 10_000,
    ]


@pytest.mark.parametrize("method", [OwnEdge(), Watershed(), Propagation()])
def test_cells_do_not_depend_on_the_scale_of_intensities(method: CellMethod) -> None:
    height = np.maximum(_cone(30, 30, 29), _cone(30, 85, 29))
    image = _noisy(100 + 900 * (height > 0) + 3000 * height)
    stack = np.stack([image, _noisy(100 + 3000 * height, seed=1)])
    flat, high = segment_cells(image, _two_nuclei(), method=method), segment_cells_3d(stack, _two_nuclei())
    assert (flat == 3).sum() > 2400
    for other in _scaled(image):
        assert (segment_cells(other, _two_nuclei(), method=method) == flat).mean() > 0.999
    for other in _scaled(stack):
        assert (segment_cells_3d(other, _two_nuclei()) == high).mean() > 0.999


@pytest.mark.parametrize("value", [0, 7, 65_535])
def test_without_contrast_a_nucleus_is_its_own_cell(value: int) -> None:
    # Constant, empty and all-saturated: there is no cell stain to be seen.
    cells = segment_cells(np.full(SHAPE, value, dtype=np.uint16), _two_nuclei())
    assert (cells == _two_nuclei()).all()
    assert (segment_cells(np.full((1, 1), value), np.ones((1, 1), int)) == 1).all()
    assert segment_cells_3d(np.full((2, *SHAPE), value), _two_nuclei()).max() == 0


def test_flags_and_counts() -> None:
    nuclei = np.zeros((20, 40), dtype=np.uint32)
    nuclei[0:4, 2:6] = 1  # 16 px, on the border
    nuclei[8:12, 8:12] = 2  # 16 px
    nuclei[8:9, 20:23] = 4  # 3 px, less than a quarter of 16
    nuclei[14:18, 20:24] = 5  # 16 px, no stain
    cells = nuclei.copy()
    cells[7:13, 7:13] = 2
    mask = (cells > 0) & (cells != 5)
    mask[5:11, 30:36] = True  # 36 px without a nucleus
    mask[19, 39] = True  # a speck
    mask[13, 7:13] = True  # left over beside cell 2
    frame = describe_objects(nuclei, cells, mask)
    assert frame["label_in_site"].tolist() == [1, 2, 4, 5, 6]
    assert frame["has_nucleus"].tolist() == [True, True, True, True, False]
    assert frame["has_cell"].tolist() == [True, True, True, False, True]
    assert frame["nucleus_px"].tolist() == [16, 16, 3, 16, 0]
    assert frame["cell_px"].tolist() == [16, 36, 3, 16, 36]
    assert frame["is_border_nucleus"].tolist() == frame["is_border_cell"].tolist() == [True, *[False] * 4]
    assert frame["is_nucleus_size_out"].tolist() == [False, False, True, False, False]
    assert frame["is_cell_size_out"].tolist() == [False, False, True, False, False]
    assert count_flags(frame).iloc[0].tolist() == [4, 1, 1, 1, 1, 1, 1, *[0] * 11]
    bounds = describe_objects(nuclei, cells, mask, nucleus_bounds_px=(0, 15), cell_bounds_px=(10, 20))
    assert bounds["is_nucleus_size_out"].tolist() == [True, True, False, True, False]
    assert bounds["is_cell_size_out"].tolist() == [False, True, True, False, True]


def test_nothing_to_flag() -> None:
    none = np.zeros((4, 5), dtype=np.uint32)
    frame = describe_objects(none, none, none > 0)
    assert len(frame) == 0
    assert count_flags(frame).iloc[0].tolist() == [0] * 18
    # All cut by the border: no size is out of bounds.
    assert not describe_objects(none + 1, none + 1)["is_cell_size_out"].any()


def test_flags_of_bad_input() -> None:
    none = np.zeros((4, 5), dtype=np.uint32)
    with pytest.raises(ValueError, match="cells: expected the shape of the nuclei"):
        describe_objects(none, none[1:])
    with pytest.raises(ValueError, match="mask: expected the shape of the cells"):
        cells_without_nucleus(none[1:] > 0, none)
    with pytest.raises(ValueError, match="mask: expected bool, True where there is stain, got uint32"):
        cells_without_nucleus(none, none)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cells: expected integer labels, 0 = background, got float64"):
        cells_without_nucleus(none > 0, none.astype(float))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nuclei: expected integer labels, 0 = background, got bool"):
        describe_objects(none > 0, none)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cells: expected labels from 0 to 2147483647, got -1 to -1"):
        describe_objects(none, none.astype(int) - 1)
    with pytest.raises(ValueError, match="cell_bounds_px: expected a least and a greatest size"):
        describe_objects(none, none, cell_bounds_px=(5, 3))
