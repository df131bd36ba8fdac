"""The threshold between noise and spots, chosen from the maxima of a response."""

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.spots.candidates import Candidates
from wellspring.spots.mixture import Mixture, fit_mixture
from wellspring.spots.noise import NoiseMap
from wellspring.spots.tables import SPOT_CURVE

__all__ = [
    "LEAST_FACTOR",
    "Threshold",
    "elbow_threshold",
    "given_threshold",
    "maxima_by_chance",
    "no_threshold",
    "noise_factor",
    "noise_maxima",
    "noise_threshold",
    "signal_boundary",
]

# Maxima below this many deviations are never spots: white noise alone has one in about 100 pixels (1000 voxels) there.
LEAST_FACTOR = 3.0
# A maximum is called a spot where at most this share of those a little higher (up to the window's end) are expected to
# be noise, or so few of them that there should be none at all.
_NOISE_SHARE, _NOISE_LEAST, _NOISE_WINDOW = 0.5, 0.05, 1.1
# A class of maxima below the brightest counts as another one when, between the two, the density falls to half.
_VALLEY = 0.5
# A brighter class smaller than this share of all holds the clumps and transcription sites of the class below.
_LEAST_SHARE = 0.1
# A class of which nine tenths are brighter than this many times the noise's limit is clear of the noise.
_CLEAR = 1.25
# So much sharper are molecules than clumps of 1.2 times their width; maxima of noise and texture are by less.
_SHARPER = 1.25
# Granules of autofluorescence are less sharp than spots by more than this.
_AS_SHARP = 1.5
_LEAST_MAXIMA = 30
# By so much must the Bayesian information criterion favour several classes over one: "strong" evidence after Kass and
# Raftery (J. Am. Stat. Assoc. 90, 1995). A class that is not there costs half of the spots.
_STRONG = 6.0
# Of a class of log responses; less than a hundredth of that of molecules.
_LEAST_VARIANCE = 1e-4
_MOST_MAXIMA = 20_000
_STABILITY_STEP = 0.1
_CURVE_POINTS = 100
# Moving average of the elbow's curve, and the count from which on it is looked at (big-fish: 5 and e**2).
_ELBOW_WINDOW, _ELBOW_LEAST = 5, 8


@dataclass(frozen=True)
class Threshold:
    """A threshold and how firmly the image supports it.

    A maximum is a spot when its level is above 1. The level is the response over `value`, or, where that is less, the
    response over `factor` times the local noise.

    Attributes
    ----------
    method : str
        noise, elbow or given.
    value : float
        Least response of a spot, intensity.
    factor : float
        Least response of a spot, in local standard deviations of the noise; 0 for a given threshold.
    curve : pandas.DataFrame
        Table SPOT_CURVE: count against threshold.
    n_spots, n_below, n_above : int
        Maxima above the threshold, above 0.9 times it and above 1.1 times it.
    n_by_chance : float
        Maxima that noise alone would have above the threshold (`maxima_by_chance`).
    fainter : float
        Maxima below the threshold that stand clear of the noise and are no wider than spots, over the spots' number.
    """

    method: str
    value: float
    factor: float
    curve: pd.DataFrame
    n_spots: int
    n_below: int
    n_above: int
    n_by_chance: float
    fainter: float = 0.0

    @property
    def instability(self) -> float:
        """Spots gained at 0.9 times and lost at 1.1 times the threshold, over the count (at least 1)."""
        return (self.n_below - self.n_above) / max(1, self.n_spots)

    def levels(self, candidates: Candidates) -> NDArray[np.float64]:
        """(n,) float64; above 1 is a spot."""
        return _levels(candidates, value=self.value, factor=self.factor)


def _levels(candidates: Candidates, *, value: float, factor: float) -> NDArray[np.float64]:
    """Response over the threshold, or over its least multiple of the noise if that is less."""
    levels = candidates.response.astype(np.float64) / value
    if factor == 0:
        return levels
    return np.minimum(levels, candidates.response / (factor * candidates.noise.astype(np.float64)))


def no_threshold(method: str, *, value: float = math.nan) -> Threshold:
    """The threshold of an image in which nothing can be separated: no maxima, and unless `value` is given, none."""
    curve = pd.DataFrame({"threshold": np.zeros(0), "n_spots": np.zeros(0, dtype=np.int64)})[SPOT_CURVE.names]
    return Threshold(method, value, math.nan, curve, 0, 0, 0, 0.0)


def _threshold(candidates: Candidates, noise: NoiseMap, *, method: str, value: float, factor: float) -> Threshold:
    """A threshold with the curve of counts and the counts just below and above it."""
    levels = np.sort(_levels(candidates, value=value, factor=factor))

    def counts(level: NDArray[np.float64]) -> NDArray[np.int64]:
        return len(levels) - np.searchsorted(levels, level, side="right")

    top = max(2.0, float(levels[-1])) if len(levels) else 2.0
    grid = np.geomspace(0.75, top, _CURVE_POINTS)
    curve = pd.DataFrame({"threshold": grid * value, "n_spots": counts(grid)})[SPOT_CURVE.names]
    below, here, above = counts(np.array([1 - _STABILITY_STEP, 1.0, 1 + _STABILITY_STEP])).tolist()
    chance = maxima_by_chance(noise, value=value, factor=factor)
    return Threshold(method, value, factor, curve, here, below, above, chance)


def given_threshold(candidates: Candidates, noise: NoiseMap, *, value: float) -> Threshold:
    """The threshold that the caller chose; candidates reach down to half of it."""
    return _threshold(candidates, noise, method="given", value=value, factor=0.0)


def noise_threshold(candidates: Candidates, noise: NoiseMap) -> Threshold:
    """What is not noise is a spot (Dubois 2017, 2.1.2): camera noise, autofluorescence and signal are separated.

    Camera noise varies with the light over the field, so it is judged in local standard deviations: `noise_factor`.
    Autofluorescence and signal both exceed it. But every molecule carries the same number of dyes wherever it
    lies, so these are separated by their response itself: `signal_boundary`, the mixture of up to three classes that
    the thesis fits to all pixels. The thesis' classes are of intensities, which uneven background smears; here they
    are of the response's maxima, which it does not.
    """
    factor = noise_factor(candidates, noise)
    stands_out = candidates.response > factor * candidates.noise
    log_responses = np.log(candidates.response[stands_out].astype(np.float64))
    log_limits = np.log(factor * candidates.noise[stands_out].astype(np.float64))
    sharpness = candidates.sharpness[stands_out] if len(candidates.sharpness) else None
    boundary = signal_boundary(log_responses, log_responses - log_limits, sharpness)
    usual = factor * noise.usual
    value = usual if boundary is None else max(usual, math.exp(boundary))
    # Without a second class the local noise alone decides, also where it is below the usual.
    least = factor * float(noise.least().min()) if boundary is None else value
    chosen = _threshold(candidates, noise, method="noise", value=least, factor=factor)
    return replace(chosen, fainter=_fainter(candidates, chosen, noise))


def _fainter(candidates: Candidates, chosen: Threshold, noise: NoiseMap) -> float:
    """`Threshold.fainter`: of the maxima between noise and threshold those as sharp as the spots, per spot."""
    is_spot = chosen.levels(candidates) > 1
    ratios = candidates.response / (_CLEAR * chosen.factor * np.maximum(candidates.noise, np.finfo(np.float32).tiny))
    between = ~is_spot & (ratios > 1)
    if not is_spot.any() or not between.any() or len(candidates.sharpness) == 0:
        return 0.0
    own, spots = (float(np.median(candidates.sharpness[which])) for which in (between, is_spot))
    by_chance = float(noise_maxima(noise, np.array([_CLEAR * chosen.factor]))[0])
    excess = max(0.0, float(between.sum()) - by_chance)
    return excess / float(is_spot.sum()) if own > spots / _AS_SHARP else 0.0


def noise_maxima(noise: NoiseMap, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Number of maxima that noise has above so many standard deviations; same shape as `factors`.

    Of smooth Gaussian noise it is, for high t, its Euler characteristic (Adler, The geometry of random fields, 1981;
    Worsley, Adv. Appl. Probab. 27, 1995): volume * roughness * (2 pi)**(-(n + 1) / 2) * He(t) * exp(-t**2 / 2), with
    He(t) = t in 2D and t**2 - 1 in 3D. It is highest at t = 1 and sqrt(3), and below that taken as there: the maxima
    are then all maxima. Those that are not round, or are on a ridge, are counted here but are no candidates.
    """
    n_axes = len(noise.shape)
    scale = math.prod(noise.shape) * noise.roughness * (2 * np.pi) ** (-(n_axes + 1) / 2)
    bound = np.maximum(factors, 1.0 if n_axes == 2 else 3**0.5)
    hermite = bound if n_axes == 2 else bound**2 - 1
    return np.asarray(scale * hermite * np.exp(-(bound**2) / 2))


def maxima_by_chance(noise: NoiseMap, *, value: float, factor: float) -> float:
    """Maxima of noise alone above both `value` and `factor` times the local noise, summed over the tiles."""
    tiles = noise.tiles.astype(np.float64).ravel()
    return float(noise_maxima(noise, np.maximum(value / tiles, factor)).mean())


def noise_factor(candidates: Candidates, noise: NoiseMap) -> float:
    """Deviations of the noise above which a maximum is rather signal than noise, at least 3.

    The factor is the least t from which on noise explains at most half of the maxima between t and 1.1 t
    (`noise_maxima`), or less than 0.05 of a maximum. So with many spots it is lower than with few, and an image of
    noise only has a maximum above it in about 1 of 20 cases.
    """
    ratios = np.sort(candidates.response / np.maximum(candidates.noise, np.finfo(np.float32).tiny))
    factors = np.geomspace(LEAST_FACTOR, 12.0, 601)

    def found_above(factor: NDArray[np.float64]) -> NDArray[np.int64]:
        return len(ratios) - np.searchsorted(ratios, factor, side="right")

    expected = noise_maxima(noise, factors) - noise_maxima(noise, _NOISE_WINDOW * factors)
    found = found_above(factors) - found_above(_NOISE_WINDOW * factors)
    is_noise = (expected > _NOISE_SHARE * found) & (expected > _NOISE_LEAST)
    return float(factors[np.flatnonzero(is_noise)[-1]]) if is_noise.any() else LEAST_FACTOR


def signal_boundary(
    log_responses: NDArray[np.float64],
    log_ratios: NDArray[np.float64],
    sharpness: NDArray[np.floating] | None = None,
) -> float | None:
    """Least log response of the signal's class; None where there is one class only.

    A mixture of one, two or three normal classes, as many as the Bayesian information criterion supports (several only
    where it favours them over one by 6): maxima of camera noise that passed, autofluorescence, signal. Classes are
    apart where the density between them falls to half of the lower of both peaks. The boundary is the highest such gap
    for which two things hold. What is above is no small minority (10 %), for molecules that lie close together make
    few, bright maxima too. And what is below, down to the next gap, reaches down to the noise: its faintest tenth lies
    within 1.25 times the noise's limit. Autofluorescence has all brightnesses, down to none; molecules carry the same
    number of dyes, so their class stands clear of the noise, and what is brighter still are clumps. Where molecules
    hardly stand out of the noise, the width decides: clumps are wider than molecules, and autofluorescence is not
    sharper than they are.

    Parameters
    ----------
    log_responses : (n,) float64
        Of the maxima that exceed the noise, any order. Fewer than 30 are one class.
    log_ratios : (n,) float64
        Log of the response over the noise's limit at the place, 0 or more.
    sharpness : (n,) float or None
        As in `Candidates`; None: the width is not asked.
    """
    if len(log_responses) < _LEAST_MAXIMA or np.ptp(log_responses) == 0:
        return None
    chosen = np.argsort(log_responses, kind="stable")[:: max(1, len(log_responses) // _MOST_MAXIMA)]
    values, ratios = log_responses[chosen], log_ratios[chosen]
    gaps = _gaps(_best_mixture(values), values)
    for number, gap in enumerate(gaps):
        below = gaps[number + 1] if number + 1 < len(gaps) else -np.inf
        own = ratios[(values > below) & (values <= gap)]
        is_clear = len(own) == 0 or np.quantile(own, 0.1) > np.log(_CLEAR)
        widths = None if sharpness is None else sharpness[chosen]
        is_minority = np.mean(values > gap) < _LEAST_SHARE
        if not is_clear and not is_minority and not _are_clumps(values, ratios, widths, below=below, gap=gap):
            return gap
    return None


def _are_clumps(
    values: NDArray[np.float64],
    ratios: NDArray[np.float64],
    sharpness: NDArray[np.floating] | None,
    *,
    below: float,
    gap: float,
) -> bool:
    """Whether the maxima above a gap are fewer and wider than those below it that noise cannot explain."""
    if sharpness is None:
        return False
    own, upper = (values > below) & (values <= gap), sharpness[values > gap]
    lower = sharpness[own & (ratios > np.log(_CLEAR))]
    return own.sum() > len(upper) and len(lower) > 0 and float(np.median(lower)) > _SHARPER * float(np.median(upper))


def _gaps(model: Mixture, values: NDArray[np.float64]) -> list[float]:
    """Places between neighbouring classes where the density falls to half of the lower of both peaks, highest first."""
    grid = np.linspace(values[0], values[-1], 512)
    density = np.exp(model.log_density(grid))
    gaps = []
    for upper, lower in itertools.pairwise(np.sort(model.means)[::-1]):
        start, stop = np.searchsorted(grid, [lower, upper])
        between = density[start : stop + 1]
        deepest = int(np.argmin(between))
        if between[deepest] <= _VALLEY * min(between[: deepest + 1].max(), between[deepest:].max()):
            gaps.append(float(grid[start + deepest]))
    return gaps


def _best_mixture(values: NDArray[np.float64]) -> Mixture:
    """One, two or three classes, as many as the information criterion strongly favours."""
    models = []
    for n_classes, is_even in ((1, True), (2, True), (3, True), (2, False), (3, False)):
        # Starting from equal shares of the values, and from equal parts of their range, finds large and small classes.
        places = (np.arange(n_classes) + 0.5) / n_classes
        means = np.quantile(values, places) if is_even else values[0] + places * (values[-1] - values[0])
        nearest = np.abs(values[:, None] - means).argmin(axis=1)
        own = [values[nearest == number] for number in range(n_classes)]
        variances = [float(np.var(part if len(part) > 1 else values)) + _LEAST_VARIANCE for part in own]
        start = Mixture(np.full(n_classes, 1 / n_classes), means, np.array(variances))
        models.append(fit_mixture(values, start, least_variance=_LEAST_VARIANCE))
    scores = [model.information_criterion(values) for model in models]
    best = int(np.argmin(scores))
    return models[best] if scores[0] - scores[best] >= _STRONG else models[0]


def elbow_threshold(candidates: Candidates, noise: NoiseMap) -> Threshold:
    """The elbow of the log count against the threshold, as in big-fish, on the response in local deviations.

    The curve falls steeply through the noise, then slowly through the spots. With its mean slope s between the first
    threshold and the last that leaves 8 maxima, the elbow is where, after falling faster than s, it first falls slower.
    Deviations from big-fish 0.6.2: thresholds are 100 equal steps in deviations of the noise, not integers, so it does
    not depend on the scale of the intensities; the leading thresholds are those above the noise's lower limit, not as
    many as were kept; slopes are per deviation; a curve that never falls faster than s, and one of fewer than 8 maxima,
    gives the noise's own limit (`noise_factor`) instead of an error.
    """
    ratios = np.sort(candidates.response / candidates.noise)
    limit = noise_factor(candidates, noise)
    factor = limit
    if len(ratios) > _ELBOW_LEAST and ratios[-_ELBOW_LEAST] > LEAST_FACTOR:
        grid = np.linspace(LEAST_FACTOR, float(ratios[-_ELBOW_LEAST]), 100)
        counts = len(ratios) - np.searchsorted(ratios, grid, side="left")
        half = _ELBOW_WINDOW // 2
        padded = np.pad(np.log(counts), half, mode="reflect")
        smooth = np.convolve(padded, np.full(_ELBOW_WINDOW, 1 / _ELBOW_WINDOW), mode="valid")
        slope = np.gradient(smooth, grid)
        mean_slope = (smooth[-1] - smooth[0]) / (grid[-1] - grid[0])
        is_steep = slope < mean_slope
        first = int(np.argmax(is_steep))
        is_flat = ~is_steep[first:]
        if is_steep.any() and is_flat.any():
            factor = float(grid[first + int(np.argmax(is_flat))])
    least = factor * float(noise.least().min())
    return _threshold(candidates, noise, method="elbow", value=least, factor=factor)
