"""Robust z-scores, flagged images, sites left out."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from wellspring.quality.measures import measure_image
from wellspring.quality.outliers import flagged_images, kept_sites, robust_z
from wellspring.quality.tables import FLAGGED_IMAGES, IMAGE_QUALITY, JUDGED, KEPT_SITES
from wellspring.tables import check_table, empty_table


def _images(focus: list[float], *, plate: str = "p1", channel: str = "actin") -> pd.DataFrame:
    measures = {**dict.fromkeys(JUDGED, 1.0), **{f"error_{name}": 0.0 for name in JUDGED}}
    frame = pd.DataFrame(measures, index=range(len(focus)))
    key = {"plate": plate, "well": [f"A{i:02d}" for i in range(len(focus))], "site": "1", "channel": channel}
    return frame.assign(focus_slope=focus, **key)[IMAGE_QUALITY.names]


def test_robust_z_by_hand() -> None:
    # Median 3, absolute deviations 2 1 0 1 97, their median 1.
    expected = np.array([-2, -1, 0, 1, 97]) / 1.4826
    assert robust_z(np.array([1.0, 2, 3, 4, 100])) == pytest.approx(expected)


def test_robust_z_where_most_are_equal_uses_the_mean_deviation() -> None:
    assert robust_z(np.array([5.0, 5, 5, 5, 10])) == pytest.approx([0, 0, 0, 0, 5 / 1.2533])


def test_robust_z_of_equal_values_is_0_and_nan_stays() -> None:
    assert robust_z(np.array([5.0, 5.0])).tolist() == [0, 0]
    assert np.isnan(robust_z(np.array([5.0, np.nan, 5.0]))).tolist() == [False, True, False]
    assert np.isnan(robust_z(np.array([np.nan, np.nan]))).all()


def test_images_are_judged_beside_those_of_their_plate_and_channel() -> None:
    usual = [-2.0, -2.1, -1.9, -2.05, -1.95]
    images = pd.concat([_images([*usual, -5.0]), _images([u - 3 for u in [*usual, -2.0]], plate="p2")])
    found = flagged_images(images, max_z=5, judged_by=["focus_slope"], min_images=4)
    check_table(found, FLAGGED_IMAGES, source="test")
    assert found["is_flagged"].tolist() == [False] * 5 + [True] + [False] * 6
    assert found["reasons"][5].startswith("focus_slope -2")
    assert found["reasons"][0] == "none"


def test_an_image_that_is_sharper_than_the_others_is_no_worse() -> None:
    usual = [-4.0, -4.1, -3.9, -4.05, -3.95]
    images = pd.concat([_images([*usual, -1.0]), _images([*usual, -7.0], plate="p2")])
    found = flagged_images(images, max_z=5, judged_by=["focus_slope"], min_images=4)
    assert found["is_flagged"].tolist() == [False] * 11 + [True]
    # By any other measure both sides are faults.
    images = images.assign(median=images["focus_slope"])
    assert flagged_images(images, max_z=5, judged_by=["median"], min_images=4)["is_flagged"].sum() == 2


def test_a_field_whose_cells_lie_at_its_rim_is_not_flagged() -> None:
    """Under the window of the spectrum little is left but noise."""
    rng = np.random.default_rng(78)
    images = [_field(k, n_cells=int(rng.poisson(9))) for k in range(200, 224)]
    rows, columns = np.mgrid[:192, :192]
    light = np.full((192, 192), 5.0)
    for y, x in ((3, 40), (5, 150), (186, 30), (189, 140)):
        light[(rows - y) ** 2 + (columns - x) ** 2 < 11**2] += 80
    light = ndimage.gaussian_filter(light, 1.3)
    rim = np.rint(110 + 0.6 * rng.poisson(light) + rng.normal(0, 1.1, light.shape)).astype(np.uint16)
    found = _judged([*images, rim])
    assert found["z_focus_slope"].iloc[-1] > 0 or np.isnan(found["z_focus_slope"].iloc[-1])
    assert not found["is_flagged"].any()


def test_too_few_images_are_not_judged() -> None:
    found = flagged_images(_images([-2.0, -2.1, -9.0]), max_z=3, judged_by=["focus_slope"], min_images=4)
    assert not found["is_judged"].any()
    assert not found["is_flagged"].any()


def test_shares_must_differ_by_something_that_matters() -> None:
    images = _images([-2.0] * 6).assign(saturated_share=[0.0, 0, 0, 0, 0, 0.002])
    assert not flagged_images(images, max_z=3, judged_by=["saturated_share"], min_images=4)["is_flagged"].any()
    images["saturated_share"] *= 100
    assert flagged_images(images, max_z=3, judged_by=["saturated_share"], min_images=4)["is_flagged"].sum() == 1


def test_a_measure_that_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"judged_by: \['blur'\] are no measures"):
        flagged_images(_images([1.0]), max_z=3, judged_by=["blur"], min_images=4)


@pytest.mark.parametrize("drop", [True, False])
def test_a_site_goes_with_its_worst_image(drop: bool) -> None:
    usual = [-2.0, -2.1, -1.9, -2.05, -1.95]
    images = pd.concat([_images([*usual, -5.0]), _images([*usual, -2.0], channel="nuclei")])
    sites = kept_sites(flagged_images(images, max_z=5, judged_by=["focus_slope"], min_images=4), drop=drop)
    check_table(sites, KEPT_SITES, source="test")
    assert len(sites) == 6
    assert sites["is_flagged"].tolist() == [False] * 5 + [True]
    assert sites["is_kept"].tolist() == [True] * 5 + [not drop]
    assert sites["reasons"][5].startswith("actin: focus_slope -")


def test_no_images_give_valid_empty_tables() -> None:
    found = flagged_images(empty_table(IMAGE_QUALITY), max_z=5, judged_by=["median"], min_images=4)
    assert found.columns.tolist() == FLAGGED_IMAGES.names
    assert kept_sites(found, drop=True).columns.tolist() == KEPT_SITES.names


def _field(seed: int, *, n_cells: int, blur_px: float = 1.3, ground: float = 5.0) -> np.ndarray:
    """(192, 192) uint16: discs of 11 px on a dim background, with shot and camera noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:192, :192]
    light = np.full((192, 192), ground)
    for y, x in rng.uniform(0, 192, (n_cells, 2)):
        light[(rows - y) ** 2 + (columns - x) ** 2 < 11**2] += 80
    light = ndimage.gaussian_filter(light, blur_px)
    return np.rint(110 + 0.6 * rng.poisson(light) + rng.normal(0, 1.1, light.shape)).astype(np.uint16)


def _judged(images: list[np.ndarray]) -> pd.DataFrame:
    rows = [
        {"plate": "P", "well": f"A{k:02d}", "site": "1", "channel": "DAPI", **vars(measure_image(image))}
        for k, image in enumerate(images)
    ]
    names = ["focus_slope", "median", "std", "saturated_share", "empty_share"]
    return flagged_images(pd.DataFrame(rows), max_z=5, judged_by=names, min_images=8)


@pytest.mark.slow
def test_equally_good_fields_are_not_flagged_however_many_cells_they_have() -> None:
    rng = np.random.default_rng(77)
    images = [_field(k, n_cells=int(rng.poisson(7)), ground=5 * (1 + 0.1 * rng.normal())) for k in range(40)]
    images += [_field(90, n_cells=0), _field(91, n_cells=1)]
    assert not _judged(images)["is_flagged"].any()


def test_a_field_out_of_focus_and_a_dark_one_are_flagged() -> None:
    images = [_field(k, n_cells=40) for k in range(20)]
    found = _judged([*images, _field(50, n_cells=40, blur_px=4.0), _field(51, n_cells=0)])
    assert found["is_flagged"].tolist() == [False] * 20 + [True, True]
    assert found["reasons"][20].startswith("focus_slope -")
    assert np.isnan(found["z_focus_slope"][21])


def test_an_image_whose_error_is_not_known_is_not_judged_by_that_measure() -> None:
    images = _images([-2.0, -2.1, -1.9, -2.05, -1.95, -9.0])
    images.loc[5, "error_focus_slope"] = np.nan
    assert not flagged_images(images, max_z=5, judged_by=["focus_slope"], min_images=4)["is_flagged"].any()


def test_an_error_is_drawn_towards_that_of_the_plate() -> None:
    images = _images([-2.0, -2.1, -1.9, -2.05, -1.95, -4.0])
    images["error_focus_slope"] = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    # Without the largest tenth (one of six) the mean square is 0.8, so that of the last image is 0.4.
    z = flagged_images(images, max_z=5, judged_by=["focus_slope"], min_images=4)["z_focus_slope"]
    usual = 1.4826 * 0.075
    assert z[5] == pytest.approx(-1.975 / np.hypot(usual, np.sqrt(0.4)))
    assert z[1] == pytest.approx(-0.075 / np.hypot(usual, 1.0))
