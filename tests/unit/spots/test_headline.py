"""What is counted where clumps, brightness or size make a count doubtful."""

import numpy as np
import pandas as pd
import pytest

from wellspring.simulation.smfish import FieldSettings, SmfishField, add_spots, simulate_smfish
from wellspring.spots.clumps import decompose_clumps
from wellspring.spots.detection import detect_spots
from wellspring.spots.images import SpotTables, spots_of_image
from wellspring.spots.region_light import SingleLight

SIGMA = (1.5, 1.5)
SETTINGS = {
    "spacing_um": (0.1, 0.1),
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
}


def _found(field: SmfishField, *, sigma_px: float = 1.5) -> SpotTables:
    cells = np.ones(field.image.shape, np.uint32)
    cells[:, field.image.shape[1] // 2 :] = 2
    return spots_of_image(field.image, cells, cells, sigma_px=sigma_px, **SETTINGS)


def test_where_most_spots_would_be_added_the_maxima_are_counted() -> None:
    settings = FieldSettings((220, 220), SIGMA, 20, n_clumps=4, spots_per_clump=25, clump_radius_px=1.5, margin_px=8.0)
    found = _found(simulate_smfish(settings, rng=np.random.default_rng(21)))
    about, cells = found.thresholds.iloc[0], found.cells
    assert "mostly in clumps" in about["doubts"]
    assert about["n_detected"] + about["n_added"] == pytest.approx(120, rel=0.1)
    assert not found.spots["is_added"].any()
    assert (cells["n_spots"] == cells["n_detected"]).all()
    assert cells["n_detected"].sum() == len(found.spots) == about["n_spots"] == about["n_detected"]
    assert cells["n_added"].sum() == about["n_added"] > about["n_detected"]


def test_fewer_added_spots_are_counted() -> None:
    settings = FieldSettings((220, 220), SIGMA, 120, n_clumps=4, spots_per_clump=8, clump_radius_px=1.5, margin_px=8.0)
    found = _found(simulate_smfish(settings, rng=np.random.default_rng(22)))
    cells = found.cells
    assert "mostly in clumps" not in found.thresholds["doubts"][0]
    assert found.spots["is_added"].sum() == cells["n_added"].sum() > 5
    assert (cells["n_spots"] == cells["n_detected"] + cells["n_added"]).all()


def test_a_dense_field_counts_what_light_adds() -> None:
    field = simulate_smfish(FieldSettings((150, 150), SIGMA, 1100), rng=np.random.default_rng(23))
    about = _found(field).thresholds.iloc[0]
    assert about["n_added"] > about["n_detected"]
    assert about["n_spots"] == about["n_added"] + about["n_detected"]
    assert about["doubts"] == "crowded"


@pytest.mark.parametrize("seed", [31, 32])
def test_spots_of_differing_brightness_are_not_split(seed: int) -> None:
    settings = FieldSettings((300, 300), SIGMA, 110, snr=15.0, brightness_sd=0.3, margin_px=6.0)
    found = _found(simulate_smfish(settings, rng=np.random.default_rng(seed)))
    assert len(found.spots) == pytest.approx(110, rel=0.05)


def test_light_that_chance_explains_is_that_of_the_spots_found() -> None:
    single = SingleLight(100.0, spread=0.3, core=50.0, core_spread=0.5, deviations=2.5)
    # exp(0.75) = 2.12 and exp(1.25) = 3.49.
    assert single.n_spots(205.0, 170.0, n_found=1) == 1
    assert single.n_spots(215.0, 170.0, n_found=1) == 2
    assert single.n_spots(205.0, 180.0, n_found=1) == 2
    # Of four together it is exp(0.375) = 1.45.
    assert single.n_spots(570.0, 100.0, n_found=4) == 4
    assert single.n_spots(590.0, 100.0, n_found=4) == 6
    assert SingleLight(100.0).n_spots(160.0, 0.0, n_found=1) == 2
    assert SingleLight(100.0).n_spots(40.0, 0.0, n_found=1) == 1


def test_light_that_differs_by_more_than_a_factor_of_two_is_no_unit() -> None:
    assert SingleLight(100.0, spread=0.69).is_sound
    assert not SingleLight(100.0, spread=0.7).is_sound
    rng = np.random.default_rng(41)
    light = np.full((300, 300), 100.0)
    lattice = np.stack(np.meshgrid(np.arange(20, 290, 26.0), np.arange(20, 290, 26.0)), axis=-1).reshape(-1, 2)
    heights = 120 * np.exp(rng.normal(0, 1.1, len(lattice)).clip(-0.9, 3))
    add_spots(light, lattice + rng.uniform(-2, 2, lattice.shape), heights, sigma_px=SIGMA)
    field = SmfishField(rng.poisson(light).astype(np.uint16), pd.DataFrame())
    found = _found(field)
    about = found.thresholds.iloc[0]
    assert "clumps not split" in about["doubts"]
    assert about["n_added"] == 0 < about["n_refused"]
    assert len(found.spots) == about["n_detected"]


def test_no_clump_has_more_than_50_spots_for_each_maximum() -> None:
    settings = FieldSettings((200, 200), SIGMA, 60, snr=15.0, margin_px=12.0)
    field = simulate_smfish(settings, rng=np.random.default_rng(51))
    light = np.zeros((200, 200))
    one = float(np.quantile(field.image, 0.999)) - 100
    add_spots(light, 100 + np.random.default_rng(52).normal(0, 1.8, (200, 2)), np.full(200, one), sigma_px=SIGMA)
    image = (field.image + light).clip(0, 65535).astype(np.uint16)
    spots = detect_spots(image, sigma_px=1.5)
    split = decompose_clumps(image, spots, sigma_px=1.5)
    in_clump = split.spots[np.hypot(split.spots["y_px"] - 100, split.spots["x_px"] - 100) < 12]
    n_maxima = int((~in_clump["is_added"]).sum())
    assert int(in_clump["is_added"].sum()) <= 50 * n_maxima
    assert split.n_in_largest == 50
    assert split.n_in_objects > 20


@pytest.mark.parametrize(("true", "is_named"), [(1.1, True), (1.5, False), (2.1, True)])
def test_a_size_unlike_the_config_is_named(true: float, is_named: bool) -> None:
    settings = FieldSettings((300, 300), (true, true), 90, snr=12.0, margin_px=8.0)
    found = _found(simulate_smfish(settings, rng=np.random.default_rng(61)))
    assert ("size unlike sigma_px" in found.thresholds["doubts"][0]) == is_named
    assert found.thresholds["sigma_px_median"][0] == pytest.approx(true, rel=0.1)
