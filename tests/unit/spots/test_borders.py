"""Spots of two drawn cells that touch: counted as uncertain where the image does not show the border, else not."""

import cv2
import numpy as np
import pandas as pd
import pytest

from wellspring.raw.images import SiteStacks
from wellspring.segmentation.job import run_cells
from wellspring.segmentation.settings import ExpansionSettings, OwnEdgeSettings, WatershedSettings
from wellspring.spots.borders import counts_at_borders
from wellspring.spots.foci import assign_labels

OWN_EDGE = OwnEdgeSettings("CELL", 1.0, "own_edge", "auto", "ignore")
WATERSHED = WatershedSettings("CELL", 1.0, 2, "watershed")
# A spot in each of 280 squares of 4 px over the two cells, which touch in column 120.
SPOTS = pd.DataFrame([(y, x) for y in range(102, 139, 4) for x in range(66, 175, 4)], columns=["y_px", "x_px"])


def _drawn(gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Stain of two textured cells that touch half way between their nuclei, where it is `gap` of theirs; nuclei."""
    row, column = np.mgrid[:240, :240]
    inside = (abs(row - 120) < 40) & (abs(column - 120) < 70)
    light = np.where(inside, np.where(abs(column - 120) < 3, gap, 1.0) * 400, 0)
    texture = 1 + 0.15 * 7 * cv2.GaussianBlur(np.random.default_rng(1).normal(size=inside.shape), (0, 0), 2)
    nuclei = np.where(np.hypot(row - 120, column - 85) < 12, 1, np.where(np.hypot(row - 120, column - 155) < 12, 2, 0))
    image = cv2.GaussianBlur(40 + light * np.maximum(texture, 0), (0, 0), 1.5)
    return np.random.default_rng(0).poisson(image).astype(np.uint16), nuclei


def _counts(gap: float, settings: OwnEdgeSettings | WatershedSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    image, nuclei = _drawn(gap)
    (found,) = run_cells([SiteStacks("1", {"CELL": image}, None)], {"1": nuclei}, settings)
    spots = assign_labels(SPOTS, found.labels, column="label_in_site")
    return spots, counts_at_borders(spots, found.others, cell_ids=[1, 2])


@pytest.mark.parametrize("settings", [OWN_EDGE, WATERSHED], ids=lambda one: one.method)
def test_spots_at_a_border_that_is_not_seen_are_uncertain_and_others_are_not(
    settings: OwnEdgeSettings | WatershedSettings,
) -> None:
    spots, open_border = _counts(1.0, settings)
    n_spots = spots["label_in_site"].isin([1, 2]).sum()
    assert 4 <= open_border["n_spots_uncertain"].sum() < 0.3 * n_spots
    # What one cell may lose the other may gain.
    assert open_border["n_spots_beyond"].tolist() == open_border["n_spots_uncertain"].tolist()[::-1]
    _, shown = _counts(0.5, settings)
    assert shown["n_spots_uncertain"].tolist() == [0, 0]
    assert shown["n_spots_beyond"].tolist() == [0, 0]


def test_without_a_second_method_nothing_is_known() -> None:
    spots = SPOTS.assign(label_in_site=1)
    assert counts_at_borders(spots, None, cell_ids=[1, 2]).isna().all(axis=None)
    assert len(counts_at_borders(spots, None, cell_ids=[])) == 0
    none = counts_at_borders(spots, np.zeros((240, 240), np.uint32), cell_ids=[7])
    assert none.to_numpy().tolist() == [[0.0, 0.0]]


def test_cells_by_expansion_have_no_second_border() -> None:
    (found,) = run_cells([SiteStacks("1", {}, None)], {"1": _drawn(1.0)[1]}, ExpansionSettings("expansion", 30.0))
    assert not found.others.any()
