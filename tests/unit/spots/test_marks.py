"""Marks of the network as the detection of an image; no network is needed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from wellspring.raw.images import SiteStacks
from wellspring.spots.detection import detect_spots
from wellspring.spots.enhanced.detecting import _measured
from wellspring.spots.enhanced.marks import detection_of_marks
from wellspring.spots.enhanced.task import least_mark_of
from wellspring.spots.images import TABLES
from wellspring.spots.job import run, sizes_in_image
from wellspring.spots.optics import Optics
from wellspring.spots.settings import ChosenThreshold, SpotSettings, SpotSizes
from wellspring.spots.stage import STAGE
from wellspring.spots.tables import SPOTS
from wellspring.tables import check_table

HEIGHTS = [0.95, 0.8, 0.75, 0.65, 0.6]
SETTINGS = SpotSettings(
    channels=("RNA",),
    sigma_px=1.5,
    spacing_um=None,
    threshold=ChosenThreshold("noise"),
    max_instability=0.5,
    max_per_neighborhood=1,
    decompose=False,
    focus_radius_um=0.35,
    focus_min_spots=4,
    method="enhanced",
    weights=None,
)


def _image(*shape: int) -> np.ndarray:
    image = np.random.default_rng(0).poisson(50, shape).astype(np.uint16)
    for number in range(5):
        image[..., 10 + 12 * number, 20] += 300
    return image


def _marks(image: np.ndarray, **changed: Any) -> pd.DataFrame:
    """Marks of five places, of which the first three are high enough in a plane."""
    found = detect_spots(image, sigma_px=1.5, threshold=1.0).iloc[:5].assign(mark=HEIGHTS, **changed)
    return found.assign(plate="P", well="A1", channel="RNA", **{"site": "1", **changed})


def test_the_least_height_of_a_mark_is_the_threshold() -> None:
    image = _image(80, 60)
    found = detection_of_marks(image, _marks(image), sigma_px=1.5)
    assert (found.threshold.method, found.threshold.value) == ("enhanced", 0.7)
    assert (found.threshold.n_below, found.threshold.n_spots, found.threshold.n_above) == (4, 3, 2)
    assert np.isnan(found.threshold.n_by_chance)
    curve = found.threshold.curve
    assert (curve["n_spots"].iloc[0], curve["n_spots"].iloc[-1]) == (5, 0)
    assert list(check_table(found.spots, SPOTS, source="spots")) == SPOTS.names
    assert found.crowding.n_axes == 2


@pytest.mark.parametrize(("n_planes", "least", "n_spots"), [(1, 0.7, 3), (6, 0.5, 5)])
def test_stacks_have_their_own_least_height(n_planes: int, least: float, n_spots: int) -> None:
    image = _image(n_planes, 80, 60)
    marks = _marks(image.max(axis=0)).assign(z_px=0.0)
    found = detection_of_marks(image, marks, sigma_px=1.5)
    assert (found.threshold.value, len(found.spots)) == (least, n_spots) == (least_mark_of(image.shape), n_spots)
    assert "z_px" in found.spots


@pytest.mark.parametrize(("height", "is_doubted"), [(300, False), (30, True)])
def test_marks_of_what_noise_and_texture_are_as_bright_as_are_doubted(height: int, is_doubted: bool) -> None:
    generator = np.random.default_rng(1)
    image = generator.poisson(200 + gaussian_filter(generator.normal(0, 200, (120, 120)), 1.5)).astype(np.uint16)
    places = np.stack(np.meshgrid(np.arange(12, 110, 16), np.arange(12, 110, 16)), axis=-1).reshape(-1, 2)
    spot = np.zeros(image.shape)
    spot[tuple(places.T)] = height * 2 * np.pi * 1.5**2
    image = (image + gaussian_filter(spot, 1.5)).astype(np.uint16)
    marks = _measured(image, places.astype(np.float64), sigmas=(1.5, 1.5)).assign(mark=0.9)
    marks = marks.assign(plate="P", well="A1", channel="RNA", site="1")
    labels = {"1": np.ones(image.shape, np.uint32)}
    found = run([SiteStacks("1", {"RNA": image}, 0.1)], labels, labels, SETTINGS, key=("P", "A1"), marks=marks)
    assert ("marks in the noise" in found.thresholds["doubts"][0]) == is_doubted


def test_a_constant_image_has_no_spots() -> None:
    image = np.full((30, 30), 7, np.uint16)
    found = detection_of_marks(image, _marks(_image(80, 60)).iloc[:0], sigma_px=1.5)
    assert (len(found.spots), found.threshold.n_spots) == (0, 0)


def test_each_image_of_a_well_gets_its_own_marks() -> None:
    image = _image(80, 60)
    marks = pd.concat([_marks(image), _marks(image).iloc[:1].assign(site="2")], ignore_index=True)
    labels = np.ones((80, 60), np.uint32)
    sites = [SiteStacks(name, {"RNA": image}, 0.1) for name in ("1", "2", "3")]
    of_sites = dict.fromkeys(("1", "2", "3"), labels)
    found = run(sites, of_sites, of_sites, SETTINGS, key=("P", "A1"), marks=marks)
    for name, table in TABLES.items():
        check_table(getattr(found, name), table, source=name)
    assert found.cells["n_spots"].tolist() == [3, 1, 0]
    assert set(found.thresholds["method"]) == {"enhanced"}


def test_the_optics_give_the_size_of_a_spot() -> None:
    site = SiteStacks("1", {"RNA": np.zeros((5, 5))}, 0.1)
    optics = Optics(670.0, 1.4, 1.515)
    voxel, sigma = sizes_in_image(site.stacks["RNA"], site, SpotSizes(optics, None))
    assert voxel == (0.1, 0.1)
    assert sigma == optics.sigma_px((0.1, 0.1))


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"threshold": {"method": "elbow"}}, "spots.threshold: does not apply"),
        ({"max_per_neighborhood": 2}, "spots.max_per_neighborhood: does not apply"),
        ({"method": "classical", "weights": "w.npz"}, "spots.weights: needs spots.method enhanced"),
    ],
)
def test_keys_that_the_method_does_not_use_are_mistakes(changed: dict[str, Any], key: str) -> None:
    block = {"channels": [], "sigma_px": 1.5, "spacing_um": None, "threshold": {"method": "noise"}}
    block |= {"max_per_neighborhood": 1, "method": "enhanced", "weights": None, **changed}
    (mistake,) = STAGE.mistakes({"spots": block, "raw": {"format": "tiff"}})
    assert mistake.startswith(key)
