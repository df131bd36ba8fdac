"""One image to tables: keys, counts, the flag of unstable counts, voxel sizes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.simulation.smfish_plate import SmfishSettings, SmfishWell, draw_site
from wellspring.spots.crowding import Crowding, crowding
from wellspring.spots.filters import difference_of_gaussians
from wellspring.spots.images import TABLES, describe_threshold, joined_tables, spots_of_image, voxel_size_um
from wellspring.spots.noise import noise_map
from wellspring.spots.threshold import Threshold
from wellspring.tables import check_table

SETTINGS = {
    "sigma_px": 1.5,
    "spacing_um": (0.1, 0.1),
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
}
FIELD = FieldSettings((100, 120), (1.5, 1.5), 12, snr=12.0, margin_px=8.0)
THRESHOLD = Threshold("noise", 10.0, 5.0, pd.DataFrame(), n_spots=10, n_below=13, n_above=7, n_by_chance=0.1)


def halves() -> np.ndarray:
    """Cells 1 (left half) and 2."""
    labels = np.ones((100, 120), dtype=np.uint32)
    labels[:, 60:] = 2
    return labels


def test_every_spot_has_its_cell_and_its_key() -> None:
    field = simulate_smfish(FIELD, rng=np.random.default_rng(2))
    found = spots_of_image(field.image, np.zeros((100, 120), np.uint32), halves(), first_id=7, **SETTINGS)
    n_left = int((field.spots["x_px"] < 59.5).sum())
    assert found.cells["n_spots"].tolist() == [n_left, 12 - n_left]
    assert found.cells["object_id"].tolist() == [8, 9]
    assert (found.spots["object_id"] == found.spots["label_in_site"] + 7).all()
    in_cell = found.foci["label_in_site"] > 0
    assert found.foci["object_id"].tolist() == (found.foci["label_in_site"] + 7).where(in_cell, 0).tolist()
    assert found.spots["nucleus_id"].eq(0).all()
    assert found.thresholds["n_spots"].tolist() == [len(found.spots)]


def test_images_without_spots_and_without_cells_give_empty_tables_that_join() -> None:
    nothing = np.zeros((100, 120), np.uint32)
    field = simulate_smfish(replace(FIELD, n_spots=0), rng=np.random.default_rng(2))
    empty = spots_of_image(field.image, nothing, nothing, **SETTINGS).named(plate="P", well="A", site="1", channel="R")
    assert [len(getattr(empty, name)) for name in ("spots", "cells", "foci", "thresholds")] == [0, 0, 0, 1]
    other = spots_of_image(np.full((100, 120), 5, np.uint16), nothing, halves(), **SETTINGS)
    assert other.thresholds["method"].tolist() == ["noise"]
    assert np.isnan(other.thresholds["threshold"][0])
    joined = joined_tables([empty, other.named(plate="P", well="A", site="2", channel="R")])
    assert joined.cells["n_spots"].tolist() == [0, 0]
    for name, table in TABLES.items():
        check_table(getattr(joined, name), table, source=name)


def test_a_given_threshold_is_used_and_clumps_may_stay() -> None:
    field = simulate_smfish(FIELD, rng=np.random.default_rng(2))
    settings = {**SETTINGS, "threshold": {"method": "given", "value": 1e6}, "decompose": False}
    found = spots_of_image(field.image, halves(), halves(), **settings)
    assert len(found.spots) == 0
    assert found.thresholds["threshold"].tolist() == [1e6]


@pytest.mark.parametrize(
    ("n_spots", "n_below", "n_above", "is_unstable"),
    [(10, 13, 7, True), (10, 12, 8, False), (100, 120, 80, False), (0, 3, 0, False), (0, 5, 0, True)],
)
def test_unstable_counts(n_spots: int, n_below: int, n_above: int, is_unstable: bool) -> None:
    threshold = replace(THRESHOLD, n_spots=n_spots, n_below=n_below, n_above=n_above)
    row = describe_threshold(threshold, limit=0.5).iloc[0]
    assert row["is_unstable"] == is_unstable
    assert row["instability"] == pytest.approx((n_below - n_above) / max(1, n_spots))


def test_the_voxel_is_given_or_of_a_plane_the_pixel() -> None:
    assert voxel_size_um(None, pixel_size_um=0.2, n_axes=2) == (0.2, 0.2)
    assert voxel_size_um([0.3, 0.1, 0.1], pixel_size_um=0.2, n_axes=3) == (0.3, 0.1, 0.1)
    assert voxel_size_um(None, pixel_size_um=0.2, plane_spacing_um=0.5, n_axes=3) == (0.5, 0.2, 0.2)
    for spacing, n_axes in ((None, 3), ([0.1, 0.1], 3), ([0.3, 0.1, 0.1], 2)):
        with pytest.raises(ValueError, match=r"spots\.spacing_um: expected the size of a voxel"):
            voxel_size_um(spacing, pixel_size_um=0.2, n_axes=n_axes)
    with pytest.raises(ValueError, match=r"spots\.spacing_um"):
        voxel_size_um(None, pixel_size_um=None, n_axes=2)


def _doubts(image: np.ndarray, cells: np.ndarray | None = None, **settings: object) -> str:
    labels = halves() if cells is None else cells
    return str(spots_of_image(image, labels, labels, **{**SETTINGS, **settings}).thresholds["doubts"][0])


def test_a_good_image_raises_no_doubt() -> None:
    assert _doubts(simulate_smfish(FIELD, rng=np.random.default_rng(2)).image) == "none"


def test_images_that_show_nothing_are_doubtful() -> None:
    assert _doubts(np.full((100, 120), 700, np.uint16)) == "constant image"
    image = simulate_smfish(FIELD, rng=np.random.default_rng(2)).image
    assert _doubts(image, np.zeros((100, 120), np.uint32)) == "no cells"


def test_saturated_spots_are_doubtful() -> None:
    image = simulate_smfish(FIELD, rng=np.random.default_rng(2)).image
    cut = np.minimum(image, int(np.percentile(image, 99.5)))
    assert _doubts(cut) == "saturated"
    found = spots_of_image(cut, halves(), halves(), **SETTINGS).thresholds
    assert found["saturated_share"][0] == pytest.approx((cut == cut.max()).mean(), rel=0.2)


def test_a_given_threshold_in_the_noise_is_told_and_takes_nothing_apart() -> None:
    settings = replace(FIELD, shape=(300, 300), n_spots=60)
    field = simulate_smfish(settings, rng=np.random.default_rng(2))
    labels = np.ones((300, 300), np.uint32)
    good = spots_of_image(field.image, labels, labels, **SETTINGS)
    assert good.thresholds["n_by_chance"][0] < 1
    value = 0.3 * good.thresholds["threshold"][0]
    low = spots_of_image(field.image, labels, labels, **{**SETTINGS, "threshold": {"method": "given", "value": value}})
    assert "threshold in the noise" in low.thresholds["doubts"][0]
    assert not low.spots["is_added"].any()
    high = {"method": "given", "value": float(good.thresholds["threshold"][0])}
    assert _doubts(field.image, labels, threshold=high) == "none"


def test_spots_that_are_mostly_added_are_told() -> None:
    settings = replace(FIELD, shape=(200, 200), n_spots=12, n_clumps=6, spots_per_clump=30, clump_radius_px=2.0)
    field = simulate_smfish(settings, rng=np.random.default_rng(2))
    assert _doubts(field.image, np.ones((200, 200), np.uint32)) == "few bright objects, mostly in clumps"


@pytest.mark.slow
@pytest.mark.parametrize("per_cell", [8, 1000])
def test_molecules_that_hide_each_other_are_told(per_cell: int) -> None:
    settings = SmfishSettings((SmfishWell("A01", 4, float(per_cell)),), shape=(10, 320, 320))
    site = draw_site(settings.wells[0], settings=settings, rng=np.random.default_rng(1))
    cells = np.ones((320, 320), np.uint32)
    for image, sigma_px in ((site.stacks["RNA"], (1.2, 1.5, 1.5)), (site.stacks["RNA"].max(axis=0), (1.5, 1.5))):
        found = spots_of_image(
            image, cells, cells, **{**SETTINGS, "sigma_px": sigma_px, "spacing_um": (0.3, 0.16, 0.16)[-image.ndim :]}
        )
        assert ("crowded" in found.thresholds["doubts"][0]) == (per_cell == 1000)
        assert (
            len(found.spots) < 0.95 * len(site.spots) if per_cell == 1000 else len(found.spots) > 0.9 * len(site.spots)
        )


def test_crowding_of_a_lattice() -> None:
    image = np.random.default_rng(0).normal(100, 5, (200, 200))
    response = difference_of_gaussians(image, sigma_px=(1.5, 1.5))
    noise = noise_map(image, response, sigma_px=(1.5, 1.5), floor=0.1)
    lattice = np.argwhere(np.ones((20, 20), bool))
    # Neighbours are counted up to 9 px: 20 of a square lattice of 4 px, none of one of 10 px; 9 fill the room.
    near, far = (crowding(step * lattice, noise, sigma_px=(1.5, 1.5)) for step in (4, 10))
    assert near.occupancy == pytest.approx(20 / 9, rel=0.1)
    assert far.occupancy == 0
    assert near.relative_noise == pytest.approx(1, abs=0.2)
    assert not far.hides_spots
    assert crowding(lattice[:0], noise, sigma_px=(1.5, 1.5)) == Crowding(0.0, 1.0)
