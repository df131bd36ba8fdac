"""What the pixels of simulated cells show, and what they hide."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from wellspring.simulation.intensities import draw_latents, formula_terms, plate_background
from wellspring.simulation.nuclei import Nuclei
from wellspring.simulation.panel import PANEL, choose_markers
from wellspring.simulation.plate import simulate_well
from wellspring.simulation.settings import Formula, PlateSettings, WellPlan, preset_settings
from wellspring.simulation.structures import place_bodies, top_fraction
from wellspring.simulation.truth import attainable_r2, truth_table

SETTINGS = preset_settings("demo")
NAMES = [marker.name for marker in SETTINGS.markers]
STRUCTURED = {"speckle_area": ("SRRM2", "SON"), "n_pml_bodies": ("SP100", "PML")}


@pytest.fixture(scope="module")
def background():
    return plate_background(SETTINGS, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def well(background):
    plan = WellPlan("J10", "normal", 700)
    return simulate_well(plan, background=background, settings=SETTINGS, rng=np.random.default_rng(1))


def means(well, background):
    """(n_cells, n_channels) mean of the measured pixels, as the workflow takes it."""
    values = np.maximum(well.pixels - background, 0)
    total = np.stack([np.bincount(well.nuclei.nucleus, weights=channel) for channel in values.T], axis=1)
    return total / np.bincount(well.nuclei.nucleus)[:, None]


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def channel(well, name):
    image = np.zeros(well.nuclei.shape)
    image[well.nuclei.y, well.nuclei.x] = well.pixels[:, NAMES.index(name)]
    return image


def by_nucleus(well, pixels):
    return np.bincount(well.nuclei.nucleus, weights=pixels, minlength=len(well.latents))


def test_the_mean_of_eu_is_the_formula(well, background):
    formula, latents = SETTINGS.formula, well.latents
    expected = (
        380
        + 34 * (latents["speckle_area"] - 0.065) / 0.03
        + 29 * (latents["n_pml_bodies"] - 6) / 3.5
        + 32 * latents["activity"]
        + 20 * latents["noise"]
    )
    assert formula == Formula()
    measured = means(well, background)[:, NAMES.index("EU")]
    # 200 px or more of sqrt(380 + 110 + 36) = 23 counts of noise.
    large = (well.nuclei.cells["n_px"] >= 200).to_numpy()
    assert large.sum() > 650
    np.testing.assert_allclose(measured[large], expected[large], atol=5 * 23 / np.sqrt(200))
    assert abs(np.mean(measured - expected)) < 0.3


def test_eu_has_the_mean_and_spread_of_the_thesis(well):
    assert abs(well.latents["eu"].mean() - 380) < 3 * 60 / np.sqrt(700)
    assert 52 < well.latents["eu"].std() < 66


@pytest.mark.parametrize(("level", "name"), [(k, name) for k, names in STRUCTURED.items() for name in names])
def test_the_mean_of_a_structured_channel_hides_its_structure(well, background, level, name):
    mean = means(well, background)[:, NAMES.index(name)]
    assert abs(correlation(mean, well.latents[level])) < 0.15


def test_no_channel_mean_but_eu_tells_the_structure(well, background):
    terms = formula_terms(well.latents, formula=SETTINGS.formula)
    values = means(well, background)
    for name in set(NAMES) - {"EU"}:
        assert abs(correlation(values[:, NAMES.index(name)], terms["structure"])) < 0.15, name


@pytest.mark.parametrize("name", ["SRRM2", "SON"])
def test_a_threshold_per_nucleus_finds_the_speckle_area(well, name):
    pixels = well.pixels[:, NAMES.index(name)].astype(float)
    n_px = np.bincount(well.nuclei.nucleus)
    # Speckles are three times as bright as the nucleoplasm, whose level the median of the nucleus gives.
    median = pd.Series(pixels).groupby(well.nuclei.nucleus).median().to_numpy()
    area = by_nucleus(well, pixels > 1.5 * median[well.nuclei.nucleus]) / n_px
    assert correlation(area, well.latents["speckle_area"]) > 0.8


@pytest.mark.parametrize("name", ["SP100", "PML"])
def test_pml_bodies_can_be_counted(well, name):
    image = ndimage.gaussian_filter(channel(well, name), 0.7)
    median = pd.Series(image[well.nuclei.y, well.nuclei.x]).groupby(well.nuclei.nucleus).transform("median").to_numpy()
    bright = image[well.nuclei.y, well.nuclei.x] > 1.8 * median
    peak = ndimage.maximum_filter(image, size=3)[well.nuclei.y, well.nuclei.x] == image[well.nuclei.y, well.nuclei.x]
    counted = by_nucleus(well, bright & peak)
    assert correlation(counted, well.latents["n_pml_bodies"]) > 0.9


def test_structure_does_not_follow_the_size_of_the_nucleus(well):
    # Border and two-lobed nuclei are the small ones, and the workflow leaves them out.
    cells = well.nuclei.cells
    used = (~cells["is_border"] & ~cells["is_polynucleated"]).to_numpy()
    for level in STRUCTURED:
        assert abs(correlation(cells.loc[used, "n_px"], well.latents.loc[used, level])) < 0.15


def test_activity_moves_the_means_of_its_channels_and_of_no_other(well, background):
    values = means(well, background)
    for marker in SETTINGS.markers:
        if marker.name == "EU":
            continue
        found = correlation(values[:, NAMES.index(marker.name)], well.latents["activity"])
        assert found > 0.7 if marker.activity else abs(found) < 0.15, marker.name


def test_phases_have_the_shares_asked_for_and_their_sizes(well):
    cells = well.nuclei.cells
    shares = cells["phase"].value_counts(normalize=True)
    expected = {"G1": 0.56 * 0.96, "S": 0.29 * 0.96, "G2": 0.15 * 0.96, "M": 0.04}
    for phase, share in expected.items():
        assert abs(shares[phase] - share) < 3 * np.sqrt(share * (1 - share) / 700), phase
    whole = cells[~cells["is_border"] & ~cells["is_polynucleated"]]
    area = whole.groupby("phase")["n_px"].mean()
    assert area["G1"] < area["S"] < area["G2"]
    # The outline's mean radius is the diameter's half: pi / 4 * 26^2 = 531 px.
    assert abs(area["G1"] - 531) < 15


def test_replication_foci_are_there_in_s_phase_only(well):
    in_s = (well.nuclei.cells["phase"] == "S").to_numpy()
    assert (well.latents.loc[in_s, "n_foci"] >= 4).all()
    assert (well.latents.loc[~in_s, "n_foci"] == 0).all()
    pcna = well.pixels[:, NAMES.index("PCNA")].astype(float)
    spread = pd.Series(pcna).groupby(well.nuclei.nucleus).std() / pd.Series(pcna).groupby(well.nuclei.nucleus).mean()
    assert spread[in_s].min() > spread[~in_s].median()


def test_dapi_is_dark_where_ncl_is_bright(well):
    ncl, dapi = (well.pixels[:, NAMES.index(name)].astype(float) for name in ("NCL", "DAPI"))
    bright = ncl > 2 * pd.Series(ncl).groupby(well.nuclei.nucleus).transform("median").to_numpy()
    mean = pd.Series(dapi).groupby(well.nuclei.nucleus).transform("mean").to_numpy()
    assert (dapi / mean)[bright].mean() < 0.6


def test_border_nuclei_touch_the_edge_and_no_other_does(well):
    nuclei = well.nuclei
    height, width = nuclei.shape
    at_edge = (nuclei.y == 0) | (nuclei.x == 0) | (nuclei.y == height - 1) | (nuclei.x == width - 1)
    touching = by_nucleus(well, at_edge) > 0
    np.testing.assert_array_equal(touching, nuclei.cells["is_border"])
    assert touching.sum() == 42, "6 % of 700"


def test_nuclei_lie_apart_and_in_one_piece(well):
    image = np.zeros(well.nuclei.shape, dtype=int)
    image[well.nuclei.y, well.nuclei.x] = well.nuclei.nucleus + 1
    labels, n_pieces = ndimage.label(image > 0, structure=np.ones((3, 3)))
    assert n_pieces == 700
    assert len(set(zip(labels[image > 0], image[image > 0], strict=True))) == 700


def test_polynucleated_cells_are_waisted(well):
    cells = well.nuclei.cells
    two = cells["is_polynucleated"].to_numpy()
    assert 10 < two.sum() < 70
    extent = pd.DataFrame({"y": well.nuclei.y, "x": well.nuclei.x}).groupby(well.nuclei.nucleus).agg(["min", "max"])
    longest = np.maximum(extent["y"]["max"] - extent["y"]["min"], extent["x"]["max"] - extent["x"]["min"]) + 1
    whole = (~cells["is_border"]).to_numpy()
    compact = cells["n_px"].to_numpy() / longest.to_numpy() ** 2
    assert compact[two & whole].max() < np.median(compact[~two & whole])


def test_crops_of_the_demo_fit_its_image_size(well):
    place = pd.DataFrame({"y": well.nuclei.y, "x": well.nuclei.x}).groupby(well.nuclei.nucleus)
    assert (place.max() - place.min() + 1).to_numpy().max() <= 36


def test_compounds_shift_the_target_and_the_speckles(background, well):
    plan = WellPlan("I13", "AZD4573", 300)
    treated = simulate_well(plan, background=background, settings=SETTINGS, rng=np.random.default_rng(2))
    difference = treated.latents["eu"].mean() - well.latents["eu"].mean()
    # effect - 120, activity - 32, speckles 34 * 1.5 = + 51; two means of 60 / sqrt(n).
    assert abs(difference + 101) < 3 * 60 * np.sqrt(1 / 300 + 1 / 700)
    assert treated.latents["speckle_area"].mean() > well.latents["speckle_area"].mean() + 0.03


def test_cx5461_shrinks_nucleoli_and_tsa_evens_the_chromatin(background, well):
    def spread(perturbation, name):
        plan = WellPlan("I18", perturbation, 150)
        made = simulate_well(plan, background=background, settings=SETTINGS, rng=np.random.default_rng(3))
        values = pd.Series(made.pixels[:, NAMES.index(name)].astype(float)).groupby(made.nuclei.nucleus)
        return (values.std() / values.mean()).mean()

    assert spread("CX5461", "NCL") < 0.8 * spread("normal", "NCL")
    assert spread("TSA", "DAPI") < 0.9 * spread("normal", "DAPI")


def test_the_target_never_falls_below_its_floor():
    settings = replace(SETTINGS, formula=Formula(base=0.0))
    counts = pd.DataFrame({"speckle_area": [0.0] * 50, "n_pml_bodies": [0] * 50})
    latents = draw_latents(counts, perturbation="normal", settings=settings, rng=np.random.default_rng(0))
    assert latents["eu"].min() == 20.0


def test_formula_terms_by_hand():
    latents = pd.DataFrame(
        {"speckle_area": [0.095], "n_pml_bodies": [13], "activity": [2.0], "noise": [-1.0], "effect": [-60.0]}
    )
    terms = formula_terms(latents, formula=Formula())
    np.testing.assert_allclose(terms.to_numpy(), [[34 + 58, 64, -20, -60]])
    assert list(terms.columns) == ["structure", "activity", "noise", "effect"]


def test_attainable_r2_by_hand():
    table = pd.DataFrame(
        {
            "perturbation": ["normal", "DMSO", "normal", "TSA", "normal"],
            "is_border": [False, False, False, False, True],
            "is_polynucleated": False,
            "phase": ["G1", "S", "G2", "G1", "G1"],
            "structure_term": [-20.0, 0.0, 20.0, 0.0, 0.0],
            "activity_term": [0.0, 0.0, 0.0, 50.0, 0.0],
            "eu": [360.0, 376.0, 404.0, 900.0, 100.0],
        }
    )
    found = attainable_r2(table, formula=Formula())
    # Mean 380; squares 400 + 16 + 576 = 992; with the structure known 0 + 16 + 16 are left.
    assert found.n_cells == 3
    assert found.structure == pytest.approx(1 - 32 / 992)
    assert found.total == pytest.approx(1 - 32 / 992)
    assert found.activity == pytest.approx(0.0)


def test_the_formula_leaves_a_known_part_to_noise(well):
    named = {"plate": "p", "well": "J10", "perturbation": "normal"}
    table = truth_table(well.latents, well.nuclei.cells, **named, formula=SETTINGS.formula)
    found = attainable_r2(table, formula=SETTINGS.formula)
    # Variances 34^2 + 29^2, 32^2 and 20^2 of 3,421 in all.
    assert found.total == pytest.approx(1 - 400 / 3421, abs=0.03)
    assert found.structure == pytest.approx(1997 / 3421, abs=0.08)
    assert found.activity == pytest.approx(1024 / 3421, abs=0.08)


def test_top_fraction_takes_the_highest_allowed_pixels_of_each_group():
    values = np.array([5, 1, 4, 3, 9, 8, 7, 6], dtype=np.float32)
    group = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=np.int32)
    allowed = np.array([False, True, True, True, True, True, True, True])
    found = top_fraction(values, group, share=np.array([0.5, 0.25]), allowed=allowed)
    assert found.tolist() == [False, False, True, True, True, False, False, False]
    all_of_it = top_fraction(values, group, share=np.array([1.0, 0.0]), allowed=allowed)
    assert all_of_it.tolist() == [False, True, True, True, False, False, False, False]


def disc(radius):
    """One round nucleus in the middle of a square mosaic."""
    size = 2 * radius + 5
    y, x = np.mgrid[:size, :size]
    depth = np.hypot(y - size // 2, x - size // 2) / radius
    rows, columns = np.nonzero(depth <= 1)
    cells = pd.DataFrame({"phase": ["G1"], "n_px": [len(rows)]})
    nucleus = np.zeros(len(rows), dtype=np.int32)
    place = (rows.astype(np.int32), columns.astype(np.int32))
    return Nuclei((size, size), *place, nucleus, depth[rows, columns].astype(np.float32), cells)


def test_bodies_lie_apart_inside_and_are_as_many_as_asked_for():
    nuclei = disc(60)
    bodies = place_bodies(nuclei, pd.Series([7]), radius=3.0, spread=0.0, deepest=0.5, rng=np.random.default_rng(0))
    assert bodies.count.tolist() == [7]
    image = np.zeros(nuclei.shape)
    image[nuclei.y, nuclei.x] = bodies.stamp
    labels, n_pieces = ndimage.label(image > 0)
    assert n_pieces == 7
    # Discs of pi * 3^2 = 28.3 px, their rims shaded.
    np.testing.assert_allclose(ndimage.sum(image, labels, range(1, 8)), 28.3, atol=1.0)
    assert nuclei.depth[bodies.stamp == 1].max() <= 0.5 + 3 / 60


def test_a_nucleus_without_room_holds_fewer_bodies():
    nuclei = disc(8)
    bodies = place_bodies(nuclei, pd.Series([50]), radius=2.0, spread=0.0, deepest=0.9, rng=np.random.default_rng(0))
    assert 1 <= bodies.count[0] < 10


def test_a_well_without_cells_and_a_full_panel(background):
    settings = replace(PlateSettings(), diameter_px=40.0)
    everything = plate_background(settings, rng=np.random.default_rng(0))
    empty = simulate_well(
        WellPlan("A01", "normal", 0), background=everything, settings=settings, rng=np.random.default_rng(0)
    )
    assert empty.pixels.shape == (0, 38)
    assert empty.latents.empty
    few = simulate_well(
        WellPlan("A01", "normal", 9), background=everything, settings=settings, rng=np.random.default_rng(0)
    )
    names = [marker.name for marker in PANEL]
    mask = few.pixels[:, names.index("SRRM2_ILASTIK")]
    assert set(mask) == {0, 1}
    area = np.bincount(few.nuclei.nucleus, weights=mask) / np.bincount(few.nuclei.nucleus)
    np.testing.assert_allclose(area, few.latents["speckle_area"])
    assert everything[names.index("SRRM2_ILASTIK")] == 0


def test_the_smallest_panel_keeps_the_target():
    assert [marker.name for marker in choose_markers(2)] == ["SRRM2", "EU"]
