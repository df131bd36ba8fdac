"""Doubts about the nuclei of a site: each where it must hold, and where it must not."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from wellspring.segmentation.doubts import DOUBTS, NO_DOUBT, compared_sites, describe_nuclei, joined_doubts
from wellspring.segmentation.nuclei import Nuclei, nuclei_of_image
from wellspring.segmentation.nucleus_doubts import describe_each
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.segmentation.texture import count_tops
from wellspring.tables import check_table, empty_table


def _squares(*sides: int, shape: tuple[int, int] = (200, 300)) -> NDArray[np.uint32]:
    """Labelled squares in rows, none at the border."""
    labels, y, x, deepest = np.zeros(shape, np.uint32), 2, 2, 0
    for number, side in enumerate(sides, start=1):
        if x + side + 2 > shape[1]:
            y, x, deepest = y + deepest + 2, 2, 0
        labels[y : y + side, x : x + side] = number
        x, deepest = x + side + 2, max(deepest, side)
    return labels


def _described(labels: NDArray[np.uint32]) -> pd.Series:
    view = nuclei_of_image(np.zeros(labels.shape, np.uint16)).view
    found = Nuclei(labels, view)
    row = describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1")
    return check_table(row, SITE_NUCLEI, source="sites").iloc[0]


@pytest.mark.parametrize(
    ("sides", "doubts"),
    [
        ((), "none"),
        ((12,) * 20, "none"),
        # A quarter of the field is 122 x 122 px, a twentieth 55 x 55.
        ((125,), "large object"),
        ((60,), "large object"),
        ((60, 10, 10), "large object"),
        ((60, 40, 40), "none"),
        ((50, 10, 10), "none"),
        # Areas of 16 and 225 px, and of 64 and 225.
        ((4,) * 8 + (15,) * 8, "sizes over a decade"),
        ((8,) * 8 + (15,) * 8, "none"),
        ((4,) * 3 + (15,) * 3, "none"),
        # Of 20 nuclei 5, or 4, of more than twice the median area; of 8 none of 5.
        ((10,) * 15 + (15,) * 5, "look like several"),
        ((10,) * 16 + (15,) * 4, "none"),
        ((10,) * 8 + (15,) * 4, "none"),
        # 0.68 and 0.75 of the field.
        ((45,) * 20, "none"),
        ((65, 65, 65, 65) * 2 + (62, 62, 62, 62), "most of the field"),
    ],
)
def test_doubts_of_a_site_alone(sides: tuple[int, ...], doubts: str) -> None:
    assert _described(_squares(*sides))["doubts"] == doubts


def test_a_site_is_described() -> None:
    row = _described(_squares(10, 10, 20))
    assert row[["n_nuclei", "median_px", "n_classes", "masked_share"]].tolist() == [3, 100.0, 1, 0.0]
    assert row["largest_share"] == 400 / 60_000
    assert np.isnan(row["size_ratio"])


def _embryo(*, yolk: float) -> NDArray[np.uint16]:
    """196 nuclei of 8 px in two rings round a yolk, in haze."""
    rng = np.random.default_rng(0)
    y, x = np.indices((300, 420), dtype=np.float32) - np.array([150, 210], dtype=np.float32)[:, None, None]
    away = np.hypot(x / 190, y / 130)
    image = yolk * np.clip(1 - away**2, 0, None) + 0.3 * (away < 1.05)
    for turn in np.arange(196) * 2 * np.pi / 98:
        out = 0.95 if turn < 2 * np.pi else 0.83
        nearness = (y - 130 * out * np.sin(turn)) ** 2 + (x - 190 * out * np.cos(turn)) ** 2
        image = np.maximum(image, 1.2 * np.exp(-nearness / (2 * 2.5**2)))
    return rng.poisson(image * 400 + 20).astype(np.uint16)


@pytest.mark.parametrize("yolk", [0.3, 3.0])
def test_an_embryo_that_is_taken_for_a_few_nuclei_is_doubted(yolk: float) -> None:
    found = nuclei_of_image(_embryo(yolk=yolk))
    row = describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1").iloc[0]
    assert row["n_nuclei"] < 60
    assert {"large object", "far finer texture"} & set(row["doubts"].split(", "))


@pytest.mark.slow
def test_nuclei_in_one_object_are_of_a_far_finer_texture_and_nuclei_apart_are_not() -> None:
    image = _embryo(yolk=0.2)
    view = nuclei_of_image(image).view
    whole = np.zeros(image.shape, dtype=np.uint32)
    whole[10:-10, 10:100], whole[10:-10, 100:200], whole[10:-10, 200:-10] = 1, 2, 3
    apart = np.zeros(image.shape, dtype=np.uint32)
    apart[20:130:30, 20:400:30] = 1 + np.arange(52).reshape(4, 13)
    for labels, is_doubted in ((whole, True), (apart, False)):
        found = Nuclei(labels, view)
        row = describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1").iloc[0]
        assert ("far finer texture" in row["doubts"]) == is_doubted
    # At the narrow ends of the rings nuclei lie on top of each other.
    assert 140 < count_tops(whole, view.image) <= 196
    assert count_tops(np.zeros_like(whole), view.image) == 0


def test_masked_pixels_are_no_part_of_the_field() -> None:
    image = np.random.default_rng(0).poisson(500, (100, 100)).astype(np.uint16)
    image[:, :50] = 0
    found = nuclei_of_image(image)
    row = describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1").iloc[0]
    assert row["masked_share"] == pytest.approx(0.53, abs=0.01)


def _plate(*sites: tuple[int, float], plate: str = "P") -> pd.DataFrame:
    """Table `SITE_NUCLEI` from the number of nuclei and their median size."""
    rows = [
        (plate, f"A{k:02d}", "1", n, size if n else np.nan, 0.01, 1.5, 2, False, 0.0, "none", 0, 0.1, n)
        for k, (n, size) in enumerate(sites, start=1)
    ]
    return pd.DataFrame(rows, columns=SITE_NUCLEI.names)


USUAL = ((40, 300.0), (55, 290.0), (25, 310.0), (60, 300.0), (38, 305.0), (44, 280.0))


@pytest.mark.parametrize(
    ("site", "doubts"),
    [
        # The plate's median with it is about 44.
        ((600, 40.0), "far more than usual"),
        ((200, 40.0), "far more than usual"),
        ((500, 300.0), "far more than usual"),
        ((300, 290.0), "none"),
        ((120, 250.0), "none"),
        ((1, 5000.0), "far fewer than usual"),
        ((4, 300.0), "far fewer than usual"),
        ((9, 300.0), "none"),
        ((0, 0.0), "none"),
    ],
)
def test_doubts_from_the_other_sites_of_the_plate(site: tuple[int, float], doubts: str) -> None:
    table = compared_sites(_plate(*USUAL, site))
    assert table["doubts"].tolist() == ["none"] * 6 + [doubts]
    # Another plate, or one of few sites, says nothing about it.
    apart = compared_sites(pd.concat([_plate(*USUAL), _plate(site, plate="Q")]))
    assert set(apart["doubts"]) == {"none"}


def test_a_few_cells_on_a_plate_that_is_all_but_empty_are_no_doubt() -> None:
    assert set(compared_sites(_plate(*[(1, 300.0)] * 8, (60, 300.0)))["doubts"]) == {"none"}


def test_doubts_are_joined_in_their_order() -> None:
    table = _plate(*USUAL, (1, 9000.0))
    table.loc[6, "doubts"] = "large object"
    assert compared_sites(table)["doubts"].iloc[6] == "large object, far fewer than usual"
    assert joined_doubts([]) == joined_doubts([NO_DOUBT]) == NO_DOUBT
    assert joined_doubts(reversed(DOUBTS)) == ", ".join(DOUBTS)
    assert len(compared_sites(empty_table(SITE_NUCLEI))) == 0
