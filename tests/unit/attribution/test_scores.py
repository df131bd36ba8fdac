"""Score maps of every method against models whose maps are known."""

import numpy as np
import pytest

from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.estimates import PLAIN_COPIES, PLAIN_STEPS, CopiesScore, OffsetScore, estimated
from wellspring.attribution.maps.methods import COPIES, MapMethod
from wellspring.attribution.maps.moments import Moments, PairedMoments
from wellspring.attribution.maps.paths import Path, end_point, midpoint, summed_paths
from wellspring.attribution.maps.scores import Scoring, score_estimate, scoring_of

WEIGHT = np.array([2.0, -3.0, 0.0, 5.0], dtype=np.float32)
SEEN = np.array([2.0, -3.0, 0.0, 0.0], dtype=np.float32)


def make_images(n=1, size=20):
    """(n, size, size, 4): three channels and the mask; the first five rows are not measured."""
    images = np.random.default_rng(11).normal(size=(n, size, size, 4)).astype(np.float32)
    images[..., -1] = 1
    images[:, :5] = 0
    return images


def linear(batch):
    return (batch * SEEN).sum(axis=(1, 2, 3)), np.broadcast_to(SEEN, batch.shape)


def quadratic(batch):
    x = batch * [1, 1, 1, 0]
    return (x**2 / 2).sum(axis=(1, 2, 3)), x.astype(np.float32)


def kinked(batch):
    """Sum of |x|: the gradient jumps on the way."""
    x = (batch - 0.3) * [1, 1, 1, 0]
    return np.abs(x).sum(axis=(1, 2, 3)), np.sign(x).astype(np.float32)


def maps(
    images,
    *,
    base="integrated_gradients",
    copies="vargrad_sd",
    estimator="trapezoid",
    points=2,
    samples=4,
    noise_sd=1.0,
    gradients=linear,
    batch_size=16,
    baseline="black",
    cells=None,
    seed=5,
):
    scoring = Scoring(MapMethod(base, copies), estimator, points=points, samples=samples, noise_sd=noise_sd)
    baselines = Baselines(baseline, make_images(3, size=images.shape[1]) if cells is None else cells)
    rngs = [np.random.default_rng([seed, number]) for number in range(len(images))]
    estimates = (
        score_estimate(image, baselines.of(image, rng=rng), scoring=scoring, rng=rng)
        for image, rng in zip(images, rngs, strict=True)
    )
    return list(estimated(estimates, gradients=gradients, batch_size=batch_size))


def test_maps_of_a_linear_model_by_hand():
    """f = 2 a - 3 b: gradient |w|, gradient times input and integral from black |w x|."""
    (image,) = make_images()
    expected = {
        "gradient": np.abs(SEEN) * (image[..., -1:] > 0),
        "gradient_input": np.abs(SEEN * image),
        "integrated_gradients": np.abs(SEEN * image),
    }
    for base, one in expected.items():
        (found,) = maps(image[None], base=base, copies="none")
        np.testing.assert_allclose(found, one, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("baseline", ["black", "noise", "blur", "mean", "random"])
@pytest.mark.parametrize(("copies", "expected"), [("vargrad", (1.0, 2.25)), ("vargrad_sd", (1.0, 1.5))])
def test_the_offset_estimator_is_exact_for_a_linear_model(baseline, copies, expected):
    """IG is w (x + noise - b): its variance is w² sd², whatever the baseline. Two copies are enough."""
    settings = {"estimator": "offset", "samples": 2, "noise_sd": 0.5, "copies": copies, "baseline": baseline}
    if baseline == "random":
        settings["cells"] = make_images(1)
    (found,) = maps(make_images(), **settings)
    np.testing.assert_allclose(found[5:, :, 0], expected[0], rtol=1e-4)
    np.testing.assert_allclose(found[5:, :, 1], expected[1], rtol=1e-4)
    assert not found[..., 2:].any()
    assert not found[:5].any()
    assert found.dtype == np.float32


def test_smoothgrad_of_a_linear_model_is_its_map():
    (image,) = make_images()
    (found,) = maps(image[None], copies="smoothgrad", estimator="offset", samples=2)
    np.testing.assert_allclose(found, np.abs(SEEN * image), rtol=1e-4, atol=1e-5)
    (plain,) = maps(image[None], base="gradient", copies="smoothgrad", samples=3)
    np.testing.assert_allclose(plain[5:], np.broadcast_to(np.abs(SEEN), plain[5:].shape), rtol=1e-5)


def test_the_plain_estimator_is_the_population_variance_over_copies():
    """For f = x² / 2 from black, IG is (x + noise)² / 2: each copy's last path point gives it again."""
    images, seen = make_images(2, size=6), []

    def gradients(batch):
        seen.append(batch.copy())
        return quadratic(batch)

    variance = maps(images, gradients=gradients, samples=3, batch_size=5, copies="vargrad")
    ends = np.concatenate(seen)[2::3].reshape(2, 3, 6, 6, 4)[..., :3].astype(np.float64) ** 2 / 2
    spread = maps(images, gradients=quadratic, samples=3, batch_size=5, copies="vargrad_sd")
    for number in range(2):
        np.testing.assert_allclose(variance[number][..., :3], ends[number].var(axis=0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(spread[number][..., :3], ends[number].std(axis=0), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("baseline", ["black", "random"])
def test_both_estimators_agree_with_many_copies(baseline):
    """x² / 2 from 0 has IG (x + z)² / 2, of variance x² sd² + sd⁴ / 2; the kinked model has no such formula."""
    images = make_images(1, size=7)
    for model in (quadratic, kinked):
        settings = {"gradients": model, "copies": "vargrad", "baseline": baseline, "noise_sd": 0.7}
        (plain,) = maps(images, samples=4000, points=60, batch_size=2000, estimator="midpoint", **settings)
        (cheap,) = maps(images, samples=4000, points=2, batch_size=2000, estimator="offset", **settings)
        np.testing.assert_allclose(cheap[5:, :, :3].mean(), plain[5:, :, :3].mean(), rtol=0.03)
        np.testing.assert_allclose(cheap[5:], plain[5:], rtol=0.3, atol=0.1 * plain.max())
    if baseline == "black":
        (cheap,) = maps(images, samples=4000, points=2, batch_size=2000, estimator="offset", copies="vargrad",
                        gradients=quadratic, noise_sd=0.7)  # fmt: skip
        expected = images[0, 5:, :, :3] ** 2 * 0.7**2 + 0.7**4 / 2
        np.testing.assert_allclose(cheap[5:, :, :3], expected, rtol=0.25, atol=0.03)


@pytest.mark.parametrize("copies", COPIES)
@pytest.mark.parametrize("base", ["gradient", "gradient_input", "integrated_gradients"])
def test_unmeasured_pixels_get_no_noise_and_no_score(base, copies):
    seen = []

    def gradients(batch):
        seen.append(batch.copy())
        values, _ = quadratic(batch)
        return values, batch + 1

    (found,) = maps(make_images(), base=base, copies=copies, gradients=gradients, estimator="offset", samples=3)
    batches = np.concatenate(seen)
    assert not batches[:, :5].any()
    assert (batches[:, 5:, :, -1] == 1).all()
    assert not found[:5].any()
    assert (found >= 0).all()
    assert found[5:, :, :3].any()


@pytest.mark.parametrize("estimator", ["offset", "trapezoid"])
def test_neither_batch_size_nor_later_images_change_a_score(estimator):
    images = make_images(3, size=8)
    settings = {"gradients": quadratic, "estimator": estimator}
    whole = maps(images, batch_size=1000, **settings)
    for batch_size in (1, 7, 15):
        for one, other in zip(maps(images, batch_size=batch_size, **settings), whole, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    (alone,) = maps(images[:1], **settings)
    np.testing.assert_allclose(alone, whole[0], rtol=1e-3, atol=1e-5)
    assert np.abs(maps(images, seed=6, **settings)[0] - alone).max() > 0.1


def test_images_without_measured_pixels_score_zero():
    for estimator in ("offset", "trapezoid"):
        (found,) = maps(np.zeros((1, 4, 4, 4), dtype=np.float32), estimator=estimator)
        assert not found.any()


def test_moments_are_those_of_numpy_and_by_hand():
    values = (1000 + np.random.default_rng(2).normal(size=(30, 4, 5))).astype(np.float32)
    moments = Moments()
    for value in values:
        moments.add(value)
    np.testing.assert_allclose(moments.variance(), values.astype(np.float64).var(axis=0), rtol=1e-10)
    np.testing.assert_allclose(moments.mean(), values.astype(np.float64).mean(axis=0), rtol=1e-12)
    hand = Moments()
    for value in (1.0, 3.0, 5.0, 7.0):
        hand.add(np.array([value, 2.0], dtype=np.float32))
    np.testing.assert_allclose(hand.variance(), [5.0, 0.0])


def summed(gradient):
    """A way of 1 on one pixel, with its mean gradient."""
    path = Path(np.ones((1, 1, 1), np.float32), np.zeros((1, 1, 1), np.float32), points=end_point(), has_slopes=False)
    path.add(np.zeros(1, np.float32), np.array([[gradient]], dtype=np.float32))
    return path


def test_the_paired_variance_is_the_covariance_of_the_two_sums():
    """First sums 1 and 3, second ones 5 and 1: their products' mean is 4, their means' product 2 * 3."""
    moments = PairedMoments(noise_variance=np.zeros((1, 1, 1)))
    for first, second in ((1.0, 5.0), (3.0, 1.0)):
        moments.add(summed(first), summed(second), noise=np.zeros((1, 1, 1), np.float32))
    assert moments.mean().item() == 2.5
    assert moments.variance().item() == -2.0


def test_the_paired_variance_knows_nothing_of_the_quadrature_s():
    """20,000 pixels without noise, whose gradients err with a spread of 3: on average their variance is 0, not -0.45.

    Standard error: 3² / sqrt(10) per pixel, 0.02 of the mean.
    """
    rng, zeros = np.random.default_rng(4), np.zeros((1, 20000, 1), np.float32)
    moments = PairedMoments(noise_variance=np.zeros((1, 1, 1)))
    for _ in range(10):
        pair = [Path(zeros + 1, zeros, points=end_point(), has_slopes=False) for _ in range(2)]
        for path in pair:
            path.add(np.zeros(1, np.float32), (1 + 3 * rng.standard_normal((1, 20000))).astype(np.float32))
        moments.add(*pair, noise=zeros)
    assert abs(moments.variance().mean()) < 0.08


def test_moments_of_nothing_are_refused():
    with pytest.raises(ValueError, match="got none"):
        Moments().variance()
    with pytest.raises(ValueError, match="got none"):
        PairedMoments(noise_variance=np.ones((2, 2, 1))).mean()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"samples": 1}, "attribution.estimator.samples: expected .* got 1"),
        ({"noise_sd": 0.0}, "attribution.noise_sd: expected .* got 0.0"),
        ({"noise_sd": float("nan")}, "attribution.noise_sd: expected .* got nan"),
        ({"estimator": "offset", "points": 3}, "attribution.estimator.points: expected an even .* got 3"),
        ({"estimator": "simpson"}, "attribution.estimator.method: expected one of .* got 'simpson'"),
        ({"base": "lime"}, "attribution.method: expected one of .* got 'lime'"),
        ({"copies": "median"}, "attribution.copies: expected one of .* got 'median'"),
    ],
)
def test_useless_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        maps(make_images(), **settings)


def test_scoring_is_what_the_config_says(map_settings):
    offset = {"method": "offset", "points": 4, "samples": 7}
    cheap = scoring_of(map_settings(estimator=offset))
    assert (cheap.estimator, cheap.points, cheap.samples) == ("offset", 4, 7)
    thesis = scoring_of(map_settings(estimator={"method": "trapezoid", "steps": 70, "samples": 50}))
    assert (thesis.estimator, thesis.points, thesis.samples) == ("trapezoid", 70, 50)
    bare = scoring_of(map_settings(copies="none", estimator=offset))
    assert (bare.estimator, bare.points) == ("midpoint", 9)


def _oscillating(batch):
    """Sum of sin(8 x): the gradient turns many times on the way."""
    x = batch * [8, 8, 8, 0]
    return np.sin(x).sum(axis=(1, 2, 3)), (8 * np.cos(x) * [1, 1, 1, 0]).astype(np.float32)


def _offset_and_reference(model, *, copies="vargrad", points=8, samples=100, size=8):
    """The estimate, its map, and the map of the definition with very many copies."""
    (image,) = make_images(1, size=size)
    start = (image * [0, 0, 0, 1])[None].astype(np.float32)
    method = MapMethod("integrated_gradients", copies)
    given = {"method": method, "noise_sd": 1.0}
    offset = OffsetScore(image, start, points=points, samples=samples, rng=np.random.default_rng(2), **given)
    for path in summed_paths(offset.paths(), gradients=model, batch_size=200):
        offset.take(path)
    many = CopiesScore(image, start, points=midpoint(40), samples=2000, rng=np.random.default_rng(3), **given)
    for path in summed_paths(many.paths(), gradients=model, batch_size=400):
        many.take(path)
    return offset, offset.result(), many.result()


@pytest.mark.parametrize("copies", ["vargrad", "smoothgrad"])
def test_the_offset_estimator_knows_its_own_error(copies):
    """Against the definition with 2000 copies; the kinked model is hard enough to have one."""
    offset, found, truth = _offset_and_reference(kinked, copies=copies)
    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    own, expected = offset.relative_errors()
    assert own == pytest.approx(error, rel=0.35)
    assert own < expected
    assert offset.replacement() is None


@pytest.mark.slow
def test_a_function_that_oscillates_is_scored_by_the_definition():
    offset, found, truth = _offset_and_reference(_oscillating)
    own, expected = offset.relative_errors()
    assert np.linalg.norm(found - truth) / np.linalg.norm(truth) > 1
    assert own > 2 * expected
    assert expected == pytest.approx(np.sqrt(2 / 49))
    assert isinstance(offset.replacement(), CopiesScore)
    (replaced,) = maps(
        make_images(1, size=8), estimator="offset", points=8, samples=100, copies="vargrad", gradients=_oscillating,
        batch_size=200,
    )  # fmt: skip
    assert np.linalg.norm(replaced - truth) / np.linalg.norm(truth) < 0.3
    assert replaced.sum() == pytest.approx(truth.sum(), rel=0.05)


def test_the_gradients_of_a_replacement_follow_those_of_the_estimate():
    n_gradients = 0

    def counted(batch):
        nonlocal n_gradients
        n_gradients += len(batch)
        return _oscillating(batch)

    given = {"estimator": "offset", "points": 2, "gradients": counted, "copies": "vargrad", "batch_size": 50}
    found = maps(make_images(2, size=8), samples=8, **given)
    assert len(found) == 2
    assert n_gradients == 2 * (2 * 8 + (PLAIN_STEPS + 1) * PLAIN_COPIES)
    # Too few copies to say how uncertain they are.
    n_gradients = 0
    maps(make_images(1, size=8), samples=7, **given)
    assert n_gradients == 2 * 7
