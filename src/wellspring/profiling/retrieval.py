"""Do wells of one sample find each other among all others? Mean average precision, its null, false discoveries."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

__all__ = ["Retrieval", "average_precision", "retrieval"]


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

    Values are standardised per feature first. The null of a sample: the mean of as many average precisions over
    random orders with as many matches. q-values are those of Benjamini and Hochberg.
    """
    std = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(std > 0, std, 1)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit = scaled / np.where(length > 0, length, 1)
    similarity = unit @ unit.T
    rows = []
    for sample in np.unique(samples):
        own = np.flatnonzero(samples == sample)
        if len(own) < 2 or len(own) == len(samples):
            continue
        found = float(np.mean([_of_well(similarity, samples, well) for well in own.tolist()]))
        null = _null(len(samples) - 1, n_matches=len(own) - 1, n_wells=len(own), n_drawn=n_permutations, rng=rng)
        rows.append((str(sample), len(own), found, float((1 + (null >= found).sum()) / (1 + len(null)))))
    table = pd.DataFrame(rows, columns=["sample", "n_wells", "map", "p_value"])
    table["q_value"] = false_discovery_control(table["p_value"]) if len(table) else np.array([], dtype=float)
    return Retrieval(table)


def _of_well(similarity: NDArray[np.float64], samples: NDArray[np.str_], well: int) -> float:
    others = np.delete(np.arange(len(samples)), well)
    order = others[np.argsort(-similarity[well, others], kind="stable")]
    return average_precision(samples[order] == samples[well])


def _null(
    n_others: int, *, n_matches: int, n_wells: int, n_drawn: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    is_match = np.arange(n_others) < n_matches
    drawn = [[average_precision(rng.permutation(is_match)) for _ in range(n_wells)] for _ in range(n_drawn)]
    return np.mean(drawn, axis=1) if drawn else np.array([])
