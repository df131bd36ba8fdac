"""Doubts about the nuclei of a site: each where it must hold, and where it must not."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from wellspring.segmentation.doubts import DOUBTS, NO_DOUBT, compared_sites, describe_nuclei, joined_doubts
from wellspring.segmentation.nuclei import Nuclei, nuclei_of_image
from wellspring.segmentation.nucleus_doubts import describe_each
from wellspring.segmentation.tables import SITE_NUCLEI
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
    ],
)
def test_doubts_of_a_site_alone(sides: tuple[int, ...], doubts: str) -> None:
    assert _described(_squares(*sides))["doubts"] == doubts


def test_a_site_is_described() -> None:
    row = _described(_squares(10, 10, 20))
    assert row[["n_nuclei", "median_px", "n_classes", "masked_share"]].tolist() == [3, 100.0, 1, 0.0]
    assert row["largest_share"] == 400 / 60_000
    assert np.isnan(row["size_ratio"])


def test_masked_pixels_are_no_part_of_the_field() -> None:
    image = np.random.default_rng(0).poisson(500, (100, 100)).astype(np.uint16)
    image[:, :50] = 0
    found = nuclei_of_image(image)
    row = describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1").iloc[0]
    assert row["masked_share"] == pytest.approx(0.53, abs=0.01)


def _plate(*sites: tuple[int, float], plate: str = "P") -> pd.DataFrame:
    """Table `SITE_NUCLEI` from the number of nuclei and their median size."""
    rows = [
        (plate, f"A{k:02d}", "1", n, size if n else np.nan, 0.01, 1.5, 2, False, 0.0, "none", 0)
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
