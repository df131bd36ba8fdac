"""Noise of a response: over the field, at the borders, with the light, of rare counts."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots import detect_spots
from wellspring.spots.blocks import BlockMap, block_medians, block_places, block_values, even_map
from wellspring.spots.counting import CountNoise, CutNoise, count_noise, quanta_of_tail
from wellspring.spots.filters import difference_of_gaussians
from wellspring.spots.noise import noise_map
from wellspring.spots.photon_transfer import light_noise

SIGMA = (1.5, 1.5)


def test_noise_follows_the_field_and_ignores_spots() -> None:
    rng = np.random.default_rng(1)
    scale = np.repeat([10.0, 40.0], 320)
    response = (rng.standard_normal((640, 640)) * scale).astype(np.float32)
    response[::20, ::20] = 1e4
    # An image without fine differences tells nothing of the camera, so the response's own spread is all there is.
    image = np.zeros((640, 640), np.float32)
    noise = noise_map(image, response, sigma_px=(2.0, 2.0), floor=1e-3)
    assert noise.tiles.shape == (8, 8)
    assert noise.at(np.array([[300, 40], [300, 600]])).tolist() == pytest.approx([10, 40], rel=0.1)
    # White noise: differences of neighbours have twice the variance in both directions.
    assert noise.roughness == pytest.approx(2.0, rel=0.1)


def test_noise_is_known_at_the_borders_too() -> None:
    rng = np.random.default_rng(2)
    sigma = (2.0, 1.5, 1.5)
    stacks = [
        difference_of_gaussians(rng.standard_normal((8, 60, 60)).astype(np.float32), sigma_px=sigma) for _ in range(60)
    ]
    spread = np.std(stacks, axis=0)
    together = np.concatenate(stacks, axis=1)[:, :2000]
    noise = noise_map(together, together, sigma_px=sigma, floor=1e-6)
    planes = spread[:, 15:-15, 15:-15].mean(axis=(1, 2))
    middle = np.column_stack([np.arange(8), np.full(8, 30), np.full(8, 30)])
    # The mirrored image doubles the kernel on the first plane: the noise there is much higher than inside.
    assert planes[0] > 1.2 * planes[3]
    assert noise.at(middle + np.array([0, 970, 0])) == pytest.approx(planes, rel=0.1)
    corner = noise_map(stacks[0], stacks[0], sigma_px=sigma, floor=1e-6).edge_factor(np.array([[0, 0, 0], [0, 30, 30]]))
    assert corner[0] / corner[1] == pytest.approx(spread[0, 0, 0] / planes[0], rel=0.25)


def test_noise_has_a_floor() -> None:
    nothing = np.zeros((50, 50), np.float32)
    noise = noise_map(nothing, nothing, sigma_px=(1.0, 1.0), floor=0.25)
    assert (noise.tiles == 0.25).all()
    assert noise.roughness == 0


def test_blocks_hold_medians_and_are_read_linearly() -> None:
    image = np.repeat(np.arange(4.0), 12)[None, :] * np.ones((24, 1))
    rows, columns = block_places(image.shape, sigma_px=SIGMA)
    medians = block_medians(block_values(image, rows, columns))
    assert medians.tolist() == [[[0, 1, 2, 3]] * 2]
    blocks = BlockMap(medians, image.shape)
    # Centres of blocks are at 5.5, 17.5, ...; beyond the last the value stays.
    points = np.array([[3, 5], [3, 6], [20, 17], [0, 0], [0, 47]])
    assert blocks.at(points).tolist() == pytest.approx([0.0, 1 / 24, 23 / 24, 0, 3], abs=1e-6)
    assert blocks.nearest(points).tolist() == [0, 0, 1, 0, 3]
    assert blocks.least((slice(0, 24), slice(30, 48))) <= blocks.at(np.array([[0, 30]]))[0]
    assert even_map(2.0, shape=(3, 5, 5)).at(np.array([[2, 4, 4]])).tolist() == [2.0]


def _bright_disk(*, light: float, shape: tuple[int, int] = (300, 300)) -> NDArray[np.float64]:
    """A cell on a ground of 50 photons, its rim as wide as twice the optics'."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return ndimage.gaussian_filter(np.where(np.hypot(y - 150, x - 150) < 60, light, 50.0), 3.0)


def test_noise_follows_the_light_where_it_is_photons() -> None:
    photons = np.random.default_rng(0).poisson(_bright_disk(light=200.0))
    noise = light_noise((100 + 3 * photons).astype(np.uint16), sigma_px=SIGMA)
    center, corner = noise.at(np.array([[150, 150], [20, 20]]))
    assert center / corner == pytest.approx(2.0, rel=0.06)


def test_noise_does_not_follow_light_that_is_not_noisier() -> None:
    rng = np.random.default_rng(0)
    even = _bright_disk(light=200.0) + rng.normal(0, 5, (300, 300))
    assert np.ptp(light_noise(even, sigma_px=SIGMA).values) == pytest.approx(0, abs=0.05)
    for image in (np.zeros((40, 40)), np.zeros((5, 2)), rng.normal(0, 1, (30, 30))):
        assert (light_noise(image, sigma_px=SIGMA).values == 1).all()


@pytest.mark.parametrize("seed", range(4))
def test_bright_cells_without_spots_have_hardly_any(seed: int) -> None:
    # Tiles of 60 px hold both cell and ground; without the light the noise of the one passes for spots on the other.
    photons = np.random.default_rng(seed).poisson(_bright_disk(light=250.0))
    assert len(detect_spots((100 + 2 * photons).astype(np.uint16), sigma_px=1.5)) <= 1


@pytest.mark.parametrize("mean", [0.05, 0.3, 1.0, 3.0])
def test_few_photons_have_hardly_a_spot_by_chance(mean: float) -> None:
    fields = [np.random.default_rng(seed).poisson(mean, (256, 256)).astype(np.uint16) for seed in range(8)]
    assert sum(len(detect_spots(field, sigma_px=1.5)) for field in fields) <= 2


def test_noise_cut_off_at_zero_has_hardly_a_spot() -> None:
    fields = [np.random.default_rng(seed).normal(0, 20, (256, 256)) for seed in range(8)]
    cut = [np.clip(np.rint(field), 0, None).astype(np.uint16) for field in fields]
    assert sum(len(detect_spots(field, sigma_px=1.5)) for field in cut) <= 2


def test_spots_among_few_photons_are_found() -> None:
    settings = FieldSettings((256, 256), SIGMA, 60, snr=10.0, background=0.5, gain=1.0, offset=0.0, read_noise=0.0)
    field = simulate_smfish(settings, rng=np.random.default_rng(1))
    assert (field.image == 0).mean() > 0.4
    assert len(detect_spots(field.image, sigma_px=1.5)) == pytest.approx(60, abs=6)


def test_the_tail_of_counts_agrees_with_simulated_counts() -> None:
    # Exceedances of a response's level, pooled over 40 fields, beside those of Gaussian noise at the level it gives.
    mean, deviations = 0.3, 5.0
    counting = CountNoise(quanta=mean, sigma_px=SIGMA)
    level = float(counting.gaussian_levels(np.array([deviations]))[0])
    assert 3.0 < level < 4.5
    shares = []
    for seed in range(40):
        field = np.random.default_rng(seed).poisson(mean, (256, 256)).astype(np.uint16)
        response = difference_of_gaussians(field, sigma_px=SIGMA)[16:-16, 16:-16]
        shares.append(float((response > deviations * counting.spread).mean()))
    gaussian = 0.5 * np.exp(-(level**2) / 2) / (level * np.sqrt(np.pi / 2))
    assert np.mean(shares) == pytest.approx(gaussian, rel=0.5)
    # Many photons are Gaussian.
    assert CountNoise(quanta=1e4, sigma_px=SIGMA).gaussian_levels(np.array([5.0]))[0] == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize("height", [0.5, 1.0])
def test_the_tail_of_cut_noise_agrees_with_simulated_noise(height: float) -> None:
    deviations = 6.0
    cut = CutNoise(height=height, sigma_px=SIGMA)
    level = float(cut.gaussian_levels(np.array([deviations]))[0])
    assert 3.0 < level < 4.5
    shares, spreads = [], []
    for seed in range(40):
        field = np.maximum(np.random.default_rng(seed).normal(-height, 1, (256, 256)), 0)
        response = difference_of_gaussians(field, sigma_px=SIGMA)[16:-16, 16:-16]
        shares.append(float((response > deviations * cut.spread).mean()))
        spreads.append(float(response.std()))
    assert np.mean(spreads) == pytest.approx(cut.spread, rel=0.02)
    gaussian = 0.5 * np.exp(-(level**2) / 2) / (level * np.sqrt(np.pi / 2))
    assert np.mean(shares) == pytest.approx(gaussian, rel=0.3)


@pytest.mark.parametrize("height", [1.0, 1.5, 2.0])
def test_noise_cut_off_far_above_its_mean(height: float) -> None:
    fields = [np.maximum(np.random.default_rng(seed).normal(-7 * height, 7, (300, 300)), 0) for seed in range(5)]
    quanta, spread, found = count_noise(fields[0], floor=0.0)
    assert quanta < 1
    assert spread == pytest.approx(7, rel=0.05)
    # So few pixels of the sample lie beside a lit one.
    assert found == pytest.approx(height, abs=0.2)
    assert sum(len(detect_spots(field.round(), sigma_px=1.5)) for field in fields) <= 2


def test_counts_are_told_from_the_floor_alone() -> None:
    field = np.random.default_rng(0).poisson(0.4, (200, 200))
    quanta, step, height = count_noise(30 * field, floor=0.0)
    assert quanta == pytest.approx(0.4, rel=0.05)
    assert step == 30
    assert height is None
    # A blank margin is no rare light.
    blank = np.pad(1000 + field, ((0, 0), (0, 300)))
    assert count_noise(blank, floor=0.0)[0] > 4
    assert np.isinf(count_noise(np.random.default_rng(0).normal(100, 5, (80, 80)), floor=0.0)[0])
    # Of a few hot pixels all neighbours are dark.
    hot = np.zeros((100, 100))
    hot[::20, ::20] = 9
    assert count_noise(hot, floor=0.0)[0] < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.8, 1.0, 1.5])
def test_maximum_projections_of_noise_have_hardly_a_spot(sigma: float) -> None:
    planes = [np.random.default_rng(seed).poisson(100, (20, 300, 300)) for seed in range(6)]
    assert sum(len(detect_spots(stack.max(axis=0).astype(np.uint16), sigma_px=sigma)) for stack in planes) <= 3


def test_spots_in_maximum_projections_are_found() -> None:
    settings = FieldSettings((12, 256, 256), (1.2, 1.5, 1.5), 80, snr=8.0)
    field = simulate_smfish(settings, rng=np.random.default_rng(1))
    assert len(detect_spots(field.image.max(axis=0), sigma_px=1.5)) == pytest.approx(80, abs=6)


@pytest.mark.parametrize("mean", [2.0, 5.0, 20.0])
def test_the_tail_of_counts_is_told_from_pixels(mean: float) -> None:
    counts = np.random.default_rng(0).poisson(mean, 100_000) - mean
    assert quanta_of_tail(counts, rounding=1.0) == pytest.approx(mean, rel=0.4)
    # Spots on a 20th of the pixels.
    counts[::20] += 10 * np.sqrt(mean)
    assert mean / 3 < quanta_of_tail(counts, rounding=1.0) < np.inf


def test_even_noise_has_no_tail() -> None:
    rng = np.random.default_rng(0)
    assert np.isinf(quanta_of_tail(rng.normal(0, 3, 100_000), rounding=0.0))
    assert np.isinf(quanta_of_tail(-rng.poisson(3.0, 100_000) + 3.0, rounding=1.0))
    assert np.isinf(quanta_of_tail(np.zeros(100), rounding=0.0))
