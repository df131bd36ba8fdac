"""Drawn nuclei that look like several: too large, concave, or with a dip; and those that do not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.segmentation.classes import View
from wellspring.segmentation.nuclei import Nuclei, nuclei_of_image
from wellspring.segmentation.nucleus_doubts import describe_each, looks_like_several, solidities, tops_within
from wellspring.segmentation.tables import NUCLEI
from wellspring.simulation.crowded_nuclei import draw_crowded
from wellspring.tables import check_table

ROWS, COLUMNS = np.mgrid[:100, :140]


def _disc(y: float, x: float, radius: float) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(ROWS - y, COLUMNS - x) <= radius)


def _labelled(*masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    labels = np.zeros(ROWS.shape, np.int64)
    for number, mask in enumerate(masks, start=1):
        labels[mask] = number
    return labels


def test_solidity_by_hand() -> None:
    labels = np.zeros((8, 12), np.int64)
    labels[1:5, 1:4] = 1
    # An L of 4 + 3 px: its hull has the corners (1, 6), (4, 6), (4, 9), so 10 pixels.
    labels[1:5, 6] = labels[4, 6:10] = 2
    assert solidities(labels)[:2] == pytest.approx([1, 1])
    assert solidities(labels)[2] == pytest.approx(0.7)
    assert solidities(np.zeros((3, 4), np.int64)).tolist() == [1.0]


def test_a_disc_is_solid_and_a_pair_is_concave() -> None:
    labels = _labelled(_disc(30, 30, 14), _disc(60, 60, 12) | _disc(60, 80, 12), _disc(30, 110, 6))
    solidity = solidities(labels)[1:]
    assert solidity[[0, 2]].tolist() == [1, 1]
    assert solidity[1] < 0.95


@pytest.mark.parametrize(
    ("n_px", "solidity", "n_tops", "is_several"),
    [
        (100, 0.98, 1, False),
        (200, 0.98, 1, False),
        (201, 0.98, 1, True),
        (126, 0.94, 1, True),
        (126, 0.96, 1, False),
        # A small one that is bent, or dented by its neighbour.
        (125, 0.80, 1, False),
        (80, 0.98, 2, True),
    ],
)
def test_size_shape_and_stain_decide(n_px: int, solidity: float, n_tops: int, is_several: bool) -> None:
    found = looks_like_several(np.array([n_px]), np.array([solidity]), np.array([n_tops]), middle=100.0)
    assert found.tolist() == [is_several]


def _stain(dip: float, *, texture: float = 0.0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One label over two discs that overlap, whose light between them is less by the share `dip`; and a disc."""
    pair = _disc(50, 38, 14) | _disc(50, 58, 14)
    labels = _labelled(pair, _disc(50, 110, 14))
    light = 20 + 500.0 * (labels > 0)
    light[pair & (abs(COLUMNS - 48) <= 3)] -= dip * 500
    grain = 1 + texture * 7 * cv2.GaussianBlur(np.random.default_rng(2).normal(size=ROWS.shape), (0, 0), 1.5)
    return labels, cv2.GaussianBlur(light * grain, (0, 0), 1.0)


def test_a_dip_across_a_nucleus_makes_two_tops_and_texture_does_not() -> None:
    assert tops_within(*_stain(0.4)).tolist() == [0, 2, 1]
    assert tops_within(*_stain(0.0)).tolist() == [0, 1, 1]
    assert tops_within(*_stain(0.0, texture=0.1)).tolist() == [0, 1, 1]
    assert tops_within(np.zeros((5, 6), np.int64), np.zeros((5, 6))).tolist() == [0]
    assert tops_within(np.ones((9, 9), np.int64), np.zeros((9, 9))).tolist() == [0, 1]


def test_touching_nuclei_do_not_share_a_top() -> None:
    left = _disc(50, 40, 14) & (COLUMNS <= 47)
    right = _disc(50, 56, 14) & (COLUMNS > 47)
    light = 20 + 500.0 * (left | right)
    assert tops_within(_labelled(left, right), light).tolist() == [0, 1, 1]


def test_dark_nucleoli_make_no_doubt_and_pairs_of_such_nuclei_do() -> None:
    field = draw_crowded(300, diameter_px=30.0, rng=np.random.default_rng(101))
    view, labels = nuclei_of_image(field.image).view, field.labels.astype(np.int64)
    single = describe_each(Nuclei(field.labels, view))
    assert (single["n_tops"] > 1).mean() > 0.25
    assert single["is_nucleus_of_several"].mean() < 0.15
    # Each with its neighbour on the right, if that is nobody's yet.
    numbers = np.arange(labels.max() + 1)
    for left, right in zip(labels[:, :-1].ravel(), labels[:, 1:].ravel(), strict=True):
        if 0 not in (left, right) and left != right and (numbers == left).sum() == (numbers == right).sum() == 1:
            numbers[right] = numbers[left]
    pairs = describe_each(Nuclei(numbers[labels].astype(np.uint32), view)).set_index("label_in_site")
    assert pairs.loc[[n for n in np.unique(numbers) if (numbers == n).sum() == 2], "is_nucleus_of_several"].mean() > 0.4


def test_each_nucleus_is_described() -> None:
    labels = _labelled(*[_disc(20 + 30 * i, 20 + 32 * j, 9) for i in range(3) for j in range(4)]).astype(np.uint32)
    labels[_disc(20, 20, 15)] = 1
    image = np.random.default_rng(0).poisson(20 + 400 * (labels > 0)).astype(np.uint16)
    table = describe_each(Nuclei(labels, nuclei_of_image(image).view))
    check_table(table, NUCLEI, source="nuclei")
    assert table["label_in_site"].tolist() == list(range(1, 13))
    assert table["is_nucleus_of_several"].tolist() == [True] + [False] * 11
    assert table["nucleus_px"].tolist()[1:] == [int(_disc(20, 52, 9).sum())] * 11
    assert len(describe_each(Nuclei(np.zeros((9, 9), np.uint32), nuclei_of_image(np.zeros((9, 9))).view))) == 0


def test_of_ten_textured_nuclei_that_touch_each_is_found_or_doubted() -> None:
    generator = np.random.default_rng(4)
    row, column = np.mgrid[:160, :300]
    light = np.zeros(row.shape)
    for k in range(5):
        for x in (40, 66):
            disc = np.hypot(row - 20 - 30 * k, column - x - 50 * (k % 2) * 2) <= 14
            light[disc] = 400 * generator.uniform(0.8, 1.2)
    grain = cv2.GaussianBlur(generator.normal(size=row.shape), (0, 0), 2.5)
    image = 40 + cv2.GaussianBlur(light * np.clip(1 + 0.25 * grain / grain.std(), 0.2, 2), (0, 0), 1.0)
    found = nuclei_of_image(generator.poisson(image).astype(np.uint16))
    table = describe_each(found)
    assert table["is_nucleus_of_several"].sum() + len(table) >= 10
    assert 9 <= len(table) <= 11


@pytest.mark.parametrize(("n_single", "is_doubted"), [(4, True), (5, False)])
def test_two_tops_are_two_nuclei_unless_five_single_ones_are_as_large(n_single: int, is_doubted: bool) -> None:
    y, x = np.mgrid[:60, : 50 * (n_single + 1)]
    labels, image = np.zeros(x.shape, np.uint32), np.zeros(x.shape, np.float32)
    for number in range(n_single + 1):
        away = x - 25 - 50 * number
        own = np.hypot(y - 30, away) < 20
        labels[own] = number + 1
        light = np.exp(-((away / 12) ** 2)) if number else 1 - 0.6 * np.exp(-((away / 4) ** 2))
        image[own] = 100 * light[own]
    found = describe_each(Nuclei(labels, View(image, None, None, 0.0, is_evened=False, n_classes=2)))
    assert found["n_tops"].tolist() == [2] + [1] * n_single
    assert found["is_nucleus_of_several"].tolist() == [is_doubted] + [False] * n_single
