"""VarGrad over Integrated Gradients of one cell: beside bare gradient calls, and beside one call per path point."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row
from wellspring.attribution.integrated import baseline_image, measured_noise
from wellspring.attribution.paths import Gradients, trapezoid
from wellspring.attribution.vargrad import vargrad

SIZE_PX = 40
CHANNELS = 12
STEPS = 20
SAMPLES = 15
BATCH = 64
REPEATS = 5
TARGET = 1.25


def round_cell(*, size: int, n_channels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(size, size, n_channels + 1) float32: a disc of standard normal pixels, and its mask as the last channel."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    image = np.zeros((size, size, n_channels + 1), dtype=np.float32)
    image[..., -1] = np.hypot(y, x) < 0.4 * size
    image[..., :-1] = measured_noise(image, sd=1.0, rng=rng)
    return image


def one_call_per_point(
    image: NDArray[np.float32], baseline: NDArray[np.float32], *, gradients: Gradients
) -> NDArray[np.float64]:
    """The usual way: every copy's path by a Python loop, all maps kept until the end; the noise that `ours` draws."""
    rng = np.random.default_rng(0).spawn(1)[0]
    maps = []
    for _ in range(SAMPLES):
        copy = image.copy()
        copy[..., :-1] += measured_noise(image, sd=1.0, rng=rng)
        found = [
            weight * gradients((baseline + np.float32(alpha) * (copy - baseline))[None])[1][0]
            for alpha, weight in zip(*trapezoid(STEPS), strict=True)
        ]
        maps.append((copy - baseline) * np.sum(found, axis=0))
    score: NDArray[np.float64] = np.std(maps, axis=0)
    return score


def streamed(image: NDArray[np.float32], baseline: NDArray[np.float32], *, gradients: Gradients) -> NDArray[np.float32]:
    """The library's way (which explains the image without noise, too)."""
    settings = {"steps": STEPS, "batch_size": BATCH, "samples": SAMPLES}
    rng = np.random.default_rng(0)
    (found,) = vargrad([(image, baseline)], gradients=gradients, noise_sd=1.0, rng=rng, **settings)
    return found.score


def bare_calls(batch: NDArray[np.float32], *, n: int, gradients: Gradients) -> None:
    """As many gradient images in full batches, and nothing else."""
    for start in range(0, n, len(batch)):
        gradients(batch[: min(len(batch), n - start)])


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def host_seconds(image: NDArray[np.float32], baseline: NDArray[np.float32], *, gradients: Gradients) -> float:
    """Processor time of this thread outside the gradient calls: what the library adds, whatever else runs here."""
    inside = 0.0

    def timed(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        nonlocal inside
        start = time.thread_time()
        answer = gradients(images)
        inside += time.thread_time() - start
        return answer

    start = time.thread_time()
    streamed(image, baseline, gradients=timed)
    return time.thread_time() - start - inside


def run() -> list[Row]:
    """Time the three in turn, several times over, and take each one's best: other work here disturbs it least."""
    from wellspring.models import build_regressor
    from wellspring.models.gradients import input_gradients

    model = build_regressor("simple_cnn", image_size=SIZE_PX, n_channels=CHANNELS + 1, input_channels=range(CHANNELS))
    gradients = input_gradients(model)
    image = round_cell(size=SIZE_PX, n_channels=CHANNELS, rng=np.random.default_rng(1))
    baseline = baseline_image(image, kind="black", rng=np.random.default_rng(0))
    batch = np.repeat(image[None], BATCH, axis=0)
    n_ours, n_usual = (SAMPLES + 1) * (STEPS + 1), SAMPLES * (STEPS + 1)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: streamed(image, baseline, gradients=gradients),
        "bare": lambda: bare_calls(batch, n=n_ours, gradients=gradients),
        "usual": lambda: one_call_per_point(image, baseline, gradients=gradients),
    }
    same = one_call_per_point(image, baseline, gradients=gradients)
    np.testing.assert_allclose(streamed(image, baseline, gradients=gradients), same, rtol=1e-2, atol=1e-3 * same.max())
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            times[name].append(seconds(way))
    host_ms = 1e3 * min(host_seconds(image, baseline, gradients=gradients) for _ in range(2)) / n_ours
    return _rows(
        bare=n_ours / min(times["bare"]),
        ours=n_ours / min(times["ours"]),
        usual=n_usual / min(times["usual"]),
        host_ms=host_ms,
    )


def _rows(*, bare: float, ours: float, usual: float, host_ms: float) -> list[Row]:
    met = bare / ours < TARGET
    what = f"VarGrad-IG, {SIZE_PX} px, {CHANNELS} channels"
    return [
        Row("attribution", "bare gradient calls, simple_cnn", bare, "images/s", "", None, "", None),
        Row("attribution", what, ours, "images/s", "time of bare", bare / ours, f"< {TARGET:g} x", met),
        Row(
            "attribution",
            "of it outside the calls",
            host_ms,
            "ms/image",
            "time of bare",
            host_ms * bare / 1e3,
            "",
            None,
        ),
        Row("attribution", "one call per point", usual, "images/s", "time of ours", ours / usual, "", None),
    ]
