"""Quantities of a cell and of the cells of a group: totals, centrality, spread, noise, stability."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError

__all__ = ["NOISE_CELLS", "cytoplasmic_centrality", "cytoplasmic_spread", "stability", "volume_corrected_noise"]

NOISE_CELLS = 25
"""Cells from which on the volume-corrected noise is known within a factor of 2.

Of normal counts around a line it is distributed as the true one times chi² / (n - 2), with n - 2 degrees of freedom:
for 25 cells 95 % lie between 0.51 and 1.66, so that the interval of the true one ends at 1.97 times the one found.
"""


def cytoplasmic_centrality(weights: NDArray[np.floating], isoline: NDArray[np.floating]) -> float:
    """Mean depth of the molecules between membrane (0) and nuclear edge (1); NaN without molecules.

    DypFISH's centrality is high at the membrane; here it is high near the nucleus, as the word says.
    """
    is_known = np.isfinite(isoline)
    total = float(weights[is_known].sum())
    if total <= 0:
        return float("nan")
    return float((weights[is_known] * isoline[is_known]).sum() / total / 100)


def cytoplasmic_spread(
    weights: NDArray[np.floating],
    mask: NDArray[np.bool_],
    centre: ArrayLike,
    *,
    volume: NDArray[np.floating] | None = None,
) -> float:
    """Mean distance of the molecules to the nucleus' centroid over that of even spread: below 1 perinuclear.

    Parameters
    ----------
    weights : (Y, X) float
        Points in a pixel, or intensity.
    mask : (Y, X) bool
        Where molecules count: the cytoplasm.
    centre : (2,) float
        y, x in px.
    volume : (Y, X) float, or None
        Height of the cell; None: even.

    Returns
    -------
    float
        NaN without molecules or an empty mask.

    Notes
    -----
    The form of DypFISH's first version (2018), whose value 1 has a meaning; the later one, a standard deviation over
    the median distance of pairs, has none for even spread.
    """
    rows, columns = np.nonzero(mask)
    y, x = np.asarray(centre, dtype=np.float64)
    distance = np.hypot(rows - y, columns - x)
    own = weights[rows, columns].astype(np.float64)
    space = np.ones(len(rows)) if volume is None else volume[rows, columns].astype(np.float64)
    if own.sum() <= 0 or (space * distance).sum() <= 0:
        return float("nan")
    return float(((own * distance).sum() / own.sum()) / ((space * distance).sum() / space.sum()))


def volume_corrected_noise(counts: ArrayLike, volumes: ArrayLike) -> float:
    """Variance of the counts of cells that their volume does not explain, over the squared mean count.

    (var(count) - var(a + b V)) / mean(count)², with a and b by least squares (Padovan-Merhar et al., Mol. Cell 58,
    2015, equation 17). For Poisson counts in cells of one size it is 1 / mean.

    Parameters
    ----------
    counts, volumes : (cells,) float
        Cells where either is NaN are left out.

    Returns
    -------
    float
        NaN for fewer than 3 cells or a mean of 0.
    """
    count, volume = (np.asarray(one, dtype=np.float64) for one in (counts, volumes))
    if count.shape != volume.shape:
        raise InputError(f"noise: expected a volume for each count, got {count.shape} and {volume.shape}.")
    known = np.isfinite(count) & np.isfinite(volume)
    count, volume = count[known], volume[known]
    if len(count) < 3 or count.mean() == 0:
        return float("nan")
    centred = volume - volume.mean()
    slope = float((centred * count).sum() / (centred**2).sum()) if (centred**2).sum() > 0 else 0.0
    return float((count.var() - slope**2 * centred.var()) / count.mean() ** 2)


def stability(profiles: NDArray[np.floating], *, n_draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How far the mean profile of k cells is from that of another cell: how many cells suffice.

    Parameters
    ----------
    profiles : (cells, parts) float
    n_draws
        Draws for each k.

    Returns
    -------
    (cells - 1,) float64
        Mean absolute deviation for k = 1, 2, ...; empty for fewer than two cells.
    """
    n = len(profiles)
    found = np.zeros(max(0, n - 1))
    for _ in range(n_draws if n > 1 else 0):
        order = rng.permutation(n)
        means = np.cumsum(profiles[order[1:]], axis=0) / np.arange(1, n)[:, None]
        found += np.abs(means - profiles[order[0]]).mean(axis=1)
    return found / max(n_draws, 1)
