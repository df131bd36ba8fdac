"""Domain adaptation by gradient reversal on digits: source only, adapted, and trained on the target, five seeds each.

Digits of the folder ``WELLSPRING_DATA`` (skipped without it), 16 × 16 px: MNIST to USPS and back, and MNIST to MNIST
whose digits invert a microscope's texture; each image is standardised. Accuracies are those on half of the target,
which no training saw; the ceiling is trained on the labels of the other half. The thesis (Dubois 2017, 4.3.3) gains
4 points.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.table import Row

# Forty-five trainings in under ten minutes on one core.
_N_SEEDS, _N_BATCHES, _HALF, _SIDE = 5, 300, 32, 16
_FIGURES = ("source only", "adapted", "ceiling", "domain classifier", "the same, adapted")
_Images = NDArray[np.float32]
_Digits = tuple[_Images, NDArray[np.int64]]


def run() -> list[Row]:
    """Measure."""
    folder = os.environ.get("WELLSPRING_DATA")
    if not folder or not (Path(folder) / "digits").is_dir():
        print("domain_adaptation: no WELLSPRING_DATA with digits, skipped", file=sys.stderr)
        return []
    data = Path(folder)
    mnist, usps = _mnist(data), _usps(data)
    blended = _standardized(_blended(mnist, data, rng=np.random.default_rng(0)))
    mnist, usps = _standardized(mnist), _standardized(usps)
    pairs = {"MNIST to USPS": (mnist, usps), "USPS to MNIST": (usps, mnist), "MNIST to texture": (mnist, blended)}
    return [row for name, (source, target) in pairs.items() for row in _rows(name, source, target)]


def _mnist(data: Path) -> _Digits:
    import cv2

    table = np.loadtxt(data / "digits/mnist_5k.csv.gz", delimiter=",", dtype=np.float32)
    images = table[:, :-1].reshape(-1, 28, 28)
    small = [cv2.resize(one, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) / 255 for one in images]
    return np.array(small, np.float32)[..., None], table[:, -1].astype(np.int64)


def _usps(data: Path) -> _Digits:
    import h5py

    with h5py.File(data / "digits/usps.h5") as file:
        images, labels = file["train/data"][...], file["train/target"][...]
    return images.reshape(-1, _SIDE, _SIDE, 1).astype(np.float32), labels.astype(np.int64)


def _blended(digits: _Digits, data: Path, *, rng: np.random.Generator) -> _Digits:
    """|texture - digit|, with pieces of phase contrast images stretched from 0 to 0.5.

    Their middle grey would be 0.5 on the whole range, of which a digit of 1 leaves 0.5: it could not be seen.
    """
    import tifffile

    files = sorted((data / "hela_phase_nucleus").rglob("*phase*.tif"))[:20]
    planes = [np.squeeze(tifffile.imread(file)).astype(np.float32) for file in files]
    planes = [_stretched(one.reshape(-1, *one.shape[-2:])[0]) for one in planes]
    found = np.empty_like(digits[0])
    for number, image in enumerate(digits[0]):
        plane = planes[rng.integers(len(planes))]
        row, column = (int(rng.integers(0, n - _SIDE)) for n in plane.shape)
        found[number] = np.abs(plane[row : row + _SIDE, column : column + _SIDE, None] - image)
    return found, digits[1]


def _stretched(plane: _Images) -> _Images:
    low, high = np.percentile(plane, (1, 99))
    return np.asarray(np.clip((plane - low) / (high - low), 0, 1) / 2, dtype=np.float32)


def _standardized(digits: _Digits) -> _Digits:
    """Each image less its mean, over its standard deviation: the network has no layer that would do it."""
    images = digits[0] - digits[0].mean(axis=(1, 2), keepdims=True)
    return images / (images.std(axis=(1, 2), keepdims=True) + 1e-6), digits[1]


def _rows(name: str, source: _Digits, target: _Digits) -> list[Row]:
    measured = []
    for seed in range(_N_SEEDS):
        measured.append(_accuracies(source, target, seed=seed))
        shown = ", ".join(f"{value:.3f}" for value in measured[-1])
        print(f"{name}, seed {seed}, {', '.join(_FIGURES)}: {shown}", file=sys.stderr, flush=True)
    found = np.array(measured)
    gain = found[:, 1] - found[:, 0]
    figures = {
        "accuracy, source only": found[:, 0],
        "accuracy, adapted": found[:, 1],
        "accuracy, target-trained ceiling": found[:, 2],
        f"gain, {int((gain > 0).sum())} of {_N_SEEDS} seeds up": gain,
        "domain classifier, source only": found[:, 3],
        "domain classifier, adapted": found[:, 4],
    }
    rows = []
    for what, values in figures.items():
        is_gain = what.startswith("gain")
        title = f"{name}: {what} ({values.min():.3f} to {values.max():.3f})"
        mean, target_words = float(values.mean()), "above 0" if is_gain else ""
        met = mean > 0 if is_gain else None
        rows.append(Row("domain_adaptation", title, mean, "share", "", None, target_words, met))
    return rows


def _accuracies(source: _Digits, target: _Digits, *, seed: int) -> list[float]:
    """Source only, adapted, ceiling, and the domain classifier's accuracy of the first two."""
    from wellspring.models.reversal import train_adapted

    order = np.random.default_rng(seed).permutation(len(target[0]))
    seen, unseen = order[: len(order) // 2], order[len(order) // 2 :]
    about: Any = {"n_classes": 10, "n_batches": _N_BATCHES, "half": _HALF, "seed": seed}
    plain, adapted = (
        train_adapted(_features, *source, target[0][seen], is_adapted=one, **about) for one in (False, True)
    )
    known = (target[0][seen], target[1][seen], target[0][seen])
    ceiling = train_adapted(_features, *known, is_adapted=False, **about)

    def accuracy(model: Callable[..., dict[str, _Images]]) -> float:
        return float((model(target[0][unseen], verbose=0)["label"].argmax(axis=1) == target[1][unseen]).mean())

    shares = [accuracy(one.model.predict) for one in (plain, adapted, ceiling)]
    return [*shares, plain.domain_accuracy, adapted.domain_accuracy]


def _features() -> Any:
    import keras
    from keras import layers

    images = keras.Input((_SIDE, _SIDE, 1))
    values = layers.Conv2D(8, 5, padding="same", activation="relu")(images)
    values = layers.MaxPooling2D()(values)
    values = layers.Conv2D(16, 5, padding="same", activation="relu")(values)
    values = layers.Flatten()(layers.MaxPooling2D()(values))
    return keras.Model(images, layers.Dense(64, activation="relu")(values))
