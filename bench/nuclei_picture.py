"""The picture of docs/segmentation.md: simulated nuclei, the truth, the classical method, the network.

    python -m bench.nuclei_picture docs/images/nuclei.jpg

Above: crowded nuclei with a twenty-fold range of brightness. Below: two rings of small nuclei round a bright yolk. With
`--examples demo/crowded/results/segmentation/trained/examples.npz`: the first two held-out sites of that run.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from bench.matching import f1
from wellspring.segmentation import segment_nuclei as classical
from wellspring.segmentation.learned import segment_nuclei
from wellspring.segmentation.learned.examples import read_examples

_ORANGE = (0, 140, 255)
_Field = tuple[NDArray[np.uint16], NDArray[np.int32]]


def crowded_field(
    *, seed: int = 5, side: int = 260, diameter: float = 22
) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Ellipses at random, touching, of a twenty-fold range of brightness, with photon noise."""
    rng = np.random.default_rng(seed)
    labels, image, number = np.zeros((side, side), np.int32), np.full((side, side), 20, np.float32), 0
    for _ in range(500):
        place, own = rng.integers(0, side, 2), np.zeros((side, side), np.uint8)
        axes = (diameter / 2 * np.exp(rng.normal(0, 0.12, 2))).round().astype(int)
        cv2.ellipse(own, place.tolist(), axes.tolist(), float(rng.uniform(0, 180)), 0, 360, 1, -1)
        inside = own > 0
        light = np.exp(rng.uniform(np.log(60), np.log(1200)))
        if (labels[inside] > 0).mean() > 0.1:
            continue
        number += 1
        labels[inside & (labels == 0)] = number
        image[inside] = np.maximum(image[inside], light)
    return rng.poisson(cv2.GaussianBlur(image, (0, 0), 1.2)).astype(np.uint16), labels


def ring_field(*, seed: int = 2) -> _Field:
    """Two rings of nuclei of 8 px, 196 in all, round a yolk."""
    rng, shape = np.random.default_rng(seed), (260, 380)
    labels = np.zeros(shape, np.int32)
    y, x = np.indices(shape, dtype=np.float32) - np.array([130, 190], np.float32)[:, None, None]
    away = np.hypot(x / 172, y / 112)
    image = 0.8 * np.clip(1 - away**2, 0, None) + 0.25 * (away < 1.06)
    for number in range(1, 197):
        turn, out = 2 * np.pi * (number + 0.5 * (number > 98)) / 98, 0.96 if number <= 98 else 0.84
        near = (y - 112 * out * np.sin(turn)) ** 2 + (x - 172 * out * np.cos(turn)) ** 2
        labels[(near < 4.2**2) & (labels == 0)] = number
    image = np.where(labels > 0, rng.uniform(0.8, 1.6, 197)[labels], image).astype(np.float32)
    return rng.poisson(300 * cv2.GaussianBlur(image, (0, 0), 1.0) + 20).astype(np.uint16), labels


def panel(image: NDArray[np.number], labels: NDArray[np.integer] | None, *, scale: int = 2) -> NDArray[np.uint8]:
    """The image with the root of its intensities, and outlines of labels."""
    grey = np.sqrt(np.clip(image / np.percentile(image, 99.8), 0, 1))
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    colour = np.dstack([large] * 3) * 255
    if labels is not None:
        colour[find_boundaries(np.kron(labels, np.ones((scale, scale), labels.dtype)), mode="inner")] = _ORANGE
    return np.pad(colour, ((2, 2), (2, 2), (0, 0)), constant_values=255).astype(np.uint8)


def simulated_rows() -> list[NDArray[np.uint8]]:
    """Rows of panels of both simulated fields; prints F1 at an IoU of 0.5 of both methods."""
    rows = []
    for name, (image, true) in {"crowded": crowded_field(), "rings": ring_field()}.items():
        found = (classical(image), segment_nuclei(image))
        scores = [round(f1(true, labels), 2) for labels in found]
        print(f"{name}: {true.max()} nuclei; F1 of the classical method {scores[0]}, of the network {scores[1]}")
        rows.append(np.hstack([panel(image, labels) for labels in (None, true, *found)]))
    return rows


def example_rows(path: Path) -> list[NDArray[np.uint8]]:
    """Rows of panels of held-out sites: image, annotation, classical, shipped, fine-tuned."""
    examples = read_examples(path)[:2]
    return [np.hstack([panel(one.image, labels) for labels in (None, *one.labels.values())]) for one in examples]


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--examples", type=Path)
    given = parser.parse_args()
    rows = example_rows(given.examples) if given.examples else simulated_rows()
    width = min(1600, *(row.shape[1] for row in rows))
    scaled = [
        cv2.resize(row, (width, row.shape[0] * width // row.shape[1]), interpolation=cv2.INTER_AREA) for row in rows
    ]
    cv2.imwrite(str(given.output), np.vstack(scaled), [cv2.IMWRITE_JPEG_QUALITY, 70])


if __name__ == "__main__":
    main()
