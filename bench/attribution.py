"""Score maps: gradients per second, compared with a training step and with the plain way, uncompiled, cell by cell."""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.table import Row, print_table
from wellspring.attribution.maps.baselines import Baselines, measured_noise
from wellspring.attribution.maps.estimates import estimated
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.maps.paths import Gradients, trapezoid
from wellspring.attribution.maps.scores import Scoring, score_estimate

SIZE_PX = 40
CHANNELS = 12
STEPS = 20
SAMPLES = 6
CELLS = 4
BATCH = 64
REPEATS = 4
TRAINING_TARGET, PLAIN_TARGET = 0.9, 3.0

# Of complete cells: estimator, points, copies.
SETTINGS = {"thesis": ("trapezoid", 70, 50), "default": ("offset", 8, 100)}

Images = NDArray[np.float32]


def round_cell(*, size: int, n_channels: int, rng: np.random.Generator) -> Images:
    """(size, size, n_channels + 1) float32: a disc of standard normal pixels, and its mask as the last channel."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    image = np.zeros((size, size, n_channels + 1), dtype=np.float32)
    image[..., -1] = np.hypot(y, x) < 0.4 * size
    image[..., :-1] = measured_noise(image, sd=1.0, rng=rng)
    return image


def plain_maps(images: Sequence[Images], *, gradients: Gradients) -> list[NDArray[np.float64]]:
    """One cell at a time, one copy's path after another, all maps kept until the end; the noise that `ours` draws."""
    alpha, weight = trapezoid(STEPS).alpha.astype(np.float32), trapezoid(STEPS).weight.astype(np.float32)
    scores = []
    for number, image in enumerate(images):
        rng, maps = np.random.default_rng(number), []
        baseline = np.zeros_like(image)
        baseline[..., -1] = image[..., -1]
        for _ in range(SAMPLES):
            copy = image.copy()
            copy[..., :-1] += measured_noise(image, sd=1.0, rng=rng)
            way = copy - baseline
            found = gradients(baseline + alpha[:, None, None, None] * way)[1]
            maps.append(way * np.tensordot(weight, found, axes=1))
        scores.append(np.std(np.asarray(maps, dtype=np.float64), axis=0))
    return scores


def streamed_maps(
    images: Sequence[Images],
    *,
    gradients: Gradients,
    estimator: str = "trapezoid",
    points: int = STEPS,
    samples: int = SAMPLES,
) -> list[Images]:
    """The library's way."""
    method = MapMethod("integrated_gradients", "vargrad_sd")
    scoring = Scoring(method, estimator, points=points, samples=samples, noise_sd=1.0)
    black = Baselines("black", np.empty((0, *images[0].shape), dtype=np.float32))
    estimates = (
        score_estimate(image, black.of(image, rng=rng), scoring=scoring, rng=rng)
        for image, rng in zip(images, map(np.random.default_rng, range(len(images))), strict=True)
    )
    return list(estimated(estimates, gradients=gradients, batch_size=BATCH))


def uncompiled(model: Any) -> Gradients:
    """Gradients as one writes them down first: a tape around the model, no compiled function."""
    import tensorflow as tf

    def gradients(images: Images) -> tuple[Images, Images]:
        batch = tf.convert_to_tensor(images)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            values = model(batch, training=False)[:, 0]
        return values.numpy(), tape.gradient(values, batch).numpy()

    return gradients


def training_step(model: Any, *, batch: Images) -> Callable[[], object]:
    """One step of the library's training, without augmentation."""
    from wellspring.training.fitting import Schedule, trainer_for

    trainer = trainer_for(model, (), schedule=Schedule(epochs=1, patience=1, batch_size=BATCH, learning_rate=1e-6))
    targets = np.zeros(len(batch), dtype=np.float32)
    return lambda: trainer.train_on_batch(batch, targets)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> list[Row]:
    """Time all in turn, several times over, and take each one's best: other work here disturbs it least."""
    from wellspring.models import build_regressor
    from wellspring.models.gradients import input_gradients

    model = build_regressor("simple_cnn", image_size=SIZE_PX, n_channels=CHANNELS + 1, input_channels=range(CHANNELS))
    gradients, slow = input_gradients(model), uncompiled(model)
    images = [round_cell(size=SIZE_PX, n_channels=CHANNELS, rng=np.random.default_rng(n)) for n in range(CELLS)]
    batch = np.repeat(images[0][None], BATCH, axis=0)
    largest = max(
        float(np.linalg.norm(ours - plain) / np.linalg.norm(plain))
        for ours, plain in zip(
            streamed_maps(images, gradients=gradients), plain_maps(images, gradients=slow), strict=True
        )
    )
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: streamed_maps(images, gradients=gradients),
        "plain": lambda: plain_maps(images, gradients=slow),
        "plain, compiled": lambda: plain_maps(images, gradients=gradients),
        "training": training_step(model, batch=batch),
    }
    ways["training"]()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            times[name].append(seconds(way))
    n = CELLS * SAMPLES * (STEPS + 1)
    rates = {name: (BATCH if name == "training" else n) / min(found) for name, found in times.items()}
    return _rows(rates, largest=largest)


def cells_per_second(*, size: int, n_channels: int, estimator: str, points: int, samples: int, n_cells: int) -> float:
    """Complete cells per second on this machine's device, on either Keras backend; the first cell is not counted."""
    from wellspring.models import build_regressor
    from wellspring.models.devices import prepared_device
    from wellspring.models.gradients import input_gradients

    prepared_device(threads=os.cpu_count() or 1)
    model = build_regressor("simple_cnn", image_size=size, n_channels=n_channels + 1, input_channels=range(n_channels))
    gradients = input_gradients(model)
    images = [round_cell(size=size, n_channels=n_channels, rng=np.random.default_rng(n)) for n in range(n_cells)]
    maps = partial(streamed_maps, gradients=gradients, estimator=estimator, points=points, samples=samples)
    maps(images[:1])
    return n_cells / seconds(lambda: maps(images))


def main() -> None:
    """Cells per second with the thesis' setting and the default one: ``python -m bench.attribution``."""
    parser = argparse.ArgumentParser(prog="python -m bench.attribution", description=main.__doc__)
    parser.add_argument("--size", type=int, default=224, help="px; default: 224")
    parser.add_argument("--channels", type=int, default=33, help="default: 33")
    parser.add_argument("--cells", type=int, default=4, help="default: 4")
    given = parser.parse_args()
    rows = []
    for name, (estimator, points, samples) in SETTINGS.items():
        rate = cells_per_second(
            size=given.size,
            n_channels=given.channels,
            estimator=estimator,
            points=points,
            samples=samples,
            n_cells=given.cells,
        )
        what = f"{name}: {given.size} px, {given.channels} channels, {points} points, {samples} copies"
        rows.append(Row("attribution", what, rate, "cells/s", "", None, "", None))
    print_table(rows)


def _rows(rates: dict[str, float], *, largest: float) -> list[Row]:
    ours, training, plain = rates["ours"], rates["training"], rates["plain"]
    what = f"VarGrad, simple_cnn, {SIZE_PX} px, {CHANNELS} channels"
    goal, other = f">= {TRAINING_TARGET:g} x", f">= {PLAIN_TARGET:g} x"
    compiled, fast_enough = rates["plain, compiled"], ours >= TRAINING_TARGET * training
    return [
        Row("attribution", "training step", training, "images/s", "", None, "", None),
        Row("attribution", what, ours, "gradients/s", "training", ours / training, goal, fast_enough),
        Row("attribution", "plain, uncompiled, cell by cell", plain, "gradients/s", "", None, "", None),
        Row("attribution", what, ours, "gradients/s", "plain", ours / plain, other, ours >= PLAIN_TARGET * plain),
        Row("attribution", "plain, compiled", compiled, "gradients/s", "ours", compiled / ours, "", None),
        Row("attribution", "maps of ours and plain", largest, "rel. L2", "", None, "< 1e-4", largest < 1e-4),
    ]


if __name__ == "__main__":
    main()
