"""The mixture of single numbers, compared with scikit-learn's."""

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from wellspring.spots.mixture import Mixture, fit_mixture

LEAST_VARIANCE = 1e-4


def _values(seed: int) -> NDArray[np.float64]:
    """One to three classes of 30 to 2,000 values."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(rng.uniform(0, 4), rng.uniform(0.05, 0.6), rng.integers(30, 2000)) for _ in range(1 + seed % 3)]
    return np.sort(np.concatenate(parts))


def _start(values: NDArray[np.float64], n_classes: int) -> Mixture:
    means = np.quantile(values, (np.arange(n_classes) + 0.5) / n_classes)
    return Mixture(np.full(n_classes, 1 / n_classes), means, np.full(n_classes, values.var() / n_classes + 1e-4))


@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_a_fit_is_that_of_scikit_learn(seed: int, n_classes: int) -> None:
    values = _values(seed)
    start = _start(values, n_classes)
    other = GaussianMixture(
        n_classes,
        weights_init=start.weights,
        means_init=start.means[:, None],
        precisions_init=(1 / start.variances)[:, None, None],
        init_params="random_from_data",
        reg_covar=LEAST_VARIANCE,
        max_iter=300,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        other.fit(values[:, None])
    found = fit_mixture(values, start, least_variance=LEAST_VARIANCE)
    assert found.means == pytest.approx(other.means_[:, 0], abs=1e-6)
    assert found.variances == pytest.approx(other.covariances_[:, 0, 0], abs=1e-6)
    assert found.weights == pytest.approx(other.weights_, abs=1e-6)
    assert found.log_density(values) == pytest.approx(other.score_samples(values[:, None]), abs=1e-6)
    assert found.information_criterion(values) == pytest.approx(other.bic(values[:, None]), rel=1e-9)


def test_two_classes_far_apart_are_found() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 0.1, 300), rng.normal(5, 0.2, 100)])
    found = fit_mixture(values, _start(values, 2), least_variance=LEAST_VARIANCE)
    assert sorted(found.means) == pytest.approx([0, 5], abs=0.05)
    assert sorted(found.weights) == pytest.approx([0.25, 0.75], abs=0.01)


def test_equal_values_have_the_least_variance() -> None:
    found = fit_mixture(np.ones(50), Mixture(np.ones(1), np.ones(1), np.ones(1)), least_variance=LEAST_VARIANCE)
    assert found.variances == pytest.approx([LEAST_VARIANCE])
