"""The light around bright drawn nuclei is no nucleus; dim nuclei next to bright ones are."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.matching import f1
from wellspring.segmentation.halos import without_halos
from wellspring.segmentation.nuclei import nuclei_of_image, segment_nuclei
from wellspring.segmentation.shapes import ellipse_shares

ROWS, COLUMNS = np.mgrid[:120, :160]


def _disc(y: float, x: float, radius: float) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(ROWS - y, COLUMNS - x) <= radius)


def _found(*objects: tuple[NDArray[np.bool_], float | NDArray[np.floating]]) -> NDArray[np.uint32]:
    """What is left of objects (mask, height) that are labelled in their order; an earlier one lies on top."""
    labels, height = np.zeros(ROWS.shape, np.uint32), np.zeros(ROWS.shape, np.float32)
    for number, (mask, level) in reversed(list(enumerate(objects, start=1))):
        labels[mask] = number
        height[mask] = np.broadcast_to(level, ROWS.shape)[mask]
    return without_halos(labels, height)


def test_a_ring_around_a_bright_nucleus_is_dropped_and_the_others_are_numbered_anew() -> None:
    ring, bright, apart = _disc(60, 60, 20), _disc(60, 60, 12), _disc(60, 120, 12)
    found = _found((ring & ~bright, 3.0), (bright, 10.0), (apart, 4.0))
    assert set(np.unique(found)) == {0, 1, 2}
    assert (found[bright] == 1).all()
    assert (found[apart] == 2).all()
    # Around one that is hardly brighter it may be a nucleus of an odd shape.
    assert _found((ring & ~bright, 6.0), (bright, 10.0), (apart, 4.0)).max() == 3


@pytest.mark.parametrize(("far", "is_kept"), [(1.0, True), (0.8, True), (0.3, False)])
def test_what_falls_away_from_a_bright_nucleus_is_its_light(far: float, is_kept: bool) -> None:
    # A disc of height 4 whose light falls to `far` of it on the side away from a nucleus of height 20.
    beside = np.clip(4 - 4 * (1 - far) * (COLUMNS - 72) / 24, 0, 4)
    found = _found((_disc(60, 60, 12), 20.0), (_disc(60, 84, 11), beside), (_disc(30, 130, 12), 5.0))
    assert found.max() == (3 if is_kept else 2)
    # Away from brighter ones nothing is light of theirs.
    assert _found((_disc(60, 60, 12), 5.0), (_disc(60, 84, 11), beside), (_disc(30, 130, 12), 5.0)).max() == 3


def test_few_or_no_nuclei_stay() -> None:
    assert not _found().any()
    assert _found((_disc(60, 60, 12), 5.0)).max() == 1


def test_shapes_of_labels() -> None:
    labels = np.zeros(ROWS.shape, np.int64)
    labels[_disc(60, 40, 20)] = 1
    labels[_disc(60, 110, 15) | _disc(60, 140, 15)] = 3
    assert ellipse_shares(labels, steps=(1.0, 1.0)) == pytest.approx([1, 1, 1, 0.89], abs=0.01)


def test_of_a_halo_with_a_nucleus_in_it_the_nucleus_stays() -> None:
    inner, ring = _disc(60, 60, 6), _disc(60, 60, 20) & ~_disc(60, 66, 13)
    height = np.where(inner & ring, 20.0, 3.0)
    swallowed = _disc(74, 48, 5)
    height[swallowed] = 20.0
    found = _found((ring, height), (_disc(60, 68, 10), 10.0), (_disc(60, 120, 12), 10.0))
    assert found.max() == 3
    assert (found[swallowed & ring] > 0).all()
    assert found[40, 55] == 0


def _field(shape: tuple[int, int] = (200, 240)) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    row, column = np.mgrid[: shape[0], : shape[1]]
    return row, column


@pytest.mark.parametrize("haze", [0.2, 0.4])
def test_the_haze_of_a_bright_cluster_has_no_nuclei(haze: float) -> None:
    row, column = _field()
    places = [(60, 70), (60, 96), (82, 83), (104, 70), (104, 96), (30, 180), (100, 190), (160, 170), (160, 60)]
    discs = [np.hypot(row - y, column - x) <= 10 for y, x in places]
    light = sum(level * disc for disc, level in zip(discs, [3000.0] * 5 + [200.0] * 4, strict=True))
    mean = 60 + cv2.GaussianBlur(light, (0, 0), 1.5) + haze * cv2.GaussianBlur(light, (0, 0), 12)
    found = segment_nuclei(np.random.default_rng(3).poisson(mean).astype(np.uint16))
    assert found.max() == len(places)
    assert sorted(int(found[y, x]) for y, x in places) == list(range(1, len(places) + 1))
    assert [int((found == found[y, x]).sum()) for y, x in places] == pytest.approx([314] * len(places), rel=0.1)


def test_nuclei_of_a_dense_clump_are_found_on_their_own_scale() -> None:
    # 80 nuclei, 16 px across and 2 apart, under their own haze, and 4 below them: what is stained is a clump.
    row, column = _field()
    generator, image, true = np.random.default_rng(5), np.full((200, 240), 40.0), np.zeros((200, 240), np.int64)
    for i, j in np.ndindex(8, 10):
        y, x = 24 + 18 * i + generator.uniform(-1, 1), 24 + 18 * j + 9 * (i % 2) + generator.uniform(-1, 1)
        disc = np.hypot(row - y, column - x) <= 8
        image[disc], true[disc] = 40 + generator.uniform(240, 360), 1 + 10 * i + j
    for number, x in enumerate((40, 90, 140, 200), start=81):
        disc = np.hypot(row - 185, column - x) <= 8
        image[disc], true[disc] = 340, number
    image += 0.3 * cv2.GaussianBlur(image - 40, (0, 0), 15)
    found = nuclei_of_image(generator.poisson(cv2.GaussianBlur(image, (0, 0), 1.5)).astype(np.uint16))
    assert found.view.diameter_px == pytest.approx(16, rel=0.15)
    assert f1(true, found.labels) > 0.93
