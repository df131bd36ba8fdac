"""Settings and registries of attribution agree with the schema; mistakes that the stage reports."""

import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.attribution.maps.baselines import BASELINES
from wellspring.attribution.maps.methods import BASES, COPIES
from wellspring.attribution.maps.paths import RULES
from wellspring.attribution.maps.scores import ESTIMATORS
from wellspring.attribution.settings import GroupSettings, MapSettings, RetrainSettings, ValidationSettings
from wellspring.attribution.stage import STAGE


def without(schema, *names):
    return {**schema, "properties": {key: part for key, part in schema["properties"].items() if key not in names}}


def test_the_settings_are_those_of_the_schema():
    attribution = block_schema("attribution")
    assert_settings_match_schema(MapSettings, without(attribution, "models", "panel_channels", "groups", "validation"))
    assert_settings_match_schema(GroupSettings, without(block_schema("attribution", "groups"), "markers"))
    validation = block_schema("attribution", "validation")
    assert_settings_match_schema(ValidationSettings, without(validation, "truth", "roar"))
    roar = block_schema("attribution", "validation", "roar")
    assert_settings_match_schema(RetrainSettings, without(roar, "regimes", "channels", "rankings", "seeds"))


def test_the_registries_have_what_the_functions_know():
    properties = block_schema("attribution")["properties"]
    assert properties["method"]["enum"] == list(BASES)
    assert properties["copies"]["enum"] == list(COPIES)
    assert properties["baseline"]["properties"]["method"]["enum"] == list(BASELINES)
    assert properties["estimator"]["properties"]["method"]["enum"] == list(ESTIMATORS)
    assert properties["rule"]["enum"] == list(RULES)


@pytest.fixture
def config():
    validation = {"methods": ["gradient/none"], "roar": None}
    return {
        "attribution": {"models": ["linear"], "validation": validation},
        "training": {"models": ["linear"], "regimes": ["structure"], "seeds": [1]},
        "dataset": {"target_channel": "EU"},
    }


def test_a_config_without_mistakes_has_none(config):
    assert STAGE.mistakes(config) == []
    assert STAGE.is_wanted(config)
    config["attribution"]["validation"] = None
    assert STAGE.mistakes(config) == []


def test_mistakes_in_the_config_are_reported(config):
    config["attribution"]["models"] = ["linear", "xception"]
    config["attribution"]["validation"] = {
        "methods": ["gradient/none", "lime/none", "gradient/median"],
        "roar": {"regimes": ["color-structure"], "seeds": [1, 7]},
    }
    found = STAGE.mistakes(config)
    for words in (
        "attribution.models: ['xception'] are not among training.models",
        "attribution.validation.methods: ['lime/none', 'gradient/median'] are not known",
        "attribution.validation.roar.regimes: ['color-structure'] are not among training.regimes",
        "attribution.validation.roar.seeds: [1] are training.seeds too",
    ):
        assert any(line.startswith(words) for line in found), found
    assert len(found) == 4
