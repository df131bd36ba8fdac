"""Spots by the network's marks: fields that it learns from, what it sees, places and columns of what it finds."""

from pathlib import Path

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.models.weights import Weights, write_weights
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots import detect_spots as classical
from wellspring.spots.enhanced import detect_spots
from wellspring.spots.enhanced.fields import drawn_spots, marked
from wellspring.spots.enhanced.scale import in_units_of_noise, zoomed_plane
from wellspring.spots.evaluation import f1_score
from wellspring.spots.tables import SPOTS
from wellspring.tables import check_table

network = pytest.mark.network


def _field(shape, sigma_px, n_spots, *, snr, seed=1):
    return simulate_smfish(FieldSettings(shape, sigma_px, n_spots, snr=snr), rng=np.random.default_rng(seed))


def test_a_mark_has_height_one_at_its_place_and_the_higher_of_two_counts() -> None:
    marks = marked(np.array([[4.0, 5.0], [4.0, 7.0], [90.0, 3.0]]), shape=(9, 12))
    assert marks[4, 5] == marks[4, 7] == 1
    assert marks[4, 6] == pytest.approx(np.exp(-0.5))
    assert marks[0, 11] < 0.01
    assert marked(np.zeros((0, 2)), shape=(3, 4)).sum() == 0


def test_drawn_fields_follow_from_the_seed_and_have_the_asked_size() -> None:
    fields = [drawn_spots(64, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert all(image.shape == (64, 64) for image, _ in fields)
    np.testing.assert_array_equal(fields[0][0], fields[1][0])
    assert not np.array_equal(fields[0][0], fields[2][0])
    image, places = next(
        one for one in (drawn_spots(64, rng=np.random.default_rng(k)) for k in range(9)) if len(one[1])
    )
    inside = places[((places > 1) & (places < 62)).all(axis=1)].round().astype(int)
    assert image[tuple(inside.T)].mean() > image.mean()


def test_what_is_seen_depends_on_neither_unit_nor_offset() -> None:
    image = np.random.default_rng(0).poisson(50, (60, 70)).astype(np.float32)
    np.testing.assert_allclose(in_units_of_noise(image * 7 + 300), in_units_of_noise(image), atol=1e-3)
    assert not in_units_of_noise(np.full((9, 9), 3, dtype=np.float32)).any()
    assert zoomed_plane(image, sigma_px=(3.0, 1.5)).shape == (30, 70)
    assert zoomed_plane(image, sigma_px=(1.5, 0.8)).shape == image.shape


@network
@pytest.mark.parametrize(("sigma_px", "snr"), [(1.0, 8.0), (1.5, 8.0), (2.2, 8.0)])
def test_spots_of_several_sizes_are_found_where_they_are(sigma_px: float, snr: float) -> None:
    field = _field((120, 130), (sigma_px, sigma_px), 80, snr=snr)
    found = check_table(detect_spots(field.image, sigma_px=sigma_px), SPOTS, source="spots")
    assert list(found) == list(classical(field.image, sigma_px=sigma_px))
    places = found[["y_px", "x_px"]].to_numpy()
    assert f1_score(places, field.places) > 0.9
    gaps = np.hypot(*(places[:, None] - field.places[None]).T).min(axis=0)
    assert np.median(gaps) < 0.6
    assert found["snr"].median() == pytest.approx(snr, rel=0.5)


@network
def test_spots_of_a_stack_have_a_plane() -> None:
    field = _field((9, 80, 80), (1.2, 1.5, 1.5), 20, snr=10)
    found = detect_spots(field.image, sigma_px=(1.2, 1.5, 1.5))
    assert list(found)[:3] == ["z_px", "y_px", "x_px"]
    assert f1_score(found[["z_px", "y_px", "x_px"]].to_numpy(), field.places) > 0.8


@network
def test_noise_and_nothing_have_no_spots() -> None:
    noise = np.random.default_rng(3).poisson(100, (128, 128)).astype(np.uint16)
    assert len(detect_spots(noise, sigma_px=1.5)) <= 1
    for image in (np.zeros((0, 4)), np.full((20, 20), 5, np.uint16), np.zeros((3, 20, 20))):
        empty = detect_spots(image, sigma_px=1.5)
        assert len(empty) == 0
        assert list(empty)[-1] == "background"


@network
def test_bad_input_is_one_message(tmp_path: Path) -> None:
    image = _field((40, 40), (1.5, 1.5), 3, snr=9).image
    with pytest.raises(InputError, match="sigma_px"):
        detect_spots(image, sigma_px=0.0)
    with pytest.raises(FileNotFoundError, match="weights of a network"):
        detect_spots(image, sigma_px=1.5, weights=tmp_path / "none.npz")
    write_weights(Weights("nuclei", 2, 5, (4,), {}), tmp_path / "other.npz")
    with pytest.raises(InputError, match=r"task spots .got nuclei"):
        detect_spots(image, sigma_px=1.5, weights=tmp_path / "other.npz")
