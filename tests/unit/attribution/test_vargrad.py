"""VarGrad against functions whose spread over noisy copies is known."""

import numpy as np
import pytest

from wellspring.attribution.integrated import baseline_image, integrated_gradients
from wellspring.attribution.vargrad import RunningStd, vargrad

WEIGHT = np.array([2.0, -3.0, 0.0, 5.0], dtype=np.float32)


def make_images(n=1, size=20):
    """(n, size, size, 4): three channels and the mask; the first five rows are not measured."""
    images = np.random.default_rng(11).normal(size=(n, size, size, 4)).astype(np.float32)
    images[..., -1] = 1
    images[:, :5] = 0
    return images


def linear(batch):
    return (batch * WEIGHT).sum(axis=(1, 2, 3)), np.broadcast_to(WEIGHT, batch.shape)


def quadratic(batch):
    return (batch**2 / 2).sum(axis=(1, 2, 3)), batch


def explained(images, *, gradients=linear, samples=4, noise_sd=1.0, batch_size=16, kind="black", seed=5):
    rng = np.random.default_rng(0)
    pairs = [(image, baseline_image(image, kind=kind, rng=rng)) for image in images]
    settings = {"steps": 2, "batch_size": batch_size, "samples": samples, "noise_sd": noise_sd}
    return list(vargrad(pairs, gradients=gradients, rng=np.random.default_rng(seed), **settings))


@pytest.mark.parametrize("kind", ["black", "noise"])
def test_linear_function_scores_weight_times_noise(kind):
    """IG is w * (x + noise - b), so its standard deviation is |w| * sd; over 400 samples within 1 / sqrt(800) each."""
    (found,) = explained(make_images(), samples=400, noise_sd=0.5, batch_size=512, kind=kind)
    measured = found.score[5:]
    np.testing.assert_allclose(measured[..., 0].mean(), 1.0, rtol=0.01)
    np.testing.assert_allclose(measured[..., 1].mean(), 1.5, rtol=0.01)
    np.testing.assert_allclose(measured[..., 0].std(), 1 / np.sqrt(800), rtol=0.2)
    assert not measured[..., 2:].any()
    assert found.score.dtype == np.float32


@pytest.mark.parametrize("kind", ["black", "noise"])
def test_unmeasured_pixels_get_no_noise_and_no_score(kind):
    seen = []

    def gradients(batch):
        seen.append(batch.copy())
        return quadratic(batch)

    (found,) = explained(make_images(), gradients=gradients, kind=kind)
    batches = np.concatenate(seen)
    assert len(batches) == 5 * 3
    assert not batches[:, :5].any()
    assert (batches[:, 5:, :, -1] == 1).all()
    assert not found.score[:5].any()
    assert (found.score[5:, :, :3] > 0).all()
    assert not found.score[..., -1].any()


def test_score_is_the_population_std_over_copies():
    """For f = x² / 2 from black, IG is (x + noise)² / 2: each copy's last path point gives it again."""
    images, points = make_images(2, size=6), []

    def gradients(batch):
        points.append(batch.copy())
        return quadratic(batch)

    found = explained(images, gradients=gradients, samples=3, batch_size=5)
    ends = np.concatenate(points)[2::3].reshape(2, 4, 6, 6, 4)
    expected = ends[..., :3].astype(np.float64) ** 2 / 2
    for number, one in enumerate(found):
        np.testing.assert_allclose(one.score[..., :3], expected[number, 1:].std(axis=0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(one.integral.attribution[..., :3], images[number][..., :3] ** 2 / 2, atol=1e-6)


def test_clean_integral_is_that_of_integrated_gradients():
    images = make_images(2)
    start = np.stack([baseline_image(image, kind="black", rng=np.random.default_rng(0)) for image in images])
    whole = integrated_gradients(images, baseline=start, gradients=quadratic, steps=2, batch_size=6)
    for number, one in enumerate(explained(images, gradients=quadratic)):
        np.testing.assert_allclose(one.integral.attribution, whole.attribution[number], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(one.integral.values, whole.values[number])


def test_neither_batch_size_nor_later_images_change_a_score():
    images = make_images(3, size=8)
    whole = explained(images, gradients=quadratic, batch_size=1000)
    for batch_size in (1, 7, 15):
        for one, other in zip(explained(images, gradients=quadratic, batch_size=batch_size), whole, strict=True):
            np.testing.assert_allclose(one.score, other.score, rtol=1e-4, atol=1e-6)
    (alone,) = explained(images[:1], gradients=quadratic)
    np.testing.assert_allclose(alone.score, whole[0].score, rtol=1e-4, atol=1e-6)
    assert np.abs(explained(images[:1], gradients=quadratic, seed=6)[0].score - alone.score).max() > 0.1


def test_images_without_measured_pixels_score_zero():
    (found,) = explained(np.zeros((1, 4, 4, 4), dtype=np.float32))
    assert not found.score.any()


def test_running_std_is_that_of_numpy():
    values = (1000 + np.random.default_rng(2).normal(size=(30, 4, 5))).astype(np.float32)
    spread = RunningStd()
    for value in values:
        spread.add(value)
    np.testing.assert_allclose(spread.result(), values.astype(np.float64).std(axis=0), rtol=1e-10)
    assert spread.result().dtype == np.float64


def test_running_std_by_hand():
    spread = RunningStd()
    for value in (1.0, 3.0, 5.0, 7.0):
        spread.add(np.array([value, 2.0], dtype=np.float32))
    np.testing.assert_allclose(spread.result(), [np.sqrt(5.0), 0.0])


def test_running_std_of_nothing_is_refused():
    with pytest.raises(ValueError, match="got none"):
        RunningStd().result()


@pytest.mark.parametrize(("name", "value"), [("samples", 1), ("noise_sd", 0.0), ("noise_sd", float("nan"))])
def test_useless_noise_is_refused(name, value):
    with pytest.raises(ValueError, match=f"attribution.{name}: expected .* got {value}"):
        explained(make_images(), **{name: value})
