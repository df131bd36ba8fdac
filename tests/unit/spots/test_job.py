"""Spots of a well by the settings of the config."""

from dataclasses import replace

import numpy as np
import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.raw.images import SiteStacks
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots.images import TABLES
from wellspring.spots.job import run
from wellspring.spots.settings import ChosenThreshold, GivenThreshold, SpotSettings
from wellspring.spots.threshold_methods import METHODS, threshold_method
from wellspring.tables import check_table

SETTINGS = SpotSettings(
    channels=("RNA",),
    sigma_px=1.5,
    spacing_um=None,
    threshold=ChosenThreshold("noise"),
    max_instability=0.5,
    max_per_neighborhood=1,
    decompose=True,
    focus_radius_um=0.35,
    focus_min_spots=4,
    method="classical",
    weights=None,
)
LABELS = np.zeros((100, 120), dtype=np.uint32)
LABELS[30:60, 10:50], LABELS[30:60, 70:110] = 1, 2


@pytest.fixture
def sites() -> list[SiteStacks]:
    """Two sites, of 15 and of no spots."""
    fields = [
        simulate_smfish(FieldSettings((100, 120), (1.5, 1.5), n_spots), rng=np.random.default_rng(4))
        for n_spots in (15, 0)
    ]
    return [SiteStacks(name, {"RNA": field.image}, 0.1) for name, field in zip("12", fields, strict=True)]


def test_settings_are_those_of_the_schema() -> None:
    assert_settings_match_schema(SpotSettings, block_schema("spots"))


def test_object_ids_go_on_from_site_to_site(sites: list[SiteStacks]) -> None:
    labels = {"1": LABELS, "2": LABELS}
    found = run(sites, labels, labels, SETTINGS, key=("P", "A1"))
    assert found.cells["object_id"].tolist() == [1, 2, 3, 4]
    assert found.cells["site"].tolist() == ["1", "1", "2", "2"]
    assert found.cells["n_spots"].tolist()[2:] == [0, 0]
    assert set(found.spots["site"]) == {"1"}
    assert set(found.spots["well"]) == {"A1"}


def test_a_site_that_was_left_out_has_no_rows(sites: list[SiteStacks]) -> None:
    found = run(sites[1:], {"2": LABELS}, {"2": LABELS}, SETTINGS, key=("P", "A1"))
    assert found.cells["object_id"].tolist() == [1, 2]
    assert set(found.thresholds["site"]) == {"2"}


def test_without_any_site_the_tables_are_empty() -> None:
    found = run([], {}, {}, SETTINGS, key=("P", "A1"))
    for name, table in TABLES.items():
        assert len(check_table(getattr(found, name), table, source="test")) == 0


def test_a_given_threshold(sites: list[SiteStacks]) -> None:
    labels = {"1": LABELS, "2": LABELS}
    given = replace(SETTINGS, threshold=GivenThreshold("given", 1e6))
    found = run(sites, labels, labels, given, key=("P", "A1"))
    assert len(found.spots) == 0
    assert set(found.thresholds["method"]) == {"given"}
    assert set(found.thresholds["threshold"]) == {1e6}


def test_the_registry_declares_each_method_once() -> None:
    assert [one.name for one in METHODS] == ["noise", "elbow", "given"]
    with pytest.raises(ValueError, match=r"method: expected one of \['elbow', 'given', 'noise'\], got 'otsu'"):
        threshold_method("otsu")
