"""Spots marked by a network and the classical detector, by signal-to-noise ratio and density; F1 at 3 px.

Simulated planes and stacks are those of `wellspring.simulation.smfish`, of which the network saw none: it was trained
on fields that `wellspring.spots.enhanced.fields` draws. Sizes of spots are those that the simulation used. The marks
are read in three ways: their own maxima (what `wellspring.spots.enhanced.detect_spots` gives), the classical detector
on them (a difference of Gaussians), and blobs by the determinant of the Hessian (scikit-image). ``WELLSPRING_DATA``
names the folder of the public images, else they are skipped.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.feature import blob_doh
from skimage.io import imread

from bench.spot_accuracy import CLICK_OFFSET, REAL_SIGMA_PX, SIGMA_3D_PX, SYNTHETIC_SIGMA_PX
from bench.table import Row
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots import detect_spots
from wellspring.spots.enhanced import detect_spots as detect_enhanced
from wellspring.spots.enhanced import enhanced_image
from wellspring.spots.enhanced.detecting import marked_spots
from wellspring.spots.enhanced.marks import detection_of_marks
from wellspring.spots.enhanced.scale import SIGMA_PX
from wellspring.spots.evaluation import f1_score

SNRS, AREAS_PX2, SIGMAS_PX, SIDE, N_FIELDS = (2.0, 3.0, 4.0, 8.0), (400, 100, 40, 20), (1.2, 1.7, 2.2), 128, 1

_Places = NDArray[np.float64]


def _places(spots: pd.DataFrame) -> _Places:
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    return np.asarray(spots[axes], dtype=np.float64)


def _classical(image: NDArray[np.number], sigma_px: float) -> _Places:
    return _places(detect_spots(image, sigma_px=sigma_px))


def _enhanced(image: NDArray[np.number], sigma_px: float) -> _Places:
    return _places(detect_enhanced(image, sigma_px=sigma_px))


def _enhanced_dog(image: NDArray[np.number], sigma_px: float) -> _Places:
    """Marks have a standard deviation of 1 px."""
    marks = enhanced_image(image, sigma_px=sigma_px)
    return (_places(detect_spots(marks, sigma_px=1.0)) + 0.5) * max(1.0, sigma_px / SIGMA_PX) - 0.5


def _enhanced_doh(image: NDArray[np.number], sigma_px: float) -> _Places:
    marks = enhanced_image(image, sigma_px=sigma_px)
    found = blob_doh(marks.astype(np.float64), min_sigma=1, max_sigma=2, num_sigma=3, threshold=0.01)
    return np.asarray((found[:, :2] + 0.5) * max(1.0, sigma_px / SIGMA_PX) - 0.5)


METHODS: dict[str, Callable[[NDArray[np.number], float], _Places]] = {
    "classical": _classical,
    "marks": _enhanced,
    "marks, difference of Gaussians": _enhanced_dog,
    "marks, determinant of the Hessian": _enhanced_doh,
}


def simulated_planes() -> list[Row]:
    """F1 by signal-to-noise ratio and area per spot, mean over sizes and fields."""
    rows = []
    for snr in SNRS:
        for area in AREAS_PX2:
            scores: dict[str, list[float]] = {name: [] for name in METHODS}
            for image, true, sigma_px in _fields(snr, area):
                for name, method in METHODS.items():
                    scores[name].append(f1_score(method(image, sigma_px), true))
            base = float(np.mean(scores["classical"]))
            for name, values in scores.items():
                of, ratio = ("", None) if name == "classical" else ("classical", float(np.mean(values)) / base)
                label = f"plane, SNR {snr:g}, a spot per {area} px2, {name}: F1@3px"
                rows.append(Row("spot_enhancement", label, float(np.mean(values)), "", of, ratio, "", None))
    return rows


def _fields(snr: float, area: int) -> Iterator[tuple[NDArray[np.uint16], _Places, float]]:
    for number, sigma_px in enumerate(SIGMAS_PX):
        for seed in range(N_FIELDS):
            settings = FieldSettings(
                (SIDE, SIDE), (sigma_px, sigma_px), SIDE * SIDE // area, snr=snr, brightness_sd=0.2
            )
            rng = np.random.default_rng([90, number, seed, area, round(10 * snr)])
            field = simulate_smfish(settings, rng=rng)
            yield field.image, field.places, sigma_px


def _in_noise(image: NDArray[np.number], sigma_px: float) -> float:
    """The share of the marks that are in the noise, which the doubt is raised by."""
    found = marked_spots(image, sigma_px=sigma_px)
    keys = dict.fromkeys(("plate", "well", "site", "channel"), "")
    return detection_of_marks(image, found.assign(**keys), sigma_px=sigma_px).in_noise


def marks_in_noise() -> list[Row]:
    """The largest share over sizes of spots, by signal-to-noise ratio and area per spot."""
    return [
        _share(
            f"plane, SNR {snr:g}, a spot per {area} px2", max(_in_noise(image, s) for image, _, s in _fields(snr, area))
        )
        for snr in SNRS
        for area in AREAS_PX2
    ]


def _share(name: str, value: float) -> Row:
    return Row("spot_enhancement", f"{name}: share of marks in the noise", value, "", "", None, "", None)


def simulated_stacks() -> list[Row]:
    """Stacks of 16 planes."""
    rows = []
    for snr in (3.0, 5.0):
        for n_spots in (50, 400):
            settings = FieldSettings((16, 160, 160), SIGMA_3D_PX, n_spots, snr=snr)
            field = simulate_smfish(settings, rng=np.random.default_rng([91, n_spots, int(snr)]))
            for name, detect in (("classical", detect_spots), ("marks", detect_enhanced)):
                score = f1_score(_places(detect(field.image, sigma_px=SIGMA_3D_PX)), field.places)
                label = f"stack, SNR {snr:g}, {n_spots} spots, {name}: F1@3px"
                rows.append(Row("spot_enhancement", label, score, "", "", None, "", None))
    return rows


def public_planes(data: Path) -> list[Row]:
    """The real field and the nine synthetic ones of insta_smfish2d."""
    rows: list[Row] = []
    scores: dict[str, list[float]] = {name: [] for name in METHODS}
    for path in sorted((data / "insta_smfish2d" / "dev").glob("**/image.png")):
        image = imread(path)
        if image.ndim == 2:
            true = pd.read_csv(path.parent / "spots_expert.csv")[["row", "col"]].to_numpy() - CLICK_OFFSET
            sigma_px = REAL_SIGMA_PX
        else:
            image = image[..., :3].astype(np.float32).mean(axis=-1)
            true = pd.read_csv(path.parent / "spots_true_col_row_snr.csv")[["row", "col"]].to_numpy()
            sigma_px = SYNTHETIC_SIGMA_PX
        for name, method in METHODS.items():
            scores[name].append(f1_score(method(image, sigma_px), true))
            label = f"insta {path.parent.name}, {name}: F1@3px"
            rows.append(Row("spot_enhancement", label, scores[name][-1], "", "", None, "", None))
        rows.append(_share(f"insta {path.parent.name}", _in_noise(image, sigma_px)))
    means = [
        Row("spot_enhancement", f"insta, {name}: mean F1@3px", float(np.mean(values)), "", "", None, "", None)
        for name, values in scores.items()
    ]
    return [*rows, *means]


def run() -> list[Row]:
    """All of them."""
    rows = [*simulated_planes(), *marks_in_noise(), *simulated_stacks()]
    folder = os.environ.get("WELLSPRING_DATA")
    if folder is None:
        print("spot_enhancement: public images are skipped, set WELLSPRING_DATA to their folder.", file=sys.stderr)
        return rows
    return [*rows, *public_planes(Path(folder))]
