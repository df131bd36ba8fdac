"""An alarm on a stream of fields or wells, with a set expected run time without drift."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.labelling.drift.kernels import bandwidth_of, checked_rows, kernel_matrix

__all__ = ["Detector", "StreamStep", "calibrate", "first_alarms", "watched"]

_Rows = NDArray[np.float64]
_CHUNK = 2000
_N_ORDERS = 51


@dataclass(frozen=True)
class Detector:
    """A calibrated alarm.

    Attributes
    ----------
    reference : (m, d) float
        Rows that windows are compared with.
    initial : (W - 1, d) float
        Rows of the reference that the first windows hold.
    bandwidth : float
        Of the kernel.
    thresholds : (W,) float
        Of the steps 1 to W; the last one holds from there on.
    window : int
        W, rows of a window.
    expected_run : float
        Steps to a false alarm that were asked for.
    run_lower, run_upper : float
        95 % interval of the run time that the thresholds give, from the number of bootstraps above them.
    """

    reference: _Rows
    initial: _Rows
    bandwidth: float
    thresholds: _Rows
    window: int
    expected_run: float
    run_lower: float
    run_upper: float


@dataclass(frozen=True)
class StreamStep:
    """One step: its statistic, its threshold, and whether the alarm sounds."""

    statistic: float
    threshold: float
    is_alarm: bool


def calibrate(
    reference: ArrayLike,
    *,
    window: int,
    expected_run: float,
    rng: np.random.Generator,
    bootstraps_per_step: int = 100,
    bandwidth: float | None = None,
) -> Detector:
    """Find the thresholds at which a stream like the reference gives a false alarm every `expected_run` steps.

    Each bootstrap puts the reference in random order: the last 2W − 1 rows are W − 1 first rows and a stream of W
    steps, the others what they are compared with. At each step the threshold is the value that a share 1/`expected_run`
    of the bootstraps exceeds; those are dropped, as a stream that has given an alarm is. So every step has the same
    chance of a false alarm, and run times are geometric.

    Parameters
    ----------
    reference : (n, d) float
        One row per field or well, from wells that no network and no projection was fitted to, in no order; at least
        2W + 1 rows: two windows and one more.
    window
        W, 2 or more.
    expected_run
        In steps, above 1.
    bootstraps_per_step
        Bootstraps are this times `expected_run`; below 100 the run time is off by more than 20 %.
    bandwidth
        None: `bandwidth_of` the reference.

    Raises
    ------
    ValueError
        When the reference is smaller than two windows, has NaN or is constant, or when a number is out of range.

    Notes
    -----
    Cobb, Van Looveren and Klaise (2022), "Sequential multivariate change detection with calibrated and memoryless
    false detection rates", arXiv 2108.00883.
    """
    if window < 2 or not expected_run > 1 or bootstraps_per_step < 1:
        raise InputError(
            f"drift: expected a window of 2 or more, a run time above 1 step and 1 bootstrap a step or more, got "
            f"{window}, {expected_run:g} and {bootstraps_per_step}."
        )
    rows = checked_rows(reference, name="drift reference", least=1)
    if len(rows) < 2 * window + 1:
        raise InputError(
            f"drift reference: {len(rows)} rows are fewer than two windows of {window} and one more. Image more fields "
            "without drift, or choose a smaller window."
        )
    sigma = bandwidth_of(rows) if bandwidth is None else bandwidth
    n_bootstraps = int(np.ceil(bootstraps_per_step * expected_run))
    statistics = _bootstrapped(kernel_matrix(rows, rows, bandwidth=sigma), window=window, n=n_bootstraps, rng=rng)
    thresholds, n_last = _thresholds(statistics, expected_run=expected_run)
    lower, upper = _run_interval(n_last, expected_run=expected_run)
    order = _typical_order(rows, n_initial=window - 1, bandwidth=sigma, rng=rng)
    return Detector(
        reference=rows[order[window - 1 :]],
        initial=rows[order[: window - 1]],
        bandwidth=sigma,
        thresholds=thresholds,
        window=window,
        expected_run=float(expected_run),
        run_lower=lower,
        run_upper=upper,
    )


def _typical_order(rows: _Rows, *, n_initial: int, bandwidth: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Of 51 random orders the one whose first rows are as unlike the others as the median of them.

    Every stream starts with these rows. A draw far off would give a false alarm at the first steps of all streams.
    """
    orders = [rng.permutation(len(rows)) for _ in range(_N_ORDERS)]
    kernel = kernel_matrix(rows, rows, bandwidth=bandwidth)
    row_sums = kernel.sum(axis=1)
    unlike = []
    for order in orders:
        first = order[:n_initial]
        inside = float(kernel[np.ix_(first, first)].sum())
        to_rest = (float(row_sums[first].sum()) - inside) / (n_initial * (len(rows) - n_initial))
        unlike.append(inside / n_initial**2 - 2 * to_rest)
    return orders[int(np.argsort(unlike)[_N_ORDERS // 2])]


def _bootstrapped(kernel: _Rows, *, window: int, n: int, rng: np.random.Generator) -> _Rows:
    """(n, W) statistics of the W windows of random streams, each compared with the rows that are not in the stream."""
    n_rows, length = len(kernel), 2 * window - 1
    m = n_rows - length
    row_sums, total = kernel.sum(axis=1), float(kernel.sum())
    found = []
    for start in range(0, n, _CHUNK):
        keys = rng.random((min(_CHUNK, n - start), n_rows))
        drawn = np.argpartition(keys, length, axis=1)[:, :length]
        # argpartition leaves an order that depends on the keys; the stream is put in a random one.
        drawn = rng.permuted(drawn, axis=1)
        inside = kernel[drawn[:, :, None], drawn[:, None, :]]
        own_sums = row_sums[drawn]
        to_rest = (own_sums - inside.sum(axis=2)) / m
        rest = total - 2 * own_sums.sum(axis=1) + inside.sum(axis=(1, 2))
        # The diagonal of the kernel is 1.
        within_rest = (rest - m) / (m * (m - 1))
        found.append(_window_statistics(inside, to_rest, within_rest, window=window))
    return np.concatenate(found)


def _window_statistics(inside: _Rows, to_rest: _Rows, within_rest: _Rows, *, window: int) -> _Rows:
    """MMD² of each window, from kernels (k, T, T) in the stream, mean kernels (k, T) to the rest and (k,) in the "
    "rest."""
    n_windows = to_rest.shape[1] - window + 1
    found = np.empty((len(to_rest), n_windows))
    for first in range(n_windows):
        part = slice(first, first + window)
        pairs = inside[:, part, part].sum(axis=(1, 2)) - window
        found[:, first] = within_rest + pairs / (window * (window - 1)) - 2 * to_rest[:, part].mean(axis=1)
    return found


def _thresholds(statistics: _Rows, *, expected_run: float) -> tuple[_Rows, int]:
    """(W,) thresholds, and the number of bootstraps that the last one is from."""
    left = statistics
    found = np.empty(statistics.shape[1])
    n_last = len(left)
    for step in range(statistics.shape[1]):
        n_last = len(left)
        ordered = np.sort(left[:, step])
        n_above = max(round(n_last / expected_run), 1)
        # Half way between two neighbours, so that exactly so many lie above.
        found[step] = (ordered[-n_above] + ordered[max(n_last - n_above - 1, 0)]) / 2
        left = left[left[:, step] <= found[step]]
    return found, n_last


def _run_interval(n: int, *, expected_run: float) -> tuple[float, float]:
    """What the chance above an order statistic can be: Beta(k, n + 1 − k), k of n above it."""
    from scipy.stats import beta

    k = max(round(n / expected_run), 1)
    low, high = beta.ppf([0.025, 0.975], k + 0.5, n - k + 0.5)
    return float(1 / high), float(1 / low)


def watched(detector: Detector, stream: ArrayLike) -> Iterator[StreamStep]:
    """The steps of one stream, row by row. The alarm does not reset itself: it stays where the windows are unlike.

    Raises
    ------
    ValueError
        When rows have another number of columns, NaN or infinite values.
    """
    rows = _checked_stream(detector, stream)
    within = kernel_matrix(detector.reference, detector.reference, bandwidth=detector.bandwidth)
    m, window = len(detector.reference), detector.window
    within_rest = (float(within.sum()) - m) / (m * (m - 1))
    held = np.concatenate([detector.initial, rows])
    to_rest = kernel_matrix(held, detector.reference, bandwidth=detector.bandwidth).mean(axis=1)
    for step in range(len(rows)):
        part = held[step : step + window]
        pairs = kernel_matrix(part, part, bandwidth=detector.bandwidth).sum() - window
        own = float(to_rest[step : step + window].mean())
        statistic = within_rest + float(pairs) / (window * (window - 1)) - 2 * own
        threshold = float(detector.thresholds[min(step, window - 1)])
        yield StreamStep(statistic, threshold, statistic > threshold)


def first_alarms(detector: Detector, rows: ArrayLike, orders: NDArray[np.integer]) -> NDArray[np.int64]:
    """Step of the first alarm of many streams, from 1; 0 where there is none. The same as `watched`, all at once.

    Parameters
    ----------
    rows : (n, d) float
    orders : (k, T) int
        Rows of each stream in their order.

    Returns
    -------
    (k,) int64
    """
    given = _checked_stream(detector, rows)
    window, sigma = detector.window, detector.bandwidth
    everything = np.concatenate([detector.initial, given])
    to_rest = kernel_matrix(everything, detector.reference, bandwidth=sigma).mean(axis=1)
    within = kernel_matrix(detector.reference, detector.reference, bandwidth=sigma)
    m = len(detector.reference)
    within_rest = (float(within.sum()) - m) / (m * (m - 1))
    n_steps = orders.shape[1]
    limits = detector.thresholds[np.minimum(np.arange(n_steps), window - 1)]
    found = np.zeros(len(orders), dtype=np.int64)
    for start in range(0, len(orders), 64):
        own = orders[start : start + 64] + window - 1
        first = np.broadcast_to(np.arange(window - 1), (len(own), window - 1))
        held = np.concatenate([first, own], axis=1)
        pairs = np.zeros((len(own), n_steps))
        for lag in range(1, window):
            squared = ((everything[held[:, lag:]] - everything[held[:, :-lag]]) ** 2).sum(axis=2)
            near = np.exp(-squared / (2 * sigma**2))
            sums = np.concatenate([np.zeros((len(own), 1)), np.cumsum(near, axis=1)], axis=1)
            pairs += sums[:, window - lag :][:, :n_steps] - sums[:, : -(window - lag)][:, :n_steps]
        sums = np.concatenate([np.zeros((len(own), 1)), np.cumsum(to_rest[held], axis=1)], axis=1)
        means = (sums[:, window:] - sums[:, :-window]) / window
        is_above = within_rest + 2 * pairs / (window * (window - 1)) - 2 * means > limits
        found[start : start + 64] = np.where(is_above.any(axis=1), is_above.argmax(axis=1) + 1, 0)
    return found


def _checked_stream(detector: Detector, stream: ArrayLike) -> _Rows:
    """(n, d) finite rows of as many columns as the reference has."""
    rows = np.asarray(stream, dtype=np.float64)
    n_columns = detector.reference.shape[1]
    if rows.ndim != 2 or rows.shape[1] != n_columns or not np.isfinite(rows).all():
        raise InputError(
            f"drift: expected rows of {n_columns} finite numbers, as the reference has, got an array of shape "
            f"{rows.shape} or NaN. Leave such fields out, and use the embedding that the alarm was calibrated with."
        )
    return rows
