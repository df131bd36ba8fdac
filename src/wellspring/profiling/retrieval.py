"""Do wells of one sample find each other among all others? Mean average precision, its null, false discoveries."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from wellspring.statistics import benjamini_hochberg, permutation_p_value

__all__ = ["Retrieval", "average_precision", "retrieval"]

# Equal means differ by less where they were summed in another order.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Retrieval:
    """Columns sample, n_wells, map, p_value, q_value; a row per sample that has two wells or more."""

    samples: pd.DataFrame

    @property
    def mean(self) -> float:
        """Mean over the samples; NaN without any."""
        return float(self.samples["map"].mean()) if len(self.samples) else float("nan")

    @property
    def share_found(self) -> float:
        """Share of the samples with a q-value of 0.05 or less; NaN without any."""
        return float((self.samples["q_value"] <= 0.05).mean()) if len(self.samples) else float("nan")


def average_precision(is_match: NDArray[np.bool_]) -> float:
    """Mean over the matches of the precision at their ranks; `is_match` in order, best first. NaN without a match."""
    if not is_match.any():
        return float("nan")
    precision = np.cumsum(is_match) / np.arange(1, len(is_match) + 1)
    return float(precision[is_match].mean())


def retrieval(
    values: NDArray[np.float64], samples: NDArray[np.str_], *, n_permutations: int, rng: np.random.Generator
) -> Retrieval:
    """Rank all other wells by cosine similarity to each well; matches are those of the same sample.

    Values are standardised per feature first. The null are wells whose principal components are shuffled, each by
    itself: no well has a replicate left, but likeness is as mutual as before, and spread over as many directions.
    (Random orders would take the wells of a sample for independent, although two that are near each find the other.) A
    sample is compared with all shuffled samples of as many wells. q-values are those of Benjamini and Hochberg.

    Parameters
    ----------
    values : (n, d) float64
    samples : (n,) str
        Sample of each well.
    """
    scaled = StandardScaler().fit_transform(values)
    names, codes, counts = np.unique(samples, return_inverse=True, return_counts=True)
    found = _of_samples(scaled, codes)
    axes, lengths, _ = np.linalg.svd(scaled, full_matrices=False)
    shuffled = (rng.permuted(axes * lengths, axis=0) for _ in range(n_permutations))
    null = np.array([_of_samples(one, codes) for one in shuffled]).reshape(n_permutations, len(names))
    rows = []
    for index in np.flatnonzero((counts > 1) & (counts < len(samples))):
        other = null[:, counts == counts[index]]
        as_high = int((other >= found[index] - _ROUNDING).sum())
        p_value = float(permutation_p_value(as_high, n_permutations=other.size))
        rows.append((str(names[index]), int(counts[index]), float(found[index]), p_value))
    table = pd.DataFrame(rows, columns=["sample", "n_wells", "map", "p_value"])
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return Retrieval(table)


def _of_samples(values: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n_samples,) mean of the average precisions of each sample's wells; NaN for a well alone."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(length > 0, length, 1)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    # The well itself comes last.
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :-1]
    precision = [average_precision(row) for row in codes[order] == codes[:, None]]
    return np.bincount(codes, weights=precision) / np.bincount(codes)
