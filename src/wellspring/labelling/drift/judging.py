"""Each well of a plate: in, warn or out, what moved, and which reference wells it is most like."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.labelling.drift.charts import SCALARS, Charts, charted, fit_charts, moved_most
from wellspring.labelling.drift.exchangeability import check_exchangeable
from wellspring.labelling.drift.kernels import bandwidth_of, plate_tests
from wellspring.labelling.drift.online import Detector, calibrate, watched
from wellspring.labelling.drift.space import Space, distance, fit_space, nearest_rows, projected
from wellspring.labelling.drift.tables import DEVIATIONS, LABELLING_DRIFT, embedding_columns
from wellspring.labelling.drift.verification import RunTime, verified_run_time

__all__ = ["DriftFound", "judge_drift"]

_WARN = 0.8
_N_NEAREST = 3
_N_STREAMS = 200
_N_PERMUTATIONS = 999
_Key = tuple[str, str]


@dataclass(frozen=True)
class DriftFound:
    """What was found.

    Attributes
    ----------
    wells, plates : DataFrame
        Tables `LABELLING_DRIFT` and `LABELLING_DRIFT_PLATES` of the wells that are no reference.
    refused : str
        Why there is no alarm; empty where there is one.
    detector : Detector or None
    charts : Charts or None
    space : Space or None
    run_time : RunTime or None
        Of the alarm on reference wells that it was not calibrated with; None with too few.
    reference : tuple of str
        Names of the reference wells.
    """

    wells: pd.DataFrame
    plates: pd.DataFrame
    refused: str
    detector: Detector | None
    charts: Charts | None
    space: Space | None
    run_time: RunTime | None
    reference: tuple[str, ...]


def judge_drift(
    fields: pd.DataFrame, roles: Mapping[_Key, str], *, window: int, expected_run: float, seed: int
) -> DriftFound:
    """Judge all wells that are neither training nor reference, plate by plate in the order of the rows.

    The space is fitted to the fields of training wells; the reference are wells that trained nothing. A well is one
    row, the mean of its fields; where wells differ in their number of fields, as many as the smallest has are taken. A
    third of the reference wells is left out of the calibration and verifies its run time, where enough remain.

    Parameters
    ----------
    fields
        Table `LABELLING_EMBEDDINGS`, wells in the order in which they were imaged.
    roles
        (plate, well) to ``training``, ``reference`` or ``judged``.
    window, expected_run
        As of `calibrate`, in wells.

    Returns
    -------
    DriftFound
        A reference that is too small, in some order, or constant refuses the alarm, with the reason; control charts are
        kept where ten reference wells are there.
    """
    names = embedding_columns(list(fields.columns))
    keys = list(zip(fields["plate"], fields["well"], strict=True))
    role = np.array([roles[key] for key in keys])
    units = _units(fields, names)
    unit_role = np.array([roles[key] for key in units.index])
    try:
        space = fit_space(fields.loc[role == "training", names].to_numpy())
    except InputError as error:
        return _nothing(units, unit_role, str(error))
    rows = projected(space, units[names].to_numpy())
    scalars = units[list(SCALARS)].assign(distance=distance(rows) ** (2 / 3))
    is_reference = unit_role == "reference"
    rng = np.random.default_rng(seed)
    detector, run, refused = _calibrated(rows[is_reference], window=window, expected_run=expected_run, rng=rng)
    charts = None
    if is_reference.sum() >= 10:
        charts = fit_charts(scalars[is_reference].reset_index(drop=True), expected_run=expected_run)
    judged = unit_role == "judged"
    reference = tuple("/".join(key) for key in units.index[is_reference])
    found = [
        _of_plate(plate, part, scalars.loc[part.index], reference, rows[is_reference], detector, charts)
        for plate, part in pd.DataFrame(rows, index=units.index)[judged].groupby(level=0, sort=False)
    ]
    wells = pd.concat(found, ignore_index=True) if found else _no_wells()
    plates = _plates(rows, units, judged, rows[is_reference], seed=seed)
    return DriftFound(wells, plates, refused, detector, charts, space, run, reference)


def _units(fields: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """A row per well: the mean of its first fields, as many as the smallest well has."""
    grouped = fields.groupby(["plate", "well"], sort=False)
    n_least = int(grouped.size().min())
    return grouped.head(n_least).groupby(["plate", "well"], sort=False)[[*SCALARS, *names]].mean()


def _calibrated(
    reference: NDArray[np.float64], *, window: int, expected_run: float, rng: np.random.Generator
) -> tuple[Detector | None, RunTime | None, str]:
    """The alarm, its verified run time where wells are left for it, or why there is none."""
    n_held = len(reference) // 3
    has_enough = len(reference) - n_held >= 2 * window + 1 and n_held > window
    try:
        check_exchangeable(reference, rng=rng)
        order = rng.permutation(len(reference))
        kept = order[n_held:] if has_enough else order
        detector = calibrate(reference[kept], window=window, expected_run=expected_run, rng=rng)
    except InputError as error:
        return None, None, str(error)
    if not has_enough:
        return detector, None, ""
    return detector, verified_run_time(detector, reference[order[:n_held]], n_streams=_N_STREAMS, rng=rng), ""


def _of_plate(
    plate: object,
    part: pd.DataFrame,
    scalars: pd.DataFrame,
    reference: tuple[str, ...],
    reference_rows: NDArray[np.float64],
    detector: Detector | None,
    charts: Charts | None,
) -> pd.DataFrame:
    """Rows of `LABELLING_DRIFT` of one plate, in the order of its wells."""
    rows = part.to_numpy()
    steps = list(watched(detector, rows)) if detector else []
    seen = charted(charts, scalars.reset_index(drop=True)) if charts else None
    near = nearest_rows(reference_rows, rows, n=min(_N_NEAREST, len(reference)))[0] if reference else None
    found = []
    for place, (_, well) in enumerate(part.index):
        one: dict[str, object] = {"plate": plate, "well": well, "step": place + 1}
        one["statistic"] = steps[place].statistic if steps else float("nan")
        one["threshold"] = steps[place].threshold if steps else float("nan")
        own = seen[seen["step"] == place] if seen is not None else None
        share = float(own[["shewhart", "ewma"]].to_numpy().max()) if own is not None else float("nan")
        deviation = own.set_index("name")["deviation"] if own is not None else pd.Series(dtype=float)
        one |= {f"{name}_sd": float(deviation.get(name, np.nan)) for name in DEVIATIONS}
        is_alarm = bool(steps) and steps[place].is_alarm
        is_close = bool(steps) and steps[place].statistic > _WARN * max(steps[place].threshold, 0)
        moved = list(moved_most(own)) if own is not None else []
        one["chart"] = share
        one["verdict"] = _verdict(
            is_known=bool(steps) or own is not None, is_alarm=is_alarm, is_close=is_close, share=share
        )
        one["moved"] = ", ".join(moved) or ("embedding" if is_alarm else "")
        one["nearest"] = ", ".join(reference[int(n)] for n in near[place]) if near is not None else ""
        found.append(one)
    return pd.DataFrame(found)


def _verdict(*, is_known: bool, is_alarm: bool, is_close: bool, share: float) -> str:
    if not is_known:
        return "not known"
    if is_alarm or share > 1:
        return "out"
    return "warn" if is_close or share > _WARN else "in"


def _plates(
    rows: NDArray[np.float64],
    units: pd.DataFrame,
    judged: NDArray[np.bool_],
    reference: NDArray[np.float64],
    *,
    seed: int,
) -> pd.DataFrame:
    """The test of each plate against the reference; NaN where there are too few rows."""
    table = pd.DataFrame(rows[judged]).assign(plate=units.index.get_level_values(0)[judged])
    if len(reference) < 3 or not judged.any() or np.ptp(reference, axis=0).max() == 0:
        return pd.DataFrame(
            [(plate, len(own), np.nan, np.nan, np.nan) for plate, own in table.groupby("plate")],
            columns=["plate", "n_rows", "statistic", "p_value", "adjusted_p"],
        ).astype({"plate": str, "n_rows": "int64"})
    sigma = bandwidth_of(reference)
    return plate_tests(reference, table, bandwidth=sigma, n_permutations=_N_PERMUTATIONS, seed=seed)


def _nothing(units: pd.DataFrame, role: NDArray[np.str_], refused: str) -> DriftFound:
    """All judged wells as not known, with the reason."""
    keys = [key for key, own in zip(units.index, role, strict=True) if own == "judged"]
    places: dict[str, int] = {}
    rows = []
    for plate, well in keys:
        places[plate] = places.get(plate, 0) + 1
        rows.append((plate, well, places[plate]))
    wells = pd.DataFrame(rows, columns=["plate", "well", "step"])
    for column in LABELLING_DRIFT.names[3:]:
        wells[column] = "" if column in ("moved", "nearest") else float("nan")
    wells["verdict"] = "not known"
    plates = pd.DataFrame([(plate, n, np.nan, np.nan, np.nan) for plate, n in places.items()],
                          columns=["plate", "n_rows", "statistic", "p_value", "adjusted_p"])  # fmt: skip
    reference = tuple("/".join(key) for key, own in zip(units.index, role, strict=True) if own == "reference")
    return DriftFound(wells, plates, refused, None, None, None, None, reference)


def _no_wells() -> pd.DataFrame:
    return pd.DataFrame(columns=LABELLING_DRIFT.names)
