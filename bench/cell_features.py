"""Features of 2,000 nuclei in five channels of one field, compared with scikit-image's regionprops_table.

The peer computes the features that both have: size and shape as its own properties, quantiles, deviation and outline
by functions that it is given (`extra_properties`), as a script would. Both run in this process, in turns; the processor
time of the better round counts. The floor is to copy labels and channels once. The last row is all families, with the
ring of the background, for which the peer has no functions.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import regionprops_table

from bench.table import Row
from wellspring.cells.features.families import FAMILIES
from wellspring.cells.features.site import BackgroundRing, Labels, features_of_site

SIDE, N_NUCLEI, N_CHANNELS, ROUNDS = 2048, 2000, 5, 2
LEAST_FASTER = 10.0
_PROPERTIES = (
    *("area", "centroid", "bbox", "perimeter", "equivalent_diameter_area", "axis_major_length", "axis_minor_length"),
    *("eccentricity", "orientation", "extent", "solidity", "euler_number", "feret_diameter_max"),
    *("intensity_mean", "intensity_max", "intensity_min", "intensity_std", "centroid_weighted"),
)
_Image = NDArray[np.uint16]
_Mask = NDArray[np.bool_]


def drawn_field(rng: np.random.Generator) -> tuple[NDArray[np.int32], _Image]:
    """Labels (Y, X) of ellipses of 9 to 16 px radius on a grid, and five channels with shot noise."""
    labels = np.zeros((SIDE, SIDE), dtype=np.int32)
    n_across = int(np.ceil(np.sqrt(N_NUCLEI)))
    y, x = np.mgrid[-18:19, -18:19]
    for number in range(N_NUCLEI):
        row, column = (int((place + 0.5) * SIDE / n_across) for place in divmod(number, n_across))
        long, short, turn = *rng.uniform(9, 16, 2), rng.uniform(0, np.pi)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        inside = (along / long) ** 2 + (across / short) ** 2 <= 1
        labels[row - 18 : row + 19, column - 18 : column + 19][inside] = number + 1
    levels = rng.uniform(300, 3000, (N_CHANNELS, 1, 1))
    return labels, rng.poisson(np.where(labels > 0, levels, 200)).astype(np.uint16)


def _quantiles(mask: _Mask, image: _Image) -> NDArray[np.float64]:
    return np.quantile(image[mask], (0.05, 0.25, 0.5, 0.75, 0.95))


def _deviation(mask: _Mask, image: _Image) -> float:
    values = image[mask]
    return float(np.median(np.abs(values - np.median(values))))


def _outline(mask: _Mask, image: _Image) -> NDArray[np.float64]:
    values = image[mask & ~ndimage.binary_erosion(mask)]
    return np.array([values.mean(), values.std()])


def _peer(labels: NDArray[np.int32], image: _Image) -> int:
    table = regionprops_table(
        labels,
        np.moveaxis(image, 0, -1),
        properties=_PROPERTIES,
        extra_properties=(_quantiles, _deviation, _outline),
    )
    return len(table["area"])


def _ours(labels: NDArray[np.int32], image: _Image, families: list[str], background: object) -> int:
    table = features_of_site(
        image,
        Labels(labels, None),
        channels=[f"C{number}" for number in range(N_CHANNELS)],
        families=families,
        background=background,  # type: ignore[arg-type]
        pixel_size_um=0.3,
    )
    return len(table)


def run() -> list[Row]:
    """Measure, and return the rows."""
    labels, image = drawn_field(np.random.default_rng(0))
    ring = BackgroundRing(gap_px=3, width_px=6)
    works: dict[str, Callable[[], object]] = {
        "copy labels and channels": lambda: (labels.copy(), image.copy()),
        "regionprops_table": lambda: _peer(labels, image),
        "ours, the same features": lambda: _ours(labels, image, ["shape", "intensity"], {}),
        "ours, all features": lambda: _ours(labels, image, list(FAMILIES), ring),
    }
    taken = dict.fromkeys(works, np.inf)
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.process_time()
            work()
            taken[name] = min(taken[name], time.process_time() - start)
    same, peer, floor = taken["ours, the same features"], taken["regionprops_table"], taken["copy labels and channels"]
    faster, target = peer / same, f"at least {LEAST_FASTER:g} x ours"
    name = "cell_features"
    return [
        Row(name, "copy labels and channels, processor time", floor, "s", "", None, "", None),
        Row(name, "regionprops_table", peer, "s", "ours", faster, target, bool(faster >= LEAST_FASTER)),
        Row(name, "ours, the same features", same, "s", "the copy", same / floor, "", None),
        Row(
            name,
            "ours, all features",
            taken["ours, all features"],
            "s",
            "the copy",
            taken["ours, all features"] / floor,
            "",
            None,
        ),
    ]
