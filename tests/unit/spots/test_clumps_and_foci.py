"""Clumps hold the spots that their light says; foci, cells and counts by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish
from wellspring.spots import detect_spots
from wellspring.spots.clumps import decompose_clumps
from wellspring.spots.foci import assign_labels, count_per_cell, find_foci, foci_table
from wellspring.spots.tables import SPOT_FOCI, SPOTS_PER_CELL
from wellspring.tables import check_table


@pytest.mark.parametrize(("shape", "sigma_px"), [((256, 256), (1.5, 1.5)), ((16, 160, 160), (1.2, 1.5, 1.5))])
@pytest.mark.parametrize("n_each", [3, 20])
def test_the_total_is_the_truth(shape: tuple[int, ...], sigma_px: tuple[float, ...], n_each: int) -> None:
    settings = FieldSettings(
        shape, sigma_px, 50, n_clumps=6, spots_per_clump=n_each, clump_radius_px=1.5, margin_px=12.0, snr=15.0
    )
    field = simulate_smfish(settings, rng=np.random.default_rng(5))
    spots = detect_spots(field.image, sigma_px=sigma_px)
    whole = decompose_clumps(field.image, spots, sigma_px=sigma_px)
    assert len(whole.spots) == pytest.approx(len(field.spots), rel=0.1)
    assert whole.spots["is_added"].sum() == len(whole.spots) - len(spots)
    # What was found stays as it was.
    pd.testing.assert_frame_equal(whole.spots.iloc[: len(spots)].drop(columns="is_added"), spots)
    assert whole.amplitude == pytest.approx(settings.amplitude, rel=0.15)


def test_added_spots_lie_in_the_clump_and_none_at_the_border() -> None:
    light = np.full((100, 120), 200.0)
    singles = np.array([[y, x] for y in (15, 35, 75) for x in (15, 45, 75, 105)], dtype=float)
    clump = np.repeat([[55.0, 60.0]], 5, axis=0)
    # Half of this clump is outside the image.
    cut = np.repeat([[55.0, 118.0]], 6, axis=0)
    places = np.concatenate([singles, clump, cut])
    add_spots(light, places, np.full(len(places), 600.0), sigma_px=(1.5, 1.5))
    image = np.random.default_rng(0).poisson(light).astype(np.uint16)
    whole = decompose_clumps(image, detect_spots(image, sigma_px=1.5), sigma_px=1.5).spots
    near = np.hypot(whole["y_px"] - 55, whole["x_px"] - 60) < 4
    assert near.sum() == 5
    at_cut = np.hypot(whole["y_px"] - 55, whole["x_px"] - 118) < 6
    assert 2 <= at_cut.sum() <= 6
    assert len(whole) == len(singles) + near.sum() + at_cut.sum()
    assert whole[["y_px", "x_px"]].to_numpy().min() >= 0
    assert (whole["x_px"] <= 119).all()


def test_nothing_to_take_apart() -> None:
    image = np.random.default_rng(0).poisson(np.full((60, 60), 100.0)).astype(np.uint16)
    empty = decompose_clumps(image, detect_spots(image, sigma_px=2.0, threshold=1e6), sigma_px=2.0)
    assert (len(empty.spots), empty.amplitude, empty.light, empty.n_regions) == (0, 0.0, 0.0, 0)
    assert empty.spots["is_added"].dtype == bool


def test_spots_of_another_image() -> None:
    spots = detect_spots(np.zeros((5, 5)), sigma_px=1.0)
    with pytest.raises(ValueError, match="spots: expected coordinates of an image with 3 axes"):
        decompose_clumps(np.zeros((5, 5, 5)), spots, sigma_px=1.0)


# Four spots within 0.3 µm of each other along x (0.1 µm per pixel), then one 0.5 µm off, and one far away.
SPOTS = pd.DataFrame({"y_px": [10.0] * 6, "x_px": [10.0, 11.0, 12.0, 13.0, 18.0, 40.0]})


def test_foci_by_physical_distance() -> None:
    assert find_foci(SPOTS, spacing_um=(0.1, 0.1))["focus_id"].tolist() == [1, 1, 1, 1, 0, 0]
    assert find_foci(SPOTS, spacing_um=(0.1, 0.1), radius_um=0.5)["focus_id"].tolist() == [1, 1, 1, 1, 1, 0]
    assert find_foci(SPOTS, spacing_um=(0.1, 0.5))["focus_id"].tolist() == [0] * 6
    stack = SPOTS.assign(z_px=[0.0, 0, 0, 5, 5, 5])
    assert find_foci(stack, spacing_um=(0.3, 0.1, 0.1), min_spots=3)["focus_id"].tolist() == [1, 1, 1, 0, 0, 0]
    assert find_foci(SPOTS.iloc[:0], spacing_um=(0.1, 0.1))["focus_id"].dtype == np.int64


def test_labels_at_the_spots() -> None:
    labels = np.zeros((20, 50), np.uint32)
    labels[:, :12] = 70_000
    labels[:, 12:20] = 3
    assert assign_labels(SPOTS, labels, column="label_in_site")["label_in_site"].tolist() == [
        70_000,
        70_000,
        3,
        3,
        3,
        0,
    ]
    stack = SPOTS.assign(z_px=[0.0, 1, 1, 1, 1, 0.4])
    assert assign_labels(stack, labels, column="label_in_site")["label_in_site"].tolist() == [
        70_000,
        70_000,
        3,
        3,
        3,
        0,
    ]
    volume = np.stack([labels, np.zeros_like(labels)])
    assert assign_labels(stack, volume, column="label_in_site")["label_in_site"].tolist() == [70_000, 0, 0, 0, 0, 0]


def test_counts_per_cell_by_hand() -> None:
    spots = find_foci(SPOTS, spacing_um=(0.1, 0.1)).assign(
        label_in_site=[7, 2, 2, 2, 2, 0], nucleus_id=[0, 2, 0, 0, 2, 0]
    )
    foci = foci_table(spots)
    check_table(foci, SPOT_FOCI, source="here")
    assert foci.to_dict("records") == [{"focus_id": 1, "n_spots": 4, "y_px": 10.0, "x_px": 11.5, "label_in_site": 2}]
    counts = count_per_cell(spots, cell_ids=[2, 5, 7])
    check_table(counts, SPOTS_PER_CELL, source="here")
    assert counts.to_numpy().tolist() == [[2, 4, 1, 3, 1, 2], [5, 0, 0, 0, 0, 0], [7, 1, 0, 1, 0, 0]]


def test_no_spots_and_no_cells() -> None:
    spots = find_foci(SPOTS.iloc[:0], spacing_um=(0.1, 0.1))
    spots = assign_labels(spots, np.zeros((5, 5), np.uint32), column="label_in_site")
    check_table(foci_table(spots), SPOT_FOCI, source="here")
    assert count_per_cell(spots, cell_ids=[4]).to_numpy().tolist() == [[4, 0, 0, 0, 0, 0]]
    assert len(count_per_cell(spots, cell_ids=[])) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing_um": (0.1,)}, "spacing_um: expected one positive number"),
        ({"spacing_um": (0.1, 0.0)}, "spacing_um: expected one positive number"),
        ({"spacing_um": (0.1, 0.1), "radius_um": 0.0}, "radius_um must be above 0 and min_spots 1 or more"),
        ({"spacing_um": (0.1, 0.1), "min_spots": 0}, "radius_um must be above 0 and min_spots 1 or more"),
    ],
)
def test_bad_foci(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_foci(SPOTS, **options)


def test_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"labels: expected an image that holds all spots, up to pixel \[10, 40\]"):
        assign_labels(SPOTS, np.zeros((20, 30), np.uint32), column="label_in_site")
    with pytest.raises(ValueError, match=r"labels: expected \(Y, X\), or \(Z, Y, X\) for spots with z_px"):
        assign_labels(SPOTS, np.zeros((2, 20, 50), np.uint32), column="label_in_site")


def test_spots_before_the_first_pixel_do_not_fit_labels() -> None:
    with pytest.raises(ValueError, match="labels: expected an image that holds all spots"):
        assign_labels(SPOTS.assign(y_px=-1.0), np.zeros((20, 50), np.uint32), column="label_in_site")


def test_a_cell_that_is_not_listed() -> None:
    spots = SPOTS.assign(label_in_site=9, focus_id=0)
    with pytest.raises(ValueError, match=r"cell_ids: expected the cells of all spots, but \[9\] are not listed"):
        count_per_cell(spots, cell_ids=[1])


def test_clumps_of_a_stack_of_one_plane_are_those_of_the_plane() -> None:
    settings = FieldSettings((150, 150), (1.5, 1.5), 30, n_clumps=3, spots_per_clump=8, margin_px=10.0)
    image = simulate_smfish(settings, rng=np.random.default_rng(0)).image
    plane = decompose_clumps(image, detect_spots(image, sigma_px=1.5), sigma_px=1.5)
    stack = image[None]
    sigma_px = (1.0, 1.5, 1.5)
    whole = decompose_clumps(stack, detect_spots(stack, sigma_px=sigma_px), sigma_px=sigma_px)
    assert plane.spots["is_added"].any()
    assert (whole.spots["z_px"] == 0).all()
    pd.testing.assert_frame_equal(whole.spots.drop(columns="z_px"), plane.spots)


@pytest.mark.parametrize("seed", range(12))
def test_foci_are_the_clusters_of_dbscan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, rng.choice([2.0, 4.0]), (rng.integers(1, 300), 2))
    if seed % 3 == 0:
        # Ties: spots on a grid.
        places = np.round(places, 1)
    spots = pd.DataFrame(places, columns=["y_px", "x_px"])
    min_spots = int(rng.integers(1, 7))
    found = find_foci(spots, spacing_um=(1.0, 1.0), radius_um=0.35, min_spots=min_spots)
    assert found["focus_id"].tolist() == (DBSCAN(eps=0.35, min_samples=min_spots).fit_predict(places) + 1).tolist()


def test_planes_that_are_further_apart_than_pixels_are_so_in_foci() -> None:
    above = pd.DataFrame({"z_px": [3.0, 4, 5, 6], "y_px": [10.0] * 4, "x_px": [10.0] * 4})
    along = pd.DataFrame({"z_px": [3.0] * 4, "y_px": [10.0] * 4, "x_px": [10.0, 11, 12, 13]})
    options = {"spacing_um": (0.5, 0.1, 0.1), "min_spots": 3}
    assert find_foci(above, **options)["focus_id"].tolist() == [0] * 4
    assert find_foci(along, **options)["focus_id"].tolist() == [1] * 4
    # Up to a distance, and no more.
    assert find_foci(above, spacing_um=(0.34, 0.1, 0.1), min_spots=3)["focus_id"].tolist() == [1] * 4
    assert find_foci(above, spacing_um=(0.36, 0.1, 0.1), min_spots=3)["focus_id"].tolist() == [0] * 4


def _clump_of(share: float, *, plateau: float = 0.0) -> tuple[np.ndarray, pd.DataFrame]:
    """Twelve single spots of amplitude 600 on 200, and `share` times their light at one place, on a plateau."""
    light = np.full((100, 120), 200.0)
    y, x = np.mgrid[:100, :120]
    light[np.hypot(y - 55, x - 60) < 12] += plateau
    singles = np.array([[y, x] for y in (15, 35, 85) for x in (15, 45, 75, 105)], dtype=float)
    places = np.concatenate([singles, [[55.0, 60.0]]])
    add_spots(light, places, np.r_[np.full(12, 600.0), 600.0 * share], sigma_px=(1.5, 1.5))
    image = (light + np.random.default_rng(0).normal(0, 2, light.shape)).astype(np.float32)
    return image, detect_spots(image, sigma_px=1.5)


@pytest.mark.parametrize(("share", "n_spots"), [(2.7, 3), (2.3, 2), (3.6, 4)])
def test_the_light_of_a_clump_is_rounded_to_the_nearest_number_of_spots(share: float, n_spots: int) -> None:
    image, spots = _clump_of(share)
    whole = decompose_clumps(image, spots, sigma_px=1.5).spots
    assert (np.hypot(whole["y_px"] - 55, whole["x_px"] - 60) < 4).sum() == n_spots
    assert len(whole) == 12 + n_spots


def test_the_background_of_a_clump_is_that_of_the_ring_around_it() -> None:
    image, spots = _clump_of(4.0, plateau=150.0)
    whole = decompose_clumps(image, spots, sigma_px=1.5).spots
    added = whole[whole["is_added"]]
    # The region reaches some 3 px, the ring 5 more: all of it on the plateau, whose light is none of the clump's.
    assert added["background"].to_numpy() == pytest.approx(350, abs=5)
    assert len(added) == 3
