"""Thresholds from maxima whose classes are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots import detect_spots, detect_with_threshold
from wellspring.spots.blocks import even_map
from wellspring.spots.candidates import Candidates
from wellspring.spots.filters import difference_of_gaussians
from wellspring.spots.noise import NoiseMap, noise_map
from wellspring.spots.tables import SPOT_CURVE
from wellspring.spots.threshold import (
    elbow_threshold,
    given_threshold,
    maxima_by_chance,
    noise_factor,
    noise_maxima,
    noise_threshold,
    signal_boundary,
)
from wellspring.tables import check_table

EVEN = np.tile([1.0, 0.0, 0.0], (500, 1))
NOISE = NoiseMap(
    tiles=np.full((1, 1), 2.0, np.float32),
    shape=(500, 500),
    roughness=0.25,
    gains=(EVEN, EVEN),
    inner=1.0,
    light=even_map(1.0, shape=(500, 500)),
    level=even_map(0.0, shape=(500, 500)),
    counts=np.full((1, 1), -1),
)


def _candidates(responses: NDArray[np.floating]) -> Candidates:
    responses = np.sort(responses)[::-1].astype(np.float32)
    return Candidates(np.zeros((len(responses), 2), np.int64), responses, np.full(len(responses), 2.0, np.float32))


def test_given_threshold_by_hand() -> None:
    threshold = given_threshold(_candidates(np.array([9.0, 9.5, 10.5, 11.5, 20.0])), NOISE, value=10.0)
    assert (threshold.n_spots, threshold.n_below, threshold.n_above) == (3, 4, 2)
    assert threshold.instability == pytest.approx(2 / 3)
    check_table(threshold.curve, SPOT_CURVE, source="here")
    assert threshold.curve["n_spots"].iloc[0] == 5
    assert threshold.curve["threshold"].iloc[0] == pytest.approx(7.5)
    assert threshold.curve["n_spots"].is_monotonic_decreasing


def test_noise_factor_without_maxima_is_where_noise_has_none() -> None:
    factor = noise_factor(_candidates(np.zeros(0)), NOISE)

    def expected(t: float) -> float:
        return 500 * 500 * 0.25 / (2 * np.pi) ** 1.5 * t * np.exp(-(t**2) / 2)

    assert expected(factor) - expected(1.1 * factor) == pytest.approx(0.05, rel=0.05)


def test_noise_factor_falls_with_the_number_of_spots() -> None:
    few, many = (noise_factor(_candidates(np.geomspace(6, 60, n)), NOISE) for n in (20, 20_000))
    assert 4 < few < 5
    assert many == 3.0


@pytest.mark.slow
def test_noise_factor_agrees_with_simulated_noise() -> None:
    # The mean number of maxima above 3.5 deviations, in 20 fields of white noise.
    rng = np.random.default_rng(0)
    counts, expected = [], []
    for _ in range(20):
        image = rng.normal(1000, 50, (200, 200))
        response = difference_of_gaussians(image, sigma_px=(1.5, 1.5))
        noise = noise_map(image, response, sigma_px=(1.5, 1.5), floor=1e-3)
        deviation = float(np.median(noise.tiles))
        counts.append(len(detect_spots(image, sigma_px=1.5, threshold=3.5 * deviation)))
        expected.append(200 * 200 * noise.roughness / (2 * np.pi) ** 1.5 * 3.5 * np.exp(-(3.5**2) / 2))
        assert maxima_by_chance(noise, value=3.5 * deviation, factor=0.0) == pytest.approx(expected[-1], rel=0.3)
    # Pixels see the noise a little below its continuous maxima, and some maxima are not round, or on a ridge.
    assert 0.4 * np.mean(expected) < np.mean(counts) < 1.1 * np.mean(expected)


def _classes(*classes: tuple[float, float, int], seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(mean, sd, n) for mean, sd, n in classes])


def test_signal_above_autofluorescence() -> None:
    values = _classes((0.4, 0.15, 600), (3.0, 0.3, 250))
    boundary = signal_boundary(values, np.maximum(values, 0))
    assert boundary is not None
    assert 1.0 < boundary < 2.3


def test_signal_above_camera_noise_and_autofluorescence() -> None:
    values = _classes((0.2, 0.1, 300), (1.2, 0.2, 300), (3.0, 0.3, 250))
    # Autofluorescence lies where the noise is higher too, so it reaches down to the noise as well.
    ratios = np.where(values < 0.8, values, np.maximum(values - 1.0, 0))
    boundary = signal_boundary(values, ratios)
    assert boundary is not None
    assert 1.7 < boundary < 2.5


def test_clumps_are_no_class_of_their_own() -> None:
    values = _classes((1.5, 0.15, 200), (4.0, 0.2, 60))
    assert signal_boundary(values, values) is None


def test_a_small_minority_is_no_class() -> None:
    values = _classes((0.4, 0.15, 600), (4.0, 0.2, 20))
    assert signal_boundary(values, np.maximum(values, 0)) is None


def test_one_class_and_few_maxima() -> None:
    one = _classes((2.0, 0.4, 500))
    assert signal_boundary(one, np.maximum(one, 0)) is None
    few = _classes((0.0, 0.1, 14), (3.0, 0.1, 14))
    assert signal_boundary(few, np.maximum(few, 0)) is None
    assert signal_boundary(np.ones(100), np.zeros(100)) is None


@pytest.mark.parametrize(("distance", "is_parted"), [(4.0, False), (4.5, True), (6.0, True)])
def test_few_maxima_are_parted_on_strong_evidence_only(distance: float, is_parted: bool) -> None:
    # 18 even quantiles of a normal variable, and the same so many deviations higher: at 4, two classes are favoured by
    # less than 6, at 4.5 by more.
    one = 0.2 * norm.ppf((np.arange(18) + 0.5) / 18)
    values = np.concatenate([one, one + distance * 0.2])
    assert (signal_boundary(values, values - values.min()) is not None) == is_parted


def test_levels_need_both_the_response_and_the_local_noise() -> None:
    rng = np.random.default_rng(1)
    responses = np.concatenate([np.exp(rng.normal(2.3, 0.2, 600)), np.exp(rng.normal(5, 0.2, 300))])
    threshold = noise_threshold(_candidates(responses), NOISE)
    assert threshold.n_spots == 300
    assert threshold.value > 25
    bright_on_noise = Candidates(
        np.zeros((2, 2), np.int64), np.full(2, 150, np.float32), np.array([2.0, 100.0], np.float32)
    )
    assert (threshold.levels(bright_on_noise) > 1).tolist() == [True, False]


def test_elbow_between_noise_and_spots() -> None:
    rng = np.random.default_rng(2)
    tail = np.sqrt(9 + 2 * rng.exponential(1, 2000))
    responses = 2 * np.concatenate([tail, rng.normal(40, 5, 100)])
    threshold = elbow_threshold(_candidates(responses), NOISE)
    assert threshold.method == "elbow"
    assert 100 <= threshold.n_spots <= 110


def test_elbow_with_hardly_a_maximum_is_the_noise_limit() -> None:
    few = _candidates(np.full(3, 100.0))
    assert elbow_threshold(few, NOISE).factor == noise_factor(few, NOISE)
    assert elbow_threshold(_candidates(np.zeros(0)), NOISE).n_spots == 0


def test_both_methods_on_one_field() -> None:
    settings = FieldSettings((300, 300), (1.5, 1.5), 80, snr=15.0, margin_px=5.0)
    image = simulate_smfish(settings, rng=np.random.default_rng(0)).image
    noise, elbow = (detect_with_threshold(image, sigma_px=1.5, method=name) for name in ("noise", "elbow"))
    assert len(noise.spots) == pytest.approx(80, abs=4)
    assert len(elbow.spots) == pytest.approx(80, abs=10)
    assert noise.threshold.n_spots == len(noise.spots)
    assert noise.threshold.instability < 0.05


@pytest.mark.parametrize("t", [2.5, 4.0])
def test_maxima_of_noise_in_a_stack_by_hand(t: float) -> None:
    stack = replace(NOISE, shape=(10, 50, 60), roughness=0.125)
    expected = 10 * 50 * 60 * 0.125 / (2 * np.pi) ** 2 * (t**2 - 1) * np.exp(-(t**2) / 2)
    assert noise_maxima(stack, np.array([t]))[0] == pytest.approx(expected)
    # Below the root of 3, where the number is highest, it stays.
    low, highest = noise_maxima(stack, np.array([0.5, 3**0.5]))
    assert low == highest == pytest.approx(30000 * 0.125 / (2 * np.pi) ** 2 * 2 * np.exp(-1.5))
    plane = noise_maxima(NOISE, np.array([0.5, 1.0]))
    assert plane.tolist() == pytest.approx([500 * 500 * 0.25 / (2 * np.pi) ** 1.5 * np.exp(-0.5)] * 2)


def test_noise_explains_at_most_half_of_the_maxima_above_its_factor() -> None:
    def expected(t: float) -> float:
        return (
            500 * 500 * 0.25 / (2 * np.pi) ** 1.5 * (t * np.exp(-(t**2) / 2) - 1.1 * t * np.exp(-((1.1 * t) ** 2) / 2))
        )

    # As many maxima in each window from t to 1.1 t: 40 of them where noise has 20.
    per_window = 40
    responses = 2.0 * np.exp(np.arange(np.log(2.5), np.log(20), np.log(1.1) / per_window))
    factor = noise_factor(_candidates(responses), NOISE)
    assert expected(factor) == pytest.approx(0.5 * per_window, rel=0.1)
