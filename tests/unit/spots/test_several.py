"""Whether a maximum is one spot or several, by light, width and elongation."""

from statistics import NormalDist

import numpy as np
import pytest

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish
from wellspring.spots.images import spots_of_image
from wellspring.spots.region_light import SingleLight, _deviations
from wellspring.spots.several import RegionShapes, several_spots, shape_of

SIGMA = (1.5, 1.5)
SETTINGS = {
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
}


def test_shapes_by_hand() -> None:
    spot, pair = np.zeros((2, 41, 41))
    add_spots(spot, np.array([[20.0, 20.0]]), np.array([10.0]), sigma_px=(2.0, 2.0))
    # Integrated over pixels, a spot has a twelfth of a square pixel more.
    assert shape_of(spot, sigma_px=(2.0, 2.0)) == pytest.approx((2 * (4 + 1 / 12) / 4, 1.0), rel=0.01)
    # 3 px to either side of the middle along a diagonal: 9 px**2 more along that line.
    step = 3 / np.sqrt(2)
    add_spots(pair, 20 + np.array([[step, step], [-step, -step]]), np.full(2, 10.0), sigma_px=(2.0, 2.0))
    width, elongation = shape_of(pair, sigma_px=(2.0, 2.0))
    assert width == pytest.approx((2 * (4 + 1 / 12) + 9) / 4, rel=0.01)
    assert elongation == pytest.approx((4 + 1 / 12 + 9) / (4 + 1 / 12), rel=0.01)
    # Of a stack, a pair along z, 4 px to either side.
    stack = np.zeros((31, 31, 31))
    add_spots(stack, np.array([[11.0, 15.0, 15.0], [19.0, 15.0, 15.0]]), np.full(2, 10.0), sigma_px=(2.0, 2.0, 2.0))
    assert shape_of(stack, sigma_px=(2.0, 2.0, 2.0)) == pytest.approx(
        ((3 * (4 + 1 / 12) + 16) / 4, (4 + 1 / 12 + 16) / (4 + 1 / 12)), rel=0.02
    )
    assert shape_of(-stack, sigma_px=(2.0, 2.0, 2.0)) == (0.0, 1.0)
    # Sizes along the axes are those of the spots.
    assert shape_of(pair, sigma_px=(1.0, 1.0))[0] == pytest.approx(4 * width)
    assert shape_of(np.zeros((5, 5)), sigma_px=SIGMA) == (0.0, 1.0)
    line = np.zeros((5, 5))
    line[2, 1:4] = 1.0
    assert shape_of(line, sigma_px=SIGMA)[1] == np.inf


def test_light_beyond_which_a_region_is_rather_a_pair_has_as_many_single_spots_above_as_pairs_below() -> None:
    spread, n_single, n_hidden = 0.25, 900, 60.0
    found = _deviations(n_single, n_hidden, spread=spread)
    above = n_single * (1 - NormalDist().cdf(found))
    # The light of a pair is that of two draws: twice the median, and root 2 of the relative spread less.
    below = n_hidden * NormalDist(np.log(2), spread / np.sqrt(2)).cdf(found * spread)
    assert above == pytest.approx(below, rel=0.05)
    # Without pairs it is the limit that chance alone sets.
    assert _deviations(n_single, 0.0, spread=spread) > found


def _regions(rng: np.random.Generator, n: int, *, light: float, gap: float) -> np.ndarray:
    lights = light * np.exp(rng.normal(0, 0.3, n))
    widths = 2 * (1 + gap / 2) * np.exp(rng.normal(0, 0.1, n))
    return np.stack([lights, widths, (1 + gap) * np.exp(np.abs(rng.normal(0.15, 0.1, n)))])


def test_pairs_are_known_by_their_shape_and_bright_spots_stay_single() -> None:
    rng = np.random.default_rng(3)
    single, pairs = _regions(rng, 450, light=100.0, gap=0.0), _regions(rng, 50, light=200.0, gap=0.7)
    model = several_spots(RegionShapes(*np.concatenate([single, pairs], axis=1)))
    assert model.shares[1:].sum() == pytest.approx(0.1, abs=0.03)
    # The median of the single ones, not of all.
    assert np.exp(model.light[0]) == pytest.approx(np.median(single[0]), rel=0.03)
    assert (model.chance(RegionShapes(*pairs)) > 0.5).mean() > 0.9
    assert (model.chance(RegionShapes(*single)) > 0.5).mean() < 0.02
    asked = np.array([[100.0, 2.0, 1.16], [210.0, 2.0, 1.1], [200.0, 2.8, 1.9], [600.0, 4.0, 1.1], [100.0, 2.8, 1.9]])
    chances = model.chance(RegionShapes(*asked.T))
    assert chances[0] < 0.001
    assert chances[1] < 0.2
    assert chances[[2, 3]].min() > 0.99
    single_light = SingleLight(100.0, spread=0.3, core=50.0, core_spread=0.3, deviations=2.0, several=model)
    found = [single_light.n_spots(row[0], 0.0, n_found=1, shape=(row[1], row[2])) for row in asked]
    # The last has the shape of a pair, and the light of one spot.
    assert found == [1, 1, 2, 6, 1]
    assert single_light.n_spots(190.0, 0.0, n_found=1) == 2


@pytest.mark.parametrize(
    ("shape", "n_spots", "spread"), [((300, 300), 220, 0.3), ((300, 300), 220, 0.1), ((12, 160, 160), 250, 0.3)]
)
def test_counts_are_right_whether_spots_are_alike_or_not(shape: tuple[int, ...], n_spots: int, spread: float) -> None:
    sigma = SIGMA if len(shape) == 2 else (1.2, *SIGMA)
    settings = FieldSettings(shape, sigma, n_spots, snr=12.0, brightness_sd=spread, margin_px=5.0)
    images = [simulate_smfish(settings, rng=np.random.default_rng(seed)).image for seed in (201, 202)]
    cells = np.ones(shape[-2:], np.uint32)
    spacing = (0.3, 0.16, 0.16)[-len(shape) :]
    found = [spots_of_image(one, cells, cells, sigma_px=sigma, spacing_um=spacing, **SETTINGS) for one in images]
    assert np.mean([len(one.spots) for one in found]) == pytest.approx(n_spots, rel=0.05)
    assert [one.thresholds["doubts"][0] for one in found] == ["none", "none"]


@pytest.mark.parametrize(("spread", "is_named"), [(0.1, False), (0.4, True)])
def test_full_fields_whose_brightness_hides_pairs_are_crowded(spread: float, is_named: bool) -> None:
    settings = FieldSettings((9, 130, 130), (1.2, *SIGMA), 700, snr=12.0, brightness_sd=spread)
    image = simulate_smfish(settings, rng=np.random.default_rng(203)).image
    cells = np.ones((130, 130), np.uint32)
    found = spots_of_image(image, cells, cells, sigma_px=settings.sigma_px, spacing_um=(0.3, 0.16, 0.16), **SETTINGS)
    assert ("crowded" in found.thresholds["doubts"][0]) == is_named
    assert (len(found.spots) > 0.9 * 700) != is_named
