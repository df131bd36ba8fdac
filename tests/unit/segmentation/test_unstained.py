"""Cells whose nucleus is not stained, next to cells whose nucleus is: grown from their own stain, or counted."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.errors import InputError
from wellspring.raw.images import SiteStacks
from wellspring.segmentation import OwnEdge, segment_cells, segment_cells_3d
from wellspring.segmentation.cell_seeds import seeds_within, with_unstained
from wellspring.segmentation.job import run_cells
from wellspring.segmentation.settings import OwnEdgeSettings
from wellspring.segmentation.volumes import volume_of_site

SIDE, RADIUS = 260, 22
Y, X = np.mgrid[:SIDE, :SIDE]
# Two of the cells touch along a short side: (130, 130) and (130, 169).
CENTRES = [(50, 50), (50, 130), (50, 210), (130, 50), (130, 130), (130, 169), (210, 50), (210, 130), (210, 210)]
SEED = OwnEdge(unstained="seed")


def _disc(centre: tuple[int, int], radius: float) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(Y - centre[0], X - centre[1]) < radius)


def _field(
    without: set[int], *, seed: int = 81
) -> tuple[NDArray[np.uint16], NDArray[np.uint32], list[NDArray[np.bool_]]]:
    """Cell stain, labels of the nuclei but for those of the cells `without`, and the true cells."""
    masks, nuclei, rng = [_disc(one, RADIUS) for one in CENTRES], np.zeros((SIDE, SIDE), np.uint32), None
    rng = np.random.default_rng(seed)
    for number, centre in enumerate(CENTRES):
        if number not in without:
            nuclei[_disc(centre, 9)] = nuclei.max() + 1
    light = ndimage.gaussian_filter(np.any(masks, axis=0) * 120.0, 1.5) + 15
    return (rng.poisson(light) * 2 + 100).astype(np.uint16), nuclei, masks


def _overlap(labels: NDArray[np.integer], mask: NDArray[np.bool_]) -> float:
    """Best intersection over union of a true cell."""
    own = np.bincount(labels[mask], minlength=int(labels.max()) + 1)
    sizes = np.bincount(labels.ravel())
    return float((own / (sizes + mask.sum() - own))[1:].max())


@pytest.mark.parametrize("without", [{2}, {2, 5}, {0, 4, 8}])
def test_cells_without_a_stained_nucleus_are_found(without: set[int]) -> None:
    image, nuclei, masks = _field(without)
    labels = segment_cells(image, nuclei, method=SEED)
    assert len(np.unique(labels)) == 1 + len(CENTRES)
    assert min(_overlap(labels, mask) for mask in masks) > 0.85
    # A nucleus keeps its label.
    assert (labels[nuclei > 0] == nuclei[nuclei > 0]).all()
    ignored = segment_cells(image, nuclei)
    assert ignored.max() == nuclei.max()


def test_where_all_nuclei_are_stained_nothing_is_added() -> None:
    image, nuclei, _ = _field(set())
    # A long cell with a bright end, and debris.
    tail = (np.abs(Y - 50) < 7) & (X > 60) & (X < 105)
    bright = np.where(tail | _disc((170, 90), 5), 300, 0)
    stained = (image + ndimage.gaussian_filter(bright.astype(float), 1.5)).astype(np.uint16)
    for one in (image, stained):
        assert (segment_cells(one, nuclei, method=SEED) == segment_cells(one, nuclei)).all()
    assert not with_unstained(image, np.zeros_like(nuclei), np.zeros_like(nuclei)).any()


def test_stacks_have_the_same_cells() -> None:
    image, nuclei, masks = _field({2, 5})
    background = np.full_like(image, 130)
    stack = np.stack([background, image, image, background])
    labels = segment_cells_3d(stack, nuclei, method=SEED)
    assert labels[1].max() == nuclei.max() + 2
    assert min(_overlap(labels[1], mask) for mask in masks) > 0.8
    settings = OwnEdgeSettings(channel="c", smoothing_sigma_px=1.0, method="own_edge", stain="auto", unstained="seed")
    cells = segment_cells(stack, nuclei, method=SEED)
    assert set(np.unique(volume_of_site(stack, nuclei, cells, settings))) == set(np.unique(cells))


@pytest.mark.parametrize(("unstained", "n_labels"), [("ignore", 7), ("seed", 9)])
def test_the_table_has_them_as_cells_without_nucleus(unstained: str, n_labels: int) -> None:
    image, nuclei, _ = _field({2, 5})
    settings = OwnEdgeSettings(
        channel="c",
        smoothing_sigma_px=1.0,
        method="own_edge",
        stain="auto",
        unstained=unstained,  # type: ignore[arg-type]
    )
    site = SiteStacks(site="1", stacks={"c": image}, pixel_size_um=None)
    (found,) = run_cells([site], {"1": nuclei}, settings)
    assert found.labels.max() == n_labels
    without = found.objects[~found.objects["has_nucleus"]]
    # The one that touches a cell is that cell's second body.
    assert len(without) == (2 if unstained == "seed" else 1)
    assert found.objects["is_of_two_bodies"].sum() == (0 if unstained == "seed" else 1)
    if unstained == "seed":
        assert without["label_in_site"].tolist() == [8, 9]
        assert without["cell_px"].between(0.8 * np.pi * RADIUS**2, 1.2 * np.pi * RADIUS**2).all()
        assert set(np.unique(seeds_within(found.labels, nuclei))) == set(range(10))


def test_another_word_is_an_error() -> None:
    with pytest.raises(InputError, match="unstained"):
        OwnEdge(unstained="yes")  # type: ignore[arg-type]
