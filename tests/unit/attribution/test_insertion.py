"""Insertion, deletion and removal on a linear model, by hand."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.roar.removal import fill_values, removal_order, without_first
from wellspring.attribution.validation.insertion import Subject, area, insertion_deletion


def make_subject():
    """Two measured pixels of two channels: 4 and 3 in channel 0, 2 and 1 in channel 1; blurred: all 0."""
    image = np.zeros((2, 2, 3), dtype=np.float32)
    image[0] = [[4, 2, 1], [3, 1, 1]]
    blurred = image.copy()
    blurred[..., :2] = 0
    return Subject(image, blurred=blurred, inputs=np.array([0, 1]), fill=np.array([0.0, 0.0]))


def total(batch):
    return batch[..., :2].sum(axis=(1, 2, 3)), np.ones_like(batch)


def test_curves_of_a_sum_by_hand():
    """Removed from the highest: 10, 6, 3, 1, 0 are left of 10; put in: 0, 4, 7, 9, 10."""
    one = make_subject()
    order = removal_order(one.values, ranking="intensity", score=None, rng=np.random.default_rng(0))
    found = insertion_deletion([one], [order], gradients=total, n_steps=4, batch_size=3)
    np.testing.assert_allclose(found.deletion, [1, 0.6, 0.3, 0.1, 0], atol=1e-6)
    np.testing.assert_allclose(found.insertion, [0, 0.4, 0.7, 0.9, 1], atol=1e-6)
    assert found.share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert area(found.share, found.deletion) == pytest.approx(0.375)
    worst = insertion_deletion([one], [order[::-1]], gradients=total, n_steps=4, batch_size=3)
    assert area(worst.share, worst.deletion) == pytest.approx(0.625)


def test_a_prediction_that_never_changes_has_no_curve():
    def constant(batch):
        return np.ones(len(batch), dtype=np.float32), np.zeros_like(batch)

    found = insertion_deletion([make_subject()], [np.arange(4)], gradients=constant, n_steps=2, batch_size=8)
    assert np.isnan(found.deletion).all()
    assert np.isnan(found.insertion).all()


def test_removed_values_are_those_of_the_order_and_the_mask_stays():
    one = make_subject()
    image = one.deleted(order=np.array([3, 0, 1, 2]), share=0.5)
    assert image[0].tolist() == [[0, 2, 1], [3, 0, 1]]
    assert not image[1].any()
    back = one.inserted(order=np.array([3, 0, 1, 2]), share=0.5)
    assert back[0].tolist() == [[4, 0, 1], [0, 1, 1]]


def test_orders_by_score_by_intensity_and_at_random():
    values, score = np.array([[4.0, 2], [3, 1]]), np.array([[0.0, 5], [7, 7]])
    rng = np.random.default_rng(0)
    assert removal_order(values, ranking="intensity", score=score, rng=rng).tolist() == [0, 2, 1, 3]
    whole = np.array([[0, 5], [3, 2]], dtype=np.uint16)
    assert removal_order(whole, ranking="intensity", score=None, rng=rng).tolist() == [1, 2, 3, 0]
    rngs = [np.random.default_rng(n) for n in range(9)]
    by_map = [removal_order(values, ranking="map", score=score, rng=one).tolist() for one in rngs]
    assert {tuple(order[2:]) for order in by_map} == {(1, 0)}
    assert {tuple(order[:2]) for order in by_map} == {(2, 3), (3, 2)}
    drawn = [removal_order(values, ranking="random", score=None, rng=rng)[0] for _ in range(400)]
    # Each of the four is first in a quarter of the draws, within four standard deviations.
    assert (np.abs(np.bincount(drawn, minlength=4) - 100) < 4 * np.sqrt(75)).all()


@pytest.mark.parametrize("ranking", ["map", "alphabet"])
def test_a_ranking_that_cannot_be_made_is_refused(ranking):
    with pytest.raises(ValueError, match="expected a ranking among"):
        removal_order(np.ones((2, 2)), ranking=ranking, score=None, rng=np.random.default_rng(0))


def test_the_fill_is_the_channel_s_own():
    values = np.array([[1.0, 2], [3, 4]], dtype=np.float32)
    found = without_first(values, order=np.array([0, 3, 1, 2]), share=0.5, fill=np.array([-1.0, -2.0]))
    assert found.tolist() == [[-1, 2], [3, -2]]
    assert values.tolist() == [[1, 2], [3, 4]]


def test_the_fill_is_the_training_mean_as_a_model_sees_it():
    scaling = pd.DataFrame({"channel": ["a", "b"], "mean": [10.0, 8.0], "shift": [10.0, 0.0], "scale": [2.0, 4.0]})
    assert fill_values(scaling, channels=["b", "a"]).tolist() == [2.0, 0.0]


def test_curves_are_relative_to_what_is_left_when_all_is_removed():
    """Fill and blur of 1: 10, 7, 5, 4, 4 with values removed, so 6 is all that can be lost; put in 4, 7, 9, 10, 10."""
    one = make_subject()
    blurred = one.image.copy()
    blurred[0, :, :2] = 1
    other = Subject(one.image, blurred=blurred, inputs=one.inputs, fill=np.array([1.0, 1.0]))
    order = removal_order(other.values, ranking="intensity", score=None, rng=np.random.default_rng(0))
    found = insertion_deletion([other], [order], gradients=total, n_steps=4, batch_size=3)
    np.testing.assert_allclose(found.deletion, [1, 1 / 2, 1 / 6, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found.insertion, [0, 1 / 2, 5 / 6, 1, 1], atol=1e-6)
    # Distances are added up over cells before they are divided: (3 + 6) / (6 + 10) is left after one value.
    both = insertion_deletion([other, one], [order, order], gradients=total, n_steps=4, batch_size=3)
    np.testing.assert_allclose(both.deletion[1], 9 / 16, atol=1e-6)
    np.testing.assert_allclose(both.insertion[1], 1 - 9 / 16, atol=1e-6)


def test_measured_pixels_are_those_of_the_mask_whatever_the_channels_hold():
    image = np.zeros((1, 3, 3), dtype=np.float32)
    image[0, :, :2] = [[4, 0], [0, 0], [3, 2]]
    image[0, :2, 2] = 1
    one = Subject(image, blurred=np.zeros_like(image), inputs=np.array([0, 1]), fill=np.zeros(2))
    assert one.mask.tolist() == [[True, True, False]]
    assert one.values.tolist() == [[4, 0], [0, 0]]
