"""Images that are unlike the others of their plate and channel."""

import numpy as np
import pandas as pd
import pytest

from wellspring.spots.doubts import NO_DOUBT, UNLIKE
from wellspring.spots.plate import compared_images


def _plate(n_wells: int, *, seed: int = 3) -> pd.DataFrame:
    """Images of an even plate: thresholds and levels scatter by a tenth, sizes of spots by a 20th."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "plate": "p1",
            "well": [f"A{number + 1:02d}" for number in range(n_wells)],
            "channel": "RNA",
            "threshold": 6.5 * np.exp(rng.normal(0, 0.1, n_wells)),
            "level": 180.0 * np.exp(rng.normal(0, 0.1, n_wells)),
            "sigma_px_median": 1.5 * np.exp(rng.normal(0, 0.05, n_wells)),
            "doubts": NO_DOUBT,
        }
    )


@pytest.mark.parametrize("seed", range(20))
def test_an_even_plate_has_no_doubt(seed: int) -> None:
    assert (compared_images(_plate(24, seed=seed))["doubts"] == NO_DOUBT).all()


@pytest.mark.parametrize(
    ("column", "factor"),
    [("threshold", 0.1), ("threshold", 10.0), ("level", 3.0), ("level", 0.3), ("sigma_px_median", 1.9)],
)
def test_one_image_far_off_is_doubted_and_no_other(column: str, factor: float) -> None:
    table = _plate(12)
    table.loc[5, column] *= factor
    doubts = compared_images(table)["doubts"].tolist()
    assert doubts[5] == UNLIKE
    assert doubts[:5] + doubts[6:] == [NO_DOUBT] * 11


def test_an_image_off_by_orders_of_magnitude_does_not_move_what_is_usual_and_rows_may_have_any_index() -> None:
    table = _plate(8)
    table.loc[3, "threshold"] *= 1e5
    table.index = pd.Index([4] * 8)
    found = compared_images(table)
    assert list(found) == list(table)
    doubts = found["doubts"].tolist()
    assert doubts == [NO_DOUBT] * 3 + [UNLIKE] + [NO_DOUBT] * 4


@pytest.mark.parametrize(("n_images", "is_compared"), [(5, False), (6, True)])
def test_six_images_say_what_is_usual(n_images: int, is_compared: bool) -> None:
    table = _plate(n_images)
    table.loc[0, "threshold"] *= 1e3
    assert (compared_images(table)["doubts"][0] == UNLIKE) == is_compared


def test_doubts_that_were_there_stay() -> None:
    table = _plate(12)
    table.loc[2, "threshold"] *= 12
    table.loc[2, "doubts"] = "no cells"
    table.loc[3, "doubts"] = "crowded"
    assert compared_images(table)["doubts"].tolist()[2:4] == [f"no cells, {UNLIKE}", "crowded"]


def test_plates_and_channels_are_compared_each_by_itself() -> None:
    dim = _plate(8).assign(plate="p2")
    dim["threshold"] /= 20
    other = _plate(8).assign(channel="GFP")
    other["level"] *= 15
    assert (compared_images(pd.concat([_plate(8), dim, other]))["doubts"] == NO_DOUBT).all()


def test_few_images_and_missing_values_are_not_compared() -> None:
    few = _plate(5)
    few.loc[0, "threshold"] *= 50
    assert (compared_images(few)["doubts"] == NO_DOUBT).all()
    table = _plate(9)
    table.loc[:1, ["threshold", "sigma_px_median"]] = np.nan
    table.loc[2, "level"] = 0.0
    assert (compared_images(table)["doubts"] == NO_DOUBT).all()
    assert compared_images(table.iloc[:0]).empty
