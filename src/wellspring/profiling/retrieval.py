"""Do wells of one sample find each other among all others? Mean average precision, its null, false discoveries."""

from collections.abc import Sequence
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
    """Columns sample, n_wells, map, p_value, q_value; a row per sample that has two wells or more.

    p_value and q_value are NaN where the sample cannot be told from its plates: these hold no other sample.
    """

    samples: pd.DataFrame

    @property
    def mean(self) -> float:
        """Mean over the samples; NaN without any."""
        return float(self.samples["map"].mean()) if len(self.samples) else float("nan")

    @property
    def share_found(self) -> float:
        """Share of the samples with a q-value of 0.05 or less, of those that have one; NaN without any."""
        known = self.samples["q_value"].dropna()
        return float((known <= 0.05).mean()) if len(known) else float("nan")


def average_precision(is_match: NDArray[np.bool_]) -> float:
    """Mean over the matches of the precision at their ranks; `is_match` in order, best first. NaN without a match."""
    if not is_match.any():
        return float("nan")
    precision = np.cumsum(is_match) / np.arange(1, len(is_match) + 1)
    return float(precision[is_match].mean())


def retrieval(
    values: NDArray[np.float64],
    samples: NDArray[np.str_],
    *,
    plates: NDArray[np.str_],
    n_permutations: int,
    rng: np.random.Generator,
) -> Retrieval:
    """Rank all other wells by cosine similarity to each well; matches are those of the same sample.

    Values are standardised per feature first. The null are wells whose principal components are shuffled, each by
    itself, among the wells of the same plate: no well has a replicate left, but likeness is as mutual as before, spread
    over as many directions, and as high between wells that share a plate. (Random orders would take the wells of a
    sample for independent, although two that are near each find the other; a shuffle over all plates would take what a
    plate does to its wells for the sample's.) A sample is compared with all shuffled samples that have as many wells on
    the same plates. q-values are those of Benjamini and Hochberg.

    Parameters
    ----------
    values : (n, d) float64
    samples, plates : (n,) str
        Sample and plate of each well.

    Returns
    -------
    Retrieval
        Without a p-value: samples that are alone on each of their plates with two wells or more, whose likeness may as
        well be that of the plate.
    """
    scaled = StandardScaler().fit_transform(values)
    names, codes, counts = np.unique(samples, return_inverse=True, return_counts=True)
    found = _of_samples(scaled, codes)
    axes, lengths, _ = np.linalg.svd(scaled, full_matrices=False)
    components = axes * lengths
    on_plate = [np.flatnonzero(plates == name) for name in np.unique(plates)]
    layouts = np.array([str([int((codes[own] == one).sum()) for own in on_plate]) for one in range(len(names))])
    null = np.empty((n_permutations, len(names)))
    for number in range(n_permutations):
        shuffled = components.copy()
        for own in on_plate:
            shuffled[own] = rng.permuted(components[own], axis=0)
        null[number] = _of_samples(shuffled, codes)
    rows = []
    for index in np.flatnonzero((counts > 1) & (counts < len(samples))):
        other = null[:, layouts == layouts[index]]
        as_high = int((other >= found[index] - _ROUNDING).sum())
        p_value = float(permutation_p_value(as_high, n_permutations=other.size))
        if _is_alone(codes, on_plate, int(index)):
            p_value = float("nan")
        rows.append((str(names[index]), int(counts[index]), float(found[index]), p_value))
    table = pd.DataFrame(rows, columns=["sample", "n_wells", "map", "p_value"])
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return Retrieval(table)


def _is_alone(codes: NDArray[np.intp], on_plate: Sequence[NDArray[np.intp]], sample: int) -> bool:
    """Whether a shuffle within the plates leaves the sample as it is, wherever it has wells."""
    return all((codes[rows] == sample).all() for rows in on_plate if sample in codes[rows])


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
