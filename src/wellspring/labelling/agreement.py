"""How far a predicted stain agrees with the measured one: pixels of a field, and numbers of many fields."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from skimage.metrics import structural_similarity

from wellspring.errors import InputError
from wellspring.statistics import rank_correlation

__all__ = ["FieldAgreement", "PixelAgreement", "agreement_of_fields", "agreement_of_pixels", "correlation"]

# Window of the structural similarity, px: the default of its authors is a Gaussian of 1.5 px, about as wide.
_WINDOW_PX = 7
_LEAST_FIELDS = 3
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class PixelAgreement:
    """Of one field, or of several: context, never the reason of a verdict.

    Attributes
    ----------
    r, r_log : float
        Pearson's of all pixels, of intensities and of their logarithms (of 1 + intensity).
    r_signal, r_log_signal : float
        The same in patches of the field in which the measured stain exceeds the plate's threshold; NaN without any.
    ssim : float
        Mean structural similarity in windows of 7 px, range from the plate's background to its 99.9 % quantile.
    """

    r: float
    r_log: float
    r_signal: float
    r_log_signal: float
    ssim: float


def correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's r; NaN where one of the two is constant, or there are fewer than two values."""
    one, other = np.asarray(first, dtype=np.float64).ravel(), np.asarray(second, dtype=np.float64).ravel()
    if one.size < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    return float(np.corrcoef(one, other)[0, 1])


def agreement_of_pixels(
    predicted: NDArray[np.number],
    true: NDArray[np.number],
    *,
    threshold: float,
    value_range: tuple[float, float],
    patch_px: int = 256,
) -> PixelAgreement:
    """Agreement of the pixels of one field.

    Parameters
    ----------
    predicted, true : (Y, X)
        Camera counts, 0 or more.
    threshold
        Of the plate: patches of which no pixel of `true` exceeds it are background (LaChance and Cohen 2020).
    value_range
        Background and bright end of the plate, for the structural similarity; never of a field, since an empty one
        would be stretched to full contrast.

    Raises
    ------
    ValueError
        When sizes differ.
    """
    if predicted.shape != true.shape or predicted.ndim != 2:
        raise InputError(f"expected two images (Y, X) of one size, got {predicted.shape} and {true.shape}.")
    found, known = predicted.astype(np.float64), true.astype(np.float64)
    is_signal = np.zeros(known.shape, dtype=bool)
    for y in range(0, known.shape[0], patch_px):
        for x in range(0, known.shape[1], patch_px):
            patch = (slice(y, y + patch_px), slice(x, x + patch_px))
            is_signal[patch] = bool((known[patch] > threshold).any())
    low, high = value_range
    span = max(high - low, 1e-9)
    side = min(_WINDOW_PX, (min(known.shape) - 1) // 2 * 2 + 1)
    scaled = [np.clip((image - low) / span, 0, 1) for image in (found, known)]
    return PixelAgreement(
        r=correlation(found, known),
        r_log=correlation(np.log1p(found), np.log1p(known)),
        r_signal=correlation(found[is_signal], known[is_signal]),
        r_log_signal=correlation(np.log1p(found[is_signal]), np.log1p(known[is_signal])),
        ssim=float(structural_similarity(*scaled, data_range=1.0, win_size=side)) if side >= 3 else math.nan,
    )


@dataclass(frozen=True)
class FieldAgreement:
    """Of one measure over fields.

    Attributes
    ----------
    n_fields : int
        With both numbers; ratios need both above 0.
    pearson, spearman, concordance : float
        Concordance is Lin's: 2 cov / (var + var + squared difference of the means). NaN below three fields.
    bias, lower, upper : float
        Bland and Altman on ratios: the geometric mean of predicted / true, and the limits between which 95 % of the
        ratios of single fields lie, exp(mean ± 1.96 sd).
    bias_lower, bias_upper : float
        95 % interval of the bias, of Student's t over the fields.
    limit_error : float
        Half the 95 % interval of a limit, t sqrt(3 / n) sd, as a difference of logarithms.
    """

    n_fields: int
    pearson: float
    spearman: float
    concordance: float
    bias: float
    lower: float
    upper: float
    bias_lower: float
    bias_upper: float
    limit_error: float


def agreement_of_fields(predicted: ArrayLike, true: ArrayLike) -> FieldAgreement:
    """Agreement of one number per field (count, area, intensity); fields with NaN in either are left out.

    Parameters
    ----------
    predicted, true : (n,) float
        0 or more. A field of which one number is 0 has no ratio and counts in the correlations alone.
    """
    found, known = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    is_known = np.isfinite(found) & np.isfinite(known)
    found, known = found[is_known], known[is_known]
    n = len(found)
    nan = math.nan
    pearson = spearman = concordance = nan
    if n >= _LEAST_FIELDS:
        pearson = correlation(found, known)
        spearman = rank_correlation(found, known) if not math.isnan(pearson) else nan
        spread = found.var() + known.var() + (found.mean() - known.mean()) ** 2
        concordance = float(2 * np.mean((found - found.mean()) * (known - known.mean())) / spread) if spread else nan
    is_ratio = (found > 0) & (known > 0)
    logs = np.log(found[is_ratio] / known[is_ratio])
    if len(logs) < _LEAST_FIELDS:
        bias = float(np.exp(logs.mean())) if len(logs) else nan
        return FieldAgreement(n, pearson, spearman, concordance, bias, nan, nan, nan, nan, nan)
    mean, sd, t = float(logs.mean()), float(logs.std(ddof=1)), float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(logs) - 1))
    half = t * sd / math.sqrt(len(logs))
    return FieldAgreement(
        n_fields=n,
        pearson=pearson,
        spearman=spearman,
        concordance=concordance,
        bias=math.exp(mean),
        lower=math.exp(mean - 1.96 * sd),
        upper=math.exp(mean + 1.96 * sd),
        bias_lower=math.exp(mean - half),
        bias_upper=math.exp(mean + half),
        limit_error=t * math.sqrt(3 / len(logs)) * sd,
    )
