"""Spots drawn at known places are found there; what is no spot is not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish
from wellspring.spots import detect_spots, detect_with_threshold
from wellspring.spots.evaluation import match_spots
from wellspring.spots.measures import snr_summary
from wellspring.spots.tables import SPOT_CURVE, SPOT_SUMMARY, SPOTS
from wellspring.tables import check_table

SIGMA_PX = 1.5
SHAPE = (120, 140)


def _drawn(*places: tuple[float, ...], amplitude: float = 1000.0, size: float = SIGMA_PX, seed: int = 0) -> Any:
    light = np.full(SHAPE, 200.0)
    add_spots(light, np.array(places, dtype=float).reshape(-1, 2), np.full(len(places), amplitude), sigma_px=[size] * 2)
    return np.random.default_rng(seed).poisson(light).astype(np.uint16)


def _places(spots: Any) -> NDArray[np.float64]:
    return np.asarray(spots[[name for name in ("z_px", "y_px", "x_px") if name in spots]], dtype=np.float64)


def test_places_size_snr_and_contrast() -> None:
    true = np.array([[30.3, 40.8], [60.0, 100.5], [90.6, 25.2]])
    spots = detect_spots(_drawn(*true), sigma_px=SIGMA_PX)
    assert list(spots) == ["y_px", "x_px", "sigma_px", "response", "snr", "contrast", "intensity", "background"]
    check_table(spots, SPOTS, source="here")
    matches = match_spots(_places(spots), true, max_distance=0.15)
    assert matches.f1 == 1.0
    # Amplitude 1000 over a background of 200 whose noise is sqrt(200).
    assert spots["contrast"].tolist() == pytest.approx([5.0] * 3, rel=0.1)
    assert spots["snr"].tolist() == pytest.approx([1000 / np.sqrt(200)] * 3, rel=0.3)
    assert spots["background"].tolist() == pytest.approx([200] * 3, rel=0.05)
    assert spots["sigma_px"].tolist() == pytest.approx([1.5] * 3, rel=0.1)
    assert spots["response"].is_monotonic_decreasing


@pytest.mark.parametrize("size", [1.1, 1.5, 2.0, 2.6])
def test_sizes_other_than_the_expected_one(size: float) -> None:
    spots = detect_spots(_drawn((60.2, 70.4), amplitude=3000, size=size), sigma_px=SIGMA_PX)
    assert len(spots) == 1
    assert spots["sigma_px"][0] == pytest.approx(size, rel=0.12)


def test_a_stack_with_anisotropic_voxels() -> None:
    settings = FieldSettings((16, 128, 128), (0.9, 1.5, 1.5), 60, snr=10.0, margin_px=4.0)
    field = simulate_smfish(settings, rng=np.random.default_rng(0))
    found = detect_with_threshold(field.image, sigma_px=settings.sigma_px)
    assert list(found.spots)[:3] == ["z_px", "y_px", "x_px"]
    matches = match_spots(_places(found.spots), field.places, max_distance=3.0)
    assert matches.f1 >= 0.97
    error = _places(found.spots)[matches.found] - field.places[matches.true]
    assert np.hypot(error[:, 1], error[:, 2]).mean() < 0.2
    # Half a voxel off the centre along z, where a voxel is wider than the spot's sigma, costs up to a fifth.
    assert 8 < found.spots["snr"].median() < 10.5


def test_uneven_background_and_granules_of_autofluorescence() -> None:
    settings = FieldSettings((400, 400), (1.5, 1.5), 100, snr=20.0, n_granules=200, granule_snr=8.0, unevenness=0.8)
    field = simulate_smfish(settings, rng=np.random.default_rng(4))
    assert match_spots(_places(detect_spots(field.image, sigma_px=1.5)), field.places, max_distance=3.0).f1 > 0.93


def test_the_result_does_not_depend_on_scale_offset_or_kind_of_number() -> None:
    image = _drawn((30, 40), (60, 100), amplitude=400)
    spots = detect_spots(image, sigma_px=SIGMA_PX)
    other = detect_spots(image.astype(np.float64) * 0.001 + 7, sigma_px=SIGMA_PX)
    np.testing.assert_allclose(_places(other), _places(spots), atol=0.02)
    np.testing.assert_allclose(other["snr"], spots["snr"], rtol=0.01)
    np.testing.assert_allclose(other["response"], spots["response"] * 0.001, rtol=0.01)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 50), np.uint16),
        np.full((40, 50), 65_535, np.uint16),
        np.full((6, 40, 50), 0.3, np.float32),
        np.zeros((0, 50), np.uint8),
        np.array([[5]], np.uint8),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.arange(40, dtype=np.uint8).reshape(1, 40),
    ],
)
def test_images_without_spots(image: NDArray[Any]) -> None:
    found = detect_with_threshold(image, sigma_px=2.0)
    assert len(found.spots) == 0
    assert ("z_px" in found.spots) == (image.ndim == 3)
    check_table(found.spots, SPOTS, source="here")
    check_table(found.threshold.curve, SPOT_CURVE, source="here")
    assert found.threshold.n_spots == 0
    assert found.threshold.instability == 0
    assert found.threshold.method == "noise"


def test_noise_alone_has_hardly_a_spot() -> None:
    counts = [len(detect_spots(_drawn(seed=seed), sigma_px=SIGMA_PX)) for seed in range(20)]
    assert sum(counts) <= 4


@pytest.mark.parametrize("sigma_px", [(1.2, 1.5, 1.5), (2.0, 1.3, 1.3)])
def test_noise_of_a_few_planes_has_hardly_a_spot(sigma_px: tuple[float, ...]) -> None:
    stacks = [np.random.default_rng(seed).poisson(200, (8, 150, 150)).astype(np.uint16) for seed in range(10)]
    assert sum(len(detect_spots(stack, sigma_px=sigma_px)) for stack in stacks) <= 2


@pytest.mark.parametrize("threshold", [None, 20.0])
def test_a_stack_of_one_plane_is_that_plane(threshold: float | None) -> None:
    image = _drawn((30.3, 40.1), (60.0, 100.5))
    spots = detect_spots(image, sigma_px=SIGMA_PX, threshold=threshold)
    one = detect_spots(image[None], sigma_px=(1.0, SIGMA_PX, SIGMA_PX), threshold=threshold)
    assert one.columns[0] == "z_px"
    assert (one["z_px"] == 0).all()
    pd.testing.assert_frame_equal(one.drop(columns="z_px"), spots)


def test_a_ramp_and_the_border_make_no_spots() -> None:
    ramp = np.broadcast_to(np.arange(140) * 40.0 + 500, SHAPE)
    image = np.random.default_rng(2).poisson(ramp).astype(np.uint16)
    assert len(detect_spots(image, sigma_px=SIGMA_PX)) <= 1


def test_hot_pixels_are_no_spots() -> None:
    image = _drawn((30.0, 40.0))
    image[60:110:10, 20:120:10] = 3000
    assert _places(detect_spots(image, sigma_px=SIGMA_PX)).round().tolist() == [[30, 40]]


def test_edges_and_lines_are_no_spots() -> None:
    light = np.full(SHAPE, 200.0)
    light[:, 100:] += 200
    light[80, :90] += 60
    add_spots(light, np.array([[30.0, 40.0]]), np.array([500.0]), sigma_px=[SIGMA_PX] * 2)
    spots = detect_spots(np.random.default_rng(3).poisson(light), sigma_px=SIGMA_PX)
    assert _places(spots).round().tolist() == [[30, 40]]


def test_saturated_spots_are_found_once_each() -> None:
    image = np.minimum(_drawn((30, 40), (60.5, 100.5), (90, 25), amplitude=20_000), 2000)
    spots = detect_spots(image, sigma_px=SIGMA_PX)
    assert match_spots(_places(spots), np.array([[30, 40], [60.5, 100.5], [90, 25]]), max_distance=0.7).f1 == 1.0


def test_at_most_k_per_neighborhood() -> None:
    places = [(50.0, 50.0), (50.0, 57.0), (50.0, 64.0), (90.0, 100.0)]
    image = _drawn(*places)
    assert len(detect_spots(image, sigma_px=SIGMA_PX)) == 4
    assert len(detect_spots(image, sigma_px=SIGMA_PX, neighborhood_px=20.0)) == 2
    assert len(detect_spots(image, sigma_px=SIGMA_PX, neighborhood_px=(20.0, 20.0), max_per_neighborhood=2)) == 3


def test_a_given_threshold_is_the_least_response() -> None:
    image = _drawn((30, 40), amplitude=1000) + _drawn((60, 100), amplitude=400, seed=1)
    responses = detect_spots(image, sigma_px=SIGMA_PX)["response"]
    assert len(responses) == 2
    between = float(responses.mean())
    found = detect_with_threshold(image, sigma_px=SIGMA_PX, threshold=between)
    assert len(found.spots) == 1
    assert found.threshold.method == "given"
    assert found.threshold.value == between
    assert len(detect_spots(image, sigma_px=SIGMA_PX, threshold=5 * between)) == 0


def test_snr_summary() -> None:
    spots = detect_spots(_drawn((30, 40), (60, 100), (90, 25)), sigma_px=SIGMA_PX)
    summary = snr_summary(spots)
    check_table(summary, SPOT_SUMMARY, source="here")
    assert summary["n_spots"][0] == 3
    assert summary["snr_median"][0] == sorted(spots["snr"])[1]
    empty = snr_summary(spots.iloc[:0])
    check_table(empty, SPOT_SUMMARY, source="here")
    assert empty["n_spots"][0] == 0
    assert np.isnan(empty["snr_median"][0])


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros(5), {}, r"image: expected numbers of shape \(Y, X\) or \(Z, Y, X\), got float64 of shape \(5,\)"),
        (np.zeros((2, 2, 2, 2)), {}, "image: expected numbers of shape"),
        (np.zeros((4, 4), bool), {}, "image: expected numbers of shape"),
        (np.full((4, 4), np.nan), {}, "image: expected finite values"),
        (np.zeros((4, 4)), {"threshold": 0.0}, "threshold: expected a positive response"),
        (np.zeros((4, 4)), {"threshold": np.inf}, "threshold: expected a positive response"),
        (
            np.zeros((4, 4)),
            {"threshold": "elbow"},
            "threshold: expected a positive response .* by `method`, got 'elbow'",
        ),
        (np.zeros((4, 4)), {"threshold": True}, "threshold: expected a positive response"),
        (np.zeros((4, 4)), {"threshold": [5.0]}, "threshold: expected a positive response"),
        (np.zeros((4, 4)), {"max_per_neighborhood": 1.5}, "max_per_neighborhood: expected 1 or more, got 1.5"),
        (np.zeros((4, 4)), {"method": "guess"}, r"method: expected one of \['elbow', 'given', 'noise'\], got 'guess'"),
        (np.zeros((4, 4)), {"method": "given"}, "threshold: expected a value for the method 'given', got None"),
        (np.zeros((4, 4)), {"max_per_neighborhood": 0}, "max_per_neighborhood: expected 1 or more, got 0"),
        (np.zeros((4, 4)), {"neighborhood_px": (1.0, 2.0, 3.0)}, "neighborhood_px: expected one positive number, or 2"),
        (np.zeros((4, 4)), {"neighborhood_px": 0.0}, "neighborhood_px: expected one positive number, or 2"),
    ],
)
def test_bad_input(image: NDArray[Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        detect_spots(image, sigma_px=1.0, **options)
