"""How a measure moves with the severity of a corruption, and the severity at which it is too far off."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.labelling.corruptions.kinds import CORRUPTIONS, Light, corrupted
from wellspring.statistics import half_width_of_mean, jackknife_interval, percentile_interval

__all__ = ["SweptField", "severity_curve", "sweep", "tolerance"]

_RESAMPLES = 1000


@dataclass(frozen=True)
class SweptField:
    """One field to corrupt: its name, the well (unit of the intervals), and its (C, Y, X) planes in counts."""

    name: str
    well: str
    planes: NDArray[np.number]


def sweep(
    fields: Iterable[SweptField],
    *,
    kinds: Sequence[str],
    light: Light,
    measure: Callable[[SweptField, NDArray[np.uint16]], Mapping[str, float]],
    seed: int,
) -> pd.DataFrame:
    """Corrupt every field by every severity of every kind, one factor at a time, and measure.

    Parameters
    ----------
    kinds
        Of `CORRUPTIONS`.
    measure
        From a field and its corrupted planes, name of a measure to its value; usually it predicts a stain and counts.
    seed
        Random parts depend on it, the kind and the field's name, not on the severity: severities are paired.

    Returns
    -------
    DataFrame
        Columns kind, level, value, well, field, measure, result, clipped (share of pixels that became black or
        saturated).
    """
    rows = []
    for field in fields:
        for kind in kinds:
            for level, value in CORRUPTIONS[kind].levels().items():
                rng = np.random.default_rng([seed, *kind.encode(), *field.name.encode()])
                worse = corrupted(field.planes, kind=kind, value=value, light=light, rng=rng)
                for name, result in measure(field, worse.planes).items():
                    rows.append((kind, level, value, field.well, field.name, name, float(result), worse.clipped))
    columns = ["kind", "level", "value", "well", "field", "measure", "result", "clipped"]
    return pd.DataFrame(rows, columns=columns)


def severity_curve(swept: pd.DataFrame, *, is_ratio: bool, confidence: float = 0.95) -> pd.DataFrame:
    """The change of one measure of one kind against its value at level 0, with intervals over wells.

    Parameters
    ----------
    swept
        Rows of `sweep` of one kind and one measure; each field has level 0.
    is_ratio
        True for counts and other sums: the sum over fields over the sum at level 0, which a field of none cannot spoil;
        its interval is that of the jackknife over wells. False: the mean over wells of the mean difference of their
        fields, by Student's t.

    Returns
    -------
    DataFrame
        Columns level, value, change (ratio, or difference), lower, upper, n_wells; a row per level. Ends are NaN with
        fewer than two wells; all is NaN where the sum at level 0 is 0. A field whose result at a level, or at level 0,
        is NaN is left out of that level.

    Raises
    ------
    ValueError
        When rows are of several kinds or measures, or no row has level 0.
    """
    if swept["kind"].nunique() != 1 or swept["measure"].nunique() != 1 or not (swept["level"] == 0).any():
        raise InputError("severity curve: expected rows of one kind and one measure, with level 0 among them.")
    clean = swept[swept["level"] == 0].set_index("field")["result"]
    rows = []
    for (level, value), own in swept.groupby(["level", "value"], sort=True):
        pairs = own.assign(clean=own["field"].map(clean)).dropna(subset=["result", "clean"])
        change, lower, upper = (_ratio if is_ratio else _difference)(pairs, confidence=confidence)
        rows.append((int(level), float(value), change, lower, upper, int(pairs["well"].nunique())))
    return pd.DataFrame(rows, columns=["level", "value", "change", "lower", "upper", "n_wells"])


def _ratio(pairs: pd.DataFrame, *, confidence: float) -> tuple[float, float, float]:
    """The sum over fields over that at level 0, with its ends; NaN where the latter is 0."""
    sums = pairs.groupby("well")[["result", "clean"]].sum().to_numpy(dtype=np.float64)
    total = sums.sum(axis=0)
    if total[1] == 0:
        return (float("nan"),) * 3
    others = total - sums
    left_out = np.divide(others[:, 0], others[:, 1], out=np.full(len(sums), np.nan), where=others[:, 1] > 0)
    change = float(total[0] / total[1])
    weights = np.maximum(sums[:, 1], 1e-9)
    lower, upper = jackknife_interval(change, left_out, weights, confidence=confidence)
    return change, float(lower), float(upper)


def _difference(pairs: pd.DataFrame, *, confidence: float) -> tuple[float, float, float]:
    """The mean over wells of the mean difference of their fields, with its ends; NaN without fields."""
    means = (pairs["result"] - pairs["clean"]).groupby(pairs["well"]).mean().to_numpy(dtype=np.float64)
    if len(means) == 0:
        return (float("nan"),) * 3
    change = float(means.mean())
    spread = float(means.std(ddof=1)) if len(means) > 1 else float("nan")
    half = float(half_width_of_mean(len(means), spread, confidence=confidence))
    return change, change - half, change + half


def tolerance(swept: pd.DataFrame, *, off: float = 0.1, seed: int = 0, confidence: float = 0.95) -> pd.DataFrame:
    """The severity at which a count is off by the share `off`, to either side of level 0.

    The ratio of the sum of counts to that of level 0 is taken as linear between severities; the tolerance is where it
    first leaves 1 ± `off`. Its interval comes from resampled wells.

    Parameters
    ----------
    swept
        As for `severity_curve`.
    off
        Above 0.

    Returns
    -------
    DataFrame
        Columns side (-1 or 1: negative or positive levels), tolerance, lower, upper (in the kind's unit), reached,
        largest (severity that was tried). Where the count holds at all severities, reached is False and the tolerance
        NaN; ends are NaN where more than 1 - confidence of the resamples do not reach it, and with one well.
    """
    if off <= 0:
        raise InputError(f"tolerance: expected a share above 0, got {off}.")
    sums = swept.groupby(["well", "level"])["result"].sum().unstack("level").sort_index(axis=1)
    value_of = swept.groupby("level")["value"].first()
    counts = sums.to_numpy(dtype=np.float64)
    rng = np.random.default_rng(seed)
    n_draws = _RESAMPLES if len(counts) > 1 else 0
    draws = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=n_draws).astype(np.float64)
    rows = []
    for side in (-1, 1):
        path = sorted((level for level in sums.columns if level * side >= 0), key=abs)
        if len(path) < 2:
            continue
        own, values = sums[path].to_numpy(dtype=np.float64), value_of[path].to_numpy(dtype=np.float64)
        found = float(_leaves(own.sum(axis=0)[None], values, off=off)[0])
        drawn = _leaves(draws @ own, values, off=off)
        lower, upper = float("nan"), float("nan")
        if len(drawn) and np.isnan(drawn).mean() <= 1 - confidence:
            lower, upper = (float(end) for end in percentile_interval(drawn, confidence=confidence))
        rows.append((side, found, lower, upper, bool(np.isfinite(found)), float(values[-1])))
    return pd.DataFrame(rows, columns=["side", "tolerance", "lower", "upper", "reached", "largest"])


def _leaves(counts: NDArray[np.float64], values: NDArray[np.float64], *, off: float) -> NDArray[np.float64]:
    """Where each row of (n, k) counts first leaves counts[0] · (1 ± off), from values[0] outwards; NaN where not."""
    found = np.full(len(counts), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(counts / counts[:, :1] - 1)
    known = counts[:, 0] > 0
    for place in range(len(values) - 1, 0, -1):
        here = known & (error[:, place] >= off)
        before = np.minimum(error[here, place - 1], off)
        # No interpolation from an infinite value, that of no noise.
        start = values[place - 1] if np.isfinite(values[place - 1]) else values[place]
        found[here] = start + (off - before) / (error[here, place] - before + 1e-15) * (values[place] - start)
    return found
