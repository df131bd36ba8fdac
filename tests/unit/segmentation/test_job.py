"""Nuclei and cells by the settings of the config."""

from dataclasses import replace

import numpy as np
import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.raw.images import SiteImage, SiteStacks
from wellspring.segmentation import cells as cells_module
from wellspring.segmentation.cell_methods import METHODS as CELL_METHODS
from wellspring.segmentation.cell_methods import cell_method
from wellspring.segmentation.job import (
    cell_channels,
    cells_of_site,
    run_cells,
    run_nuclei,
    seed_channel,
)
from wellspring.segmentation.nucleus_methods import METHODS as NUCLEUS_METHODS
from wellspring.segmentation.nucleus_methods import nucleus_method
from wellspring.segmentation.settings import (
    CellSettings,
    ExpansionSettings,
    LogMultiOtsuSettings,
    LogOtsuSettings,
    OwnEdgeSettings,
    PropagationSettings,
    SegmentationSettings,
    WatershedSettings,
)
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.segmentation.volumes import has_seeds_in_stacks, volume_of_site
from wellspring.tables import check_table

OWN_EDGE = OwnEdgeSettings("CELL", 1.0, "own_edge", "auto", "ignore")
WATERSHED = WatershedSettings("CELL", 1.0, 2, "watershed")
PROPAGATION = PropagationSettings("CELL", 1.0, 2, "propagation", 0.05)
STAINED = pytest.mark.parametrize("settings", [OWN_EDGE, WATERSHED, PROPAGATION], ids=lambda one: one.method)
# 40 x 40 px, and with the 2 px that the blur of 1 px adds to a bright cell on dim background.
STAINED_PX, WITH_RIM_PX = 40**2, 44**2


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Stain of one cell of 40 x 40 px on dim noise, and its nucleus of 10 x 10."""
    image = np.random.default_rng(0).poisson(20, (100, 100)).astype(np.uint16)
    image[30:70, 30:70] += 500
    nuclei = np.zeros((100, 100), dtype=np.uint32)
    nuclei[45:55, 45:55] = 1
    return image, nuclei


def test_settings_are_those_of_the_schema() -> None:
    assert_settings_match_schema(SegmentationSettings, block_schema("segmentation"))
    assert_settings_match_schema(CellSettings, block_schema("segmentation", "cells"))


@STAINED
def test_a_cell_is_what_is_stained(settings: CellSettings) -> None:
    cells, objects = cells_of_site(*drawn(), settings)
    assert STAINED_PX <= (cells == 1).sum() <= WITH_RIM_PX
    assert objects[["label_in_site", "has_nucleus", "has_cell"]].to_numpy().tolist() == [[1, True, True]]


def test_the_mixture_is_fitted_once_per_site(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = []
    fit = cells_module.fit_mixture
    monkeypatch.setattr(cells_module, "fit_mixture", lambda *a, **k: (fits.append(1), fit(*a, **k))[1])
    cells_of_site(*drawn(), WATERSHED)
    assert len(fits) == 1


def test_expansion_needs_no_image() -> None:
    cells, objects = cells_of_site(None, drawn()[1], ExpansionSettings("expansion", 3.0))
    assert cells[42, 50] == 1
    assert cells[41, 50] == 0
    assert objects["has_cell"].tolist() == [True]


def test_without_nuclei_noise_is_no_cell_but_stain_is() -> None:
    image, nuclei = drawn()
    noise = np.random.default_rng(1).poisson(20, (100, 100)).astype(np.uint16)
    cells, objects = cells_of_site(noise, np.zeros_like(nuclei), WATERSHED)
    assert not cells.any()
    assert len(objects) == 0
    _, objects = cells_of_site(np.stack([image, image]), np.zeros_like(nuclei), WATERSHED)
    assert STAINED_PX <= objects["cell_px"].max() <= WITH_RIM_PX


def test_an_image_that_is_missing_and_methods_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"segmentation\.cells\.channel: expected the cell stain"):
        cells_of_site(None, drawn()[1], WATERSHED)
    with pytest.raises(ValueError, match=r"segmentation\.cells\.method: expected one of"):
        cell_method("magic")
    with pytest.raises(ValueError, match=r"segmentation\.method: expected one of"):
        nucleus_method("magic")


def test_methods_that_see_a_stain_name_its_channel() -> None:
    assert cell_channels(WATERSHED) == ["CELL"]
    assert cell_channels(ExpansionSettings("expansion", 2.0)) == []


@STAINED
def test_a_stain_that_shows_nothing_makes_no_cells_of_its_noise(settings: CellSettings) -> None:
    _, nuclei = drawn()
    noise = np.random.default_rng(1).poisson(20, (3, 100, 100)).astype(np.uint16)
    for image in (noise, noise[0]):
        cells, objects = cells_of_site(image, nuclei, settings)
        assert np.array_equal(cells, nuclei)
        assert objects["has_cell"].tolist() == [False]
    # Dim stain, no more than a mixture can tell from the background, is stain all the same.
    noise[0][40:60, 40:60] += 6
    assert cells_of_site(noise[0], nuclei, settings)[1]["has_cell"].tolist() == [True]


def test_sites_are_labelled_one_by_one() -> None:
    image, _ = drawn()
    sites = [SiteImage(name, ("DAPI",), image[None], None) for name in "12"]
    settings = [
        LogOtsuSettings("DAPI", 1.0, 10.0, None, "log_otsu", z_step_um=None, annotated=None),
        LogMultiOtsuSettings("DAPI", 1.0, 10.0, None, "log_multi_otsu", 3, z_step_um=None, annotated=None),
    ]
    for one in settings:
        found = list(run_nuclei(sites, one, key=("P", "A1")))
        assert all(check_table(site.about, SITE_NUCLEI, source="sites")["n_nuclei"].item() == 1 for site in found)
        nuclei = {site.site: site.labels for site in found}
        assert list(nuclei) == ["1", "2"]
        assert nuclei["1"].max() == 1
    stacks = [SiteStacks("2", {"CELL": image}, None)]
    (cells,) = run_cells(stacks, nuclei, WATERSHED)
    assert cells.site == "2"
    assert cells.labels.max() == 1


def test_a_registry_declares_each_method_once() -> None:
    assert [one.name for one in NUCLEUS_METHODS] == ["log_otsu", "log_multi_otsu", "log_local", "unet", "given"]
    assert [one.name for one in CELL_METHODS] == ["own_edge", "watershed", "propagation", "expansion"]


def test_without_a_nucleus_channel_the_cell_stain_gives_the_seeds() -> None:
    image, _ = drawn()
    settings = LogOtsuSettings(None, 1.0, 10.0, OWN_EDGE, "log_otsu", z_step_um=None, annotated=None)
    assert seed_channel(settings) == "CELL"
    (found,) = run_nuclei([SiteImage("1", ("CELL",), image[None], None)], settings, key=("P", "A1"))
    seeds = found.labels
    assert seeds.max() == 1
    assert found.about["n_nuclei"].tolist() == [1]
    assert 0 < (seeds > 0).sum() < STAINED_PX
    assert seed_channel(LogOtsuSettings("DAPI", 1.0, 10.0, None, "log_otsu", z_step_um=None, annotated=None)) == "DAPI"
    with pytest.raises(ValueError, match=r"segmentation\.nucleus_channel: null needs segmentation\.cells"):
        seed_channel(LogOtsuSettings(None, 1.0, 10.0, None, "log_otsu", z_step_um=None, annotated=None))


def _pile() -> np.ndarray:
    """A stack of 12 slices, 4 px apart, of 80 x 120 px: two balls of 11 px radius over one another, and one apart."""
    z, y, x = np.mgrid[:12, :80, :120]
    stack = np.full(z.shape, 20.0)
    for height, row, column in ((2.5, 40, 40), (8.5, 40, 48), (5, 40, 90)):
        stack[((z - height) * 4) ** 2 + (y - row) ** 2 + (x - column) ** 2 <= 11**2] = 500
    return np.random.default_rng(0).poisson(stack).astype(np.uint16)


def test_seeds_are_found_in_the_stack_if_its_step_is_given() -> None:
    settings = LogOtsuSettings(None, None, None, OWN_EDGE, "log_otsu", z_step_um=2.0, annotated=None)
    assert has_seeds_in_stacks(settings)
    assert not has_seeds_in_stacks(replace(settings, nucleus_channel="DAPI"))
    assert not has_seeds_in_stacks(replace(settings, z_step_um=None))
    stack = _pile()
    (found,) = run_nuclei([SiteStacks("1", {"CELL": stack}, 0.5)], settings, key=("P", "A1"))
    assert found.labels.shape == (80, 120)
    assert found.labels.max() == 3
    # From above the two that overlap are one.
    plane = LogOtsuSettings(None, None, None, OWN_EDGE, "log_otsu", z_step_um=None, annotated=None)
    (seen,) = run_nuclei([SiteImage("1", ("CELL",), stack.max(axis=0)[None], 0.5)], plane, key=("P", "A1"))
    assert seen.labels.max() == 2
    for site in (SiteStacks("1", {"CELL": stack}, None), SiteStacks("1", {"CELL": stack[0]}, 0.5)):
        with pytest.raises(ValueError, match=r"segmentation\.z_step_um: expected a stack with a known pixel size"):
            list(run_nuclei([site], settings, key=("P", "A1")))


@pytest.mark.parametrize("settings", [OWN_EDGE, WATERSHED], ids=lambda one: one.method)
def test_a_volume_has_the_outlines_from_above_and_ends_where_the_cell_does(settings: CellSettings) -> None:
    stack = _pile()
    nuclei = np.zeros((80, 120), dtype=np.uint32)
    nuclei[36:44, 86:94] = 1
    cells, _ = cells_of_site(stack, nuclei, settings)
    volume = volume_of_site(stack, nuclei, cells, settings)
    assert volume.shape == stack.shape
    assert set(np.unique(volume[:, cells == 0])) == {0}
    # The ball reaches from slice 2.25 to 7.75.
    held = [bool((plane == 1).any()) for plane in volume]
    # The mixture's threshold lies lower, in the blurred rim.
    widest = {OWN_EDGE: 12, WATERSHED: 13}[settings]
    assert held == [3 <= z <= 7 for z in range(12)]
    assert (volume[5] == 1).sum() == pytest.approx(np.pi * widest**2, rel=0.15)
    with pytest.raises(ValueError, match=r"segmentation\.z_step_um: expected a stack of the cell stain"):
        volume_of_site(stack[0], nuclei, cells, settings)
    with pytest.raises(ValueError, match=r"own_edge or watershed, got shape \(12, 80, 120\) and propagation"):
        volume_of_site(stack, nuclei, cells, PROPAGATION)
