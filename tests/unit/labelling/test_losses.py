"""Losses, by their formulas on literal pixels."""

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.errors import InputError

if TYPE_CHECKING:
    from wellspring.labelling.losses import LOSSES, asymmetric, bce, gradient, loss_named, mse, pearson, spotlight

TRUE = np.array([[0, 1], [2, 5]], np.float32).reshape(1, 2, 2, 1)
FOUND = np.array([[1, 1], [0, 6]], np.float32).reshape(1, 2, 2, 1)


def test_squared_error() -> None:
    assert float(mse(TRUE, FOUND)) == pytest.approx((1 + 0 + 4 + 1) / 4)


def test_pearson_is_half_of_one_minus_r() -> None:
    r = np.corrcoef(TRUE.ravel(), FOUND.ravel())[0, 1]
    assert float(pearson(TRUE, FOUND)) == pytest.approx((1 - r) / 2, rel=1e-4)
    assert float(pearson(TRUE, 3 * TRUE + 1)) == pytest.approx(0, abs=1e-5)
    assert float(pearson(TRUE, np.ones_like(TRUE))) == 0.5


def test_cross_entropy() -> None:
    true, found = np.array([1.0, 0.0], np.float32), np.array([0.8, 0.4], np.float32)
    assert float(bce(true, found)) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2, rel=1e-5)
    assert math.isfinite(float(bce(true, np.array([0.0, 1.0], np.float32))))


def test_what_is_missed_counts_fourfold() -> None:
    assert float(asymmetric(TRUE, FOUND)) == pytest.approx((1 + 0 + 4 * 4 + 1) / 4)


def test_gradient_adds_the_differences_of_neighbours() -> None:
    # Errors [[1, 0], [-2, 1]]: down -3 and 1, right -1 and 3.
    assert float(gradient(TRUE, FOUND)) == pytest.approx(1.5 + (9 + 1) / 2 + (1 + 9) / 2)


def test_spotlight_is_error_inside_and_dice_outside() -> None:
    def soft(x: float) -> float:
        return min(max((x + 0.95 * x) / (-0.95 + 1.9 * abs(x) + 1), 0), 1)

    # Threshold 1.5: stained are 2 and 5; found, from the threshold and clipped to 1: -0.5, -0.5, -1, 1.
    dice = 2 * (soft(-1) + soft(1)) / (soft(-0.5) * 2 + soft(-1) + soft(1) + 2)
    assert float(spotlight(TRUE, FOUND, threshold=1.5)) == pytest.approx(0.5 * (4 + 1) / 2 + 0.5 * (1 - dice), rel=1e-4)


@pytest.mark.parametrize("threshold", [-1.0, 9.0])
def test_spotlight_is_squared_error_where_all_or_nothing_is_stained(threshold: float) -> None:
    assert float(spotlight(TRUE, FOUND, threshold=threshold)) == pytest.approx(1.5)


def test_losses_are_chosen_by_name() -> None:
    assert loss_named("mse", target="asinh", threshold=0) is mse
    assert float(loss_named("spotlight", target="asinh", threshold=9)(TRUE, FOUND)) == pytest.approx(1.5)
    assert set(LOSSES) == {"mse", "pearson", "bce", "asymmetric", "gradient", "spotlight"}


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(InputError, match="loss: expected one of"):
        loss_named("mae", target="asinh", threshold=0)
    with pytest.raises(InputError, match="bce needs a binary stain"):
        loss_named("bce", target="asinh", threshold=0)
