"""The cells of a site by the config's keys."""

import numpy as np
import pytest

from wellspring.segmentation.methods import cell_method, nucleus_method
from wellspring.segmentation.sites import cells_of_site, channel_of

# 40 x 40 px, and with the 2 px that the blur of 1 px adds to a bright cell on dim ground.
STAINED_PX, WITH_RIM_PX = 40**2, 44**2


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Stain of one cell of 40 x 40 px on dim noise, and its nucleus of 10 x 10."""
    image = np.random.default_rng(0).poisson(20, (100, 100)).astype(np.uint16)
    image[30:70, 30:70] += 500
    nuclei = np.zeros((100, 100), dtype=np.uint32)
    nuclei[45:55, 45:55] = 1
    return image, nuclei


@pytest.mark.parametrize("method", ["watershed", "propagation"])
def test_a_cell_is_what_is_stained(method: str) -> None:
    cells, objects = cells_of_site(*drawn(), method=method)
    assert STAINED_PX <= (cells == 1).sum() <= WITH_RIM_PX
    assert objects[["label", "has_nucleus", "has_cell"]].to_numpy().tolist() == [[1, True, True]]


def test_expansion_needs_no_image() -> None:
    cells, objects = cells_of_site(None, drawn()[1], method="expansion", distance_px=3.0)
    assert cells[42, 50] == 1
    assert cells[41, 50] == 0
    assert objects["has_cell"].tolist() == [True]


def test_without_nuclei_noise_is_no_cell_but_stain_is() -> None:
    image, nuclei = drawn()
    noise = np.random.default_rng(1).poisson(20, (100, 100)).astype(np.uint16)
    cells, objects = cells_of_site(noise, np.zeros_like(nuclei), method="watershed")
    assert not cells.any()
    assert len(objects) == 0
    _, objects = cells_of_site(np.stack([image, image]), np.zeros_like(nuclei), method="watershed")
    assert STAINED_PX <= objects["cell_px"].max() <= WITH_RIM_PX


def test_an_image_that_is_missing_and_methods_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"segmentation\.cells\.channel: expected the cell stain"):
        cells_of_site(None, drawn()[1], method="watershed")
    with pytest.raises(ValueError, match=r"segmentation\.cells\.method: expected one of"):
        cell_method("magic")
    with pytest.raises(ValueError, match=r"segmentation\.method: expected one of"):
        nucleus_method("magic")


def test_the_channel_is_told_from_the_other_keys() -> None:
    assert channel_of({"method": "watershed", "channel": "CELL"}) == (["CELL"], {"method": "watershed"})
    assert channel_of({"method": "expansion", "distance_px": 2}) == ([], {"method": "expansion", "distance_px": 2})


@pytest.mark.parametrize("method", ["watershed", "propagation"])
def test_a_stain_that_shows_nothing_makes_no_cells_of_its_noise(method: str) -> None:
    _, nuclei = drawn()
    noise = np.random.default_rng(1).poisson(20, (3, 100, 100)).astype(np.uint16)
    for image in (noise, noise[0]):
        cells, objects = cells_of_site(image, nuclei, method=method)
        assert np.array_equal(cells, nuclei)
        assert objects["has_cell"].tolist() == [False]
    # Dim stain, no more than a mixture can part from the ground, is stain all the same.
    noise[0][40:60, 40:60] += 6
    assert cells_of_site(noise[0], nuclei, method=method)[1]["has_cell"].tolist() == [True]
