"""Nuclei against public annotations, with one setting for all; the time of a field compared with plain scikit-image.

F1 and mean average precision as `bench.matching` defines them, mean over the images of a set. The two peers are
what most scripts do: Gaussian blur of 1 px, Otsu on the intensity or its logarithm, maxima of the distance transform at
least 5 px apart, watershed. The timed field of 2048 x 2048 is drawn; both contestants run in this process, on the cores
that there are, taking turns.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed
from sklearn.mixture import GaussianMixture

from bench.matching import f1, mean_average_precision
from bench.table import Row
from wellspring.segmentation import segment_cells, segment_nuclei, segment_nuclei_3d
from wellspring.segmentation.learned import segment_nuclei as segment_learned

SIDE, ROUNDS = 2048, 2
# Slice spacing over pixel size. Neither set states it; it is the ratio of the sides of the annotated nuclei's bounding
# boxes across and along z, the median over nuclei off the border: 2.0 to 2.1 in stardist_nuclei, 2.0 in scmultiplex.
Z_STEP_PX = 2.0
# F1 at an IoU of 0.5 and mAP on dsb2018_nuclei.
LEAST = {"wellspring": (0.90, 0.60), "unet": (0.94, 0.72)}
_Labels = NDArray[np.integer]
_Pair = tuple[NDArray[np.number], _Labels]


def plain_nuclei(image: NDArray[np.number], *, is_log: bool) -> _Labels:
    """The usual script: blur, Otsu, distance transform, its maxima, watershed; a plane or a stack."""
    smooth = ndimage.gaussian_filter(image.astype(np.float64), 1)
    smooth = np.log1p(smooth) if is_log else smooth
    mask = smooth > threshold_otsu(smooth)
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1)
    places = peak_local_max(distance, min_distance=5, labels=ndimage.label(mask)[0])
    markers = np.zeros(image.shape, dtype=np.int32)
    markers[tuple(places.T)] = np.arange(1, len(places) + 1)
    return np.asarray(watershed(-distance, markers, mask=mask))


def plain_cells(image: NDArray[np.number], nuclei: _Labels) -> _Labels:
    """The usual script: a Gaussian mixture of all pixels' log intensities, watershed from the nuclei."""
    smooth = ndimage.gaussian_filter(image.astype(np.float64), 1)
    log = np.log1p(smooth).reshape(-1, 1)
    mixture = GaussianMixture(2, random_state=0).fit(log)
    mask = (mixture.predict(log) == mixture.means_.argmax()).reshape(image.shape)
    return np.asarray(watershed(np.where(nuclei > 0, -smooth.max(), -smooth), nuclei, mask=mask | (nuclei > 0)))


def drawn_field(rng: np.random.Generator, *, n_drawn: int = 600) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Nuclei (12 to 18 px radius, `n_drawn` of them, some touching) and the cells round them, with shot noise."""
    nuclei, cells = (np.full((SIDE, SIDE), level, dtype=np.float32) for level in (200, 150))
    for _ in range(n_drawn):
        place, radius = rng.integers(0, SIDE, 2).tolist(), int(rng.integers(12, 19))
        axes, turn = (radius, int(radius * rng.uniform(0.7, 1))), float(rng.uniform(0, 180))
        nuclei = cv2.ellipse(nuclei, place, axes, turn, 0, 360, float(rng.uniform(800, 4000)), -1)
        for share in (3.0, 2.2, 1.6):
            wide = (int(axes[0] * share), int(axes[1] * share))
            cells = cv2.ellipse(cells, place, wide, turn, 0, 360, 2500 / share, -1)
    blurred = (cv2.GaussianBlur(nuclei, (0, 0), 1.5), cv2.GaussianBlur(cells, (0, 0), 2.0))
    return rng.poisson(blurred[0]).astype(np.uint16), rng.poisson(blurred[1]).astype(np.uint16)


def _dsb(data: Path) -> Iterator[_Pair]:
    for folder in sorted((data / "dsb2018_nuclei" / "dev").iterdir()):
        grey = np.asarray(cv2.imread(str(folder / "image.png"), cv2.IMREAD_COLOR)).max(axis=2)
        yield grey, tifffile.imread(folder / "labels.tif")


def _stardist(data: Path, *, n_axes: int) -> Iterator[_Pair]:
    folder = data / "stardist_nuclei" / "dev"
    yield tifffile.imread(folder / f"img{n_axes}d.tif"), tifffile.imread(folder / f"mask{n_axes}d.tif")


def _organoids(data: Path) -> Iterator[_Pair]:
    for folder in sorted((data / "scmultiplex_2round_3d" / "dev").glob("testing_R*/object_*")):
        yield tifffile.imread(next(folder.glob("*C01*TIF-OVR.tif"))), tifffile.imread(next(folder.glob("*NUC_SEG3D*")))


def _accuracy(data: Path) -> list[Row]:
    rows: list[Row] = []
    sets: tuple[tuple[str, Callable[[], Iterator[_Pair]], bool], ...] = (
        ("dsb2018_nuclei", lambda: _dsb(data), False),
        ("stardist_nuclei 2D", lambda: _stardist(data, n_axes=2), False),
        ("stardist_nuclei 3D", lambda: _stardist(data, n_axes=3), True),
        ("scmultiplex_2round_3d", lambda: _organoids(data), True),
    )
    for name, pairs, is_stack in sets:
        methods: dict[str, Callable[[NDArray[np.number]], _Labels]] = {
            "wellspring": (lambda image: segment_nuclei_3d(image, z_step_px=Z_STEP_PX)) if is_stack else segment_nuclei,
            # The network labels planes; a stack has no labels of it.
            **({} if is_stack else {"unet": segment_learned}),
            "Otsu, distance watershed": lambda image: plain_nuclei(image, is_log=False),
            "log Otsu, distance watershed": lambda image: plain_nuclei(image, is_log=True),
        }
        for method, segment in methods.items():
            found = [(true, segment(image)) for image, true in pairs()]
            scores = np.array([(f1(*pair), mean_average_precision(*pair)) for pair in found]).mean(axis=0)
            for measure, score, least in zip(("F1 at IoU 0.5", "mAP"), scores, LEAST.get(method, (0, 0)), strict=True):
                is_asked = method in LEAST and name == "dsb2018_nuclei"
                target, met = (f"at least {least}", bool(score >= least)) if is_asked else ("", None)
                rows.append(Row("segmentation", f"{name}, {method}: {measure}", score, "", "", None, target, met))
    return rows


def _speed() -> list[Row]:
    nuclei_image, cells_image = drawn_field(np.random.default_rng(0))
    best: dict[str, float] = {}

    def timed(name: str, work: Callable[[], _Labels]) -> _Labels:
        start = time.perf_counter()
        labels = work()
        best[name] = min(best.get(name, np.inf), time.perf_counter() - start)
        return labels

    for _ in range(ROUNDS):
        nuclei = timed("nuclei", lambda: segment_nuclei(nuclei_image))
        plain = timed("plain nuclei", lambda: plain_nuclei(nuclei_image, is_log=True))
        timed("cells", lambda labels=nuclei: segment_cells(cells_image, labels))  # type: ignore[misc]
        timed("unet", lambda: segment_learned(nuclei_image))
        timed("plain cells", lambda labels=plain: plain_cells(cells_image, labels))  # type: ignore[misc]
    name = f"nuclei of a {SIDE} x {SIDE} field, unet (classical: {best['nuclei']:.2f} s)"
    share, of = best["unet"] / best["nuclei"], "the classical method's time"
    rows = [Row("segmentation", name, best["unet"], "s", of, share, "under 20 s", best["unet"] < 20)]
    for what, parts, least in (
        ("nuclei", ("nuclei",), None),
        ("cells", ("cells",), None),
        ("nuclei and cells", ("nuclei", "cells"), 3.0),
    ):
        own, peer = sum(best[part] for part in parts), sum(best[f"plain {part}"] for part in parts)
        target, met = ("", None) if least is None else (f"at least {least:g}", peer / own >= least)
        name = f"{what} of a {SIDE} x {SIDE} field (plain: {peer:.2f} s)"
        rows.append(
            Row("segmentation", name, own, "s", "the plain scikit-image pipeline's speed", peer / own, target, met)
        )
    return rows


def run() -> list[Row]:
    """Speed on a drawn field; accuracy where the public images are there."""
    rows = _speed()
    folder = os.environ.get("WELLSPRING_DATA")
    if not folder:
        print("segmentation: accuracy skipped, WELLSPRING_DATA is not set to the folder of the public images")
        return rows
    return rows + _accuracy(Path(folder))
