"""The stability of one stain: its counts, areas, intensities and the alarm, against each severity."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.labelling.corruptions.curves import SweptField, severity_curve, sweep, tolerance
from wellspring.labelling.corruptions.kinds import CORRUPTIONS, Light
from wellspring.labelling.corruptions.tables import LABELLING_STABILITY, LABELLING_TOLERANCE

__all__ = ["Stability", "chosen_fields", "stability_of"]

_RATIOS = ("count",)
_ALARM = "alarm"
_HALF = 0.5


@dataclass(frozen=True)
class Stability:
    """Tables `LABELLING_STABILITY` and `LABELLING_TOLERANCE`."""

    curves: pd.DataFrame
    tolerances: pd.DataFrame


def chosen_fields(fields: Sequence[SweptField], *, n: int) -> list[SweptField]:
    """At most `n` fields, of as many wells as can be: the first of each well, then the second, and so on."""
    place: dict[str, int] = {}
    keyed = []
    for number, field in enumerate(fields):
        place[field.well] = place.get(field.well, 0) + 1
        keyed.append((place[field.well], number))
    return [fields[number] for _, number in sorted(keyed)[:n]]


def stability_of(
    fields: Sequence[SweptField],
    *,
    stain: str,
    kinds: Sequence[str],
    light: Light,
    measure: Callable[[SweptField, NDArray[np.uint16]], Mapping[str, float]],
    off: float,
    seed: int,
) -> Stability:
    """Corrupt held-out fields, measure, and find what each kind may reach.

    Parameters
    ----------
    measure
        Must give ``count``, and ``alarm``: 1 where the embedding of the field is unlike the training fields, 0 where
        not, NaN where that cannot be said. Others are changes against level 0.
    off
        Share by which the count may be off.
    """
    swept = sweep(fields, kinds=kinds, light=light, measure=measure, seed=seed)
    curves, tolerances = [], []
    for kind, own in swept.groupby("kind", sort=False):
        for name, part in own.groupby("measure", sort=False):
            curve = _alarms(part) if name == _ALARM else severity_curve(part, is_ratio=name in _RATIOS)
            clipped = part.groupby("level")["clipped"].mean()
            curves.append(curve.assign(kind=kind, measure=name, clipped=curve["level"].map(clipped)))
        alarms = _alarms(own[own["measure"] == _ALARM])
        found = tolerance(own[own["measure"] == "count"], off=off, seed=seed)
        found["alarm_at"] = [_alarm_at(alarms, int(side)) for side in found["side"]]
        found["alarm_first"] = [_first(row.tolerance, row.alarm_at, alarms) for row in found.itertuples()]
        tolerances.append(found.assign(kind=kind))
    unit = {kind: CORRUPTIONS[kind].unit for kind in kinds}
    tables = [pd.concat(parts, ignore_index=True) for parts in (curves, tolerances)]
    tables = [table.assign(stain=stain, unit=table["kind"].map(unit)) for table in tables]
    return Stability(tables[0][LABELLING_STABILITY.names], tables[1][LABELLING_TOLERANCE.names])


def _alarms(part: pd.DataFrame) -> pd.DataFrame:
    """Share of fields with an alarm at each level, without an interval."""
    grouped = part.groupby(["level", "value"], sort=True)
    curve = grouped["result"].mean().rename("change").reset_index()
    return curve.assign(lower=np.nan, upper=np.nan, n_wells=grouped["well"].nunique().to_numpy())


def _alarm_at(alarms: pd.DataFrame, side: int) -> float:
    """The first severity on that side at which half of the fields give an alarm; NaN where none does."""
    own = alarms[alarms["level"] * side > 0].sort_values("level", key=np.abs)
    hits = own[own["change"] >= _HALF]
    return float(hits["value"].iloc[0]) if len(hits) else float("nan")


def _first(found: float, alarm_at: float, alarms: pd.DataFrame) -> str:
    """Whether the alarm's severity is no farther out than the one at which the count is off, on its side of level 0."""
    if alarms["change"].isna().all():
        return "not known"
    if np.isnan(found) and np.isnan(alarm_at):
        return "neither"
    if np.isnan(alarm_at):
        return "no"
    if np.isnan(found):
        return "yes"
    start = float(alarms.loc[alarms["level"] == 0, "value"].iloc[0])
    if np.isinf(start):
        return "yes" if alarm_at >= found else "no"
    return "yes" if abs(alarm_at - start) <= abs(found - start) else "no"
