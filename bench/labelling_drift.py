"""The alarm on transmitted light: run time without drift, delay with it, and Pankova's (2022) tables 6 to 8."""

import numpy as np

from bench.labelling_study import N_HELD_OUT, Study, blurred_study
from bench.table import Row
from wellspring.labelling.drift.exchangeability import exchangeability
from wellspring.labelling.drift.online import Detector, calibrate, first_alarms
from wellspring.labelling.drift.verification import run_time, separability, verified_run_time

__all__ = ["run"]

_TARGET = 128.0
_N_SETS = 20
_WINDOWS = (2, 5, 10, 15, 20)
_RUNS = (32, 64, 128, 256)
_LEVELS = (1, 2, 3, 4)
_LONGEST, _N_STREAMS = 60, 200


def run() -> list[Row]:
    """On normal numbers of 8 dimensions, then on simulated DIC fields in the bottleneck of a network."""
    return [*_normal(), *_fields()]


def _row(what: str, value: float, unit: str, target: str = "", met: bool | None = None) -> Row:
    return Row("labelling_drift", what, value, unit, "", None, target, met)


def _normal() -> list[Row]:
    estimates, held, delays, thresholds = [], 0, [], []
    for seed in range(_N_SETS):
        rng = np.random.default_rng(seed)
        detector = calibrate(rng.normal(size=(400, 8)), window=10, expected_run=_TARGET, rng=rng)
        fresh = rng.normal(size=(100 * 512, 8))
        first = first_alarms(detector, fresh, np.arange(len(fresh)).reshape(100, 512))
        one = run_time(int(np.where(first > 0, first, 512).sum()), int((first > 0).sum()))
        estimates.append(one)
        held += one.lower <= _TARGET <= one.upper
        moved = first_alarms(detector, rng.normal(0.5, 1, size=(50 * 60, 8)), np.arange(3000).reshape(50, 60))
        delays += np.where(moved > 0, moved, 61).tolist()
        thresholds.append((detector.run_lower, detector.run_upper))
    whole = run_time(sum(one.n_steps for one in estimates), sum(one.n_alarms for one in estimates))
    low, high = (float(np.mean([ends[place] for ends in thresholds])) for place in (0, 1))
    inside = low <= whole.steps <= high
    delay = float(np.median(delays))
    lags = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        stream = rng.normal(size=(200, 8))
        for step in range(1, 200):
            stream[step] += 0.5 * stream[step - 1]
        lags.append(exchangeability(stream, rng=rng).p_value < 0.01)
    ends = f"{whole.lower:.0f} to {whole.upper:.0f}"
    return [
        _row(f"run time set to 128, mean of 20 reference sets (95 % {ends})", whole.steps, "steps",
             f"in its printed interval, {low:.0f} to {high:.0f}", inside),
        _row("reference sets of 20 whose own verified interval holds 128", float(held), "sets"),
        _row("median delay of a shift by half a sd, 8 dimensions, window 10", delay, "steps", "below 30", delay < 30),
        _row("streams of correlation 0.5 refused", float(np.mean(lags)), "share", "1", all(lags)),
    ]  # fmt: skip


def _fields() -> list[Row]:
    study = blurred_study()
    rng = np.random.default_rng(5)
    found = exchangeability(study.reference, rng=rng)
    is_fine = found.p_value > 0.01
    rows = [_row("fields in the order of imaging: p of exchangeability", found.p_value, "p", "above 0.01", is_fine)]
    detector = _detector(study, window=10, expected_run=_TARGET)
    verified = verified_run_time(detector, study.held_out[0], n_streams=_N_STREAMS, rng=rng, longest=_LONGEST)
    holds = verified.lower <= _TARGET <= verified.upper
    ends = f"{verified.lower:.0f} to {verified.upper:.0f}"
    what = f"run time on held-out fields, set to 128 (95 % {ends})"
    rows.append(_row(what, verified.steps, "steps", "interval holds 128", holds))
    for window in _WINDOWS:
        auc, delay = _separated(_detector(study, window=window, expected_run=_TARGET), study, level=4)
        rows.append(_row(f"table 6: window {window}, blur level 4, delay {delay:.0f}", auc, "area"))
    for expected in _RUNS:
        auc, _ = _separated(_detector(study, window=10, expected_run=expected), study, level=4)
        rows.append(_row(f"table 7: run time {expected}, blur level 4", auc, "area"))
    for level in _LEVELS:
        auc, delay = _separated(detector, study, level=level)
        goal = ("at least 0.98", auc >= 0.98) if level == 4 else ("", None)
        rows.append(_row(f"table 8: blur level {level}, window 10, delay {delay:.0f}", auc, "area", *goal))
    return rows


def _detector(study: Study, *, window: int, expected_run: float) -> Detector:
    return calibrate(study.reference, window=window, expected_run=expected_run, rng=np.random.default_rng(3))


def _separated(detector: Detector, study: Study, *, level: int) -> tuple[float, float]:
    """Area of run times of held-out streams, blurred and not, and the median delay."""
    rng = np.random.default_rng(4)
    orders = np.stack([rng.permutation(N_HELD_OUT)[:_LONGEST] for _ in range(_N_STREAMS)])
    without = first_alarms(detector, study.held_out[0], orders)
    drifted = first_alarms(detector, study.held_out[level], orders[::-1])
    delay = float(np.median(np.where(drifted > 0, drifted, _LONGEST + 1)))
    return separability(without, drifted, longest=_LONGEST), delay
