"""Simulated smFISH fields: what is in the image is what the truth says."""

from dataclasses import replace

import numpy as np
import pytest

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish, spot_profile

PLANE = FieldSettings((64, 80), (1.5, 1.5), 5, brightness_sd=0.0, unevenness=0.0)


def test_a_profile_is_integrated_over_pixels() -> None:
    profile = spot_profile(3.0, np.arange(7), sigma=1.0)
    # Shares of a normal distribution between half-integers: 0.24173 and 0.38292 next to and at the middle.
    assert profile[3] == pytest.approx(1.0)
    assert profile[2] == profile[4] == pytest.approx(0.24173 / 0.38292, abs=1e-4)
    shifted = spot_profile(3.3, np.arange(7), sigma=1.0)
    assert shifted @ np.arange(7) / shifted.sum() == pytest.approx(3.3, abs=0.01)


def test_the_light_of_a_spot_does_not_depend_on_its_place_and_is_cut_at_the_border() -> None:
    lights = []
    for place in ([10.0, 10.0], [10.37, 9.81]):
        image = np.zeros((21, 21))
        add_spots(image, np.array([place]), np.array([100.0]), sigma_px=[1.2, 1.2])
        lights.append(image.sum())
    assert lights[0] == pytest.approx(lights[1], rel=1e-4)
    image = np.zeros((21, 21))
    add_spots(image, np.array([[-0.5, 10.0], [40.0, 10.0]]), np.array([100.0, 100.0]), sigma_px=[1.2, 1.2])
    # Half of the spot on the border, nothing of the one outside.
    assert image.sum() == pytest.approx(lights[0] / 2, rel=1e-4)


def test_amplitude_follows_from_the_snr_and_the_noise() -> None:
    settings = replace(PLANE, snr=8.0, background=100.0, gain=2.0, read_noise=3.0)
    assert settings.noise == pytest.approx(np.sqrt(4 * 100 + 9))
    field = simulate_smfish(replace(settings, n_spots=0, shape=(400, 400)), rng=np.random.default_rng(0))
    assert field.image.dtype == np.uint16
    assert field.image.mean() == pytest.approx(100 + 2 * 100, abs=0.3)
    assert field.image.std() == pytest.approx(settings.noise, rel=0.01)
    assert simulate_smfish(settings, rng=np.random.default_rng(0)).spots["amplitude"].tolist() == pytest.approx(
        [8 * settings.noise] * 5
    )


def test_the_same_generator_state_gives_the_same_field() -> None:
    first, second, other = (simulate_smfish(PLANE, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first.image == second.image).all()
    assert first.places.tolist() == second.places.tolist()
    assert (first.image != other.image).any()


def test_clumps_stack_and_margin() -> None:
    settings = FieldSettings(
        (8, 100, 100), (1.0, 1.5, 1.5), 20, n_clumps=3, spots_per_clump=7, clump_radius_px=1.0, margin_px=20.0
    )
    field = simulate_smfish(settings, rng=np.random.default_rng(3))
    assert list(field.spots) == ["z_px", "y_px", "x_px", "amplitude", "clump"]
    assert field.spots["clump"].value_counts().sort_index().tolist() == [20, 7, 7, 7]
    free = field.spots[field.spots["clump"] == 0]
    assert free[["y_px", "x_px"]].to_numpy().min() >= 19.5
    assert free[["y_px", "x_px"]].to_numpy().max() <= 79.5
    spread = field.spots[field.spots["clump"] > 0].groupby("clump")[["y_px", "x_px"]].std()
    assert spread.to_numpy().mean() == pytest.approx(1.0, abs=0.4)


def test_uneven_background_and_granules() -> None:
    even = replace(PLANE, n_spots=0, shape=(200, 200), background=1000.0)
    uneven = simulate_smfish(replace(even, unevenness=0.5), rng=np.random.default_rng(0)).image.astype(float) - 100
    assert uneven.min() == pytest.approx(1000, rel=0.2)
    assert uneven.max() == pytest.approx(3000, rel=0.2)
    bright = simulate_smfish(replace(even, n_granules=40, granule_snr=50.0), rng=np.random.default_rng(0))
    assert len(bright.spots) == 0
    assert bright.image.max() > 2100 + 20 * even.noise


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma_px": (1.0,)}, "sigma_px: expected one positive number per axis"),
        ({"sigma_px": (1.0, 0.0)}, "sigma_px: expected one positive number per axis"),
        ({"shape": (4,), "sigma_px": (1.0,)}, "sigma_px: expected one positive number per axis"),
        ({"n_spots": -1}, "n_spots, n_clumps, spots_per_clump and n_granules: expected 0 or more"),
        ({"unevenness": 1.5}, "unevenness: expected 0 to 1, got 1.5"),
    ],
)
def test_settings_that_make_no_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_smfish(replace(PLANE, **change), rng=np.random.default_rng(0))
