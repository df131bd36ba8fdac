"""Settings of the features and their schema agree."""

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.cells.features.families import FAMILIES
from wellspring.cells.settings import FeatureSettings


def test_settings_are_those_of_the_schema() -> None:
    schema = block_schema("cells", "features")
    assert_settings_match_schema(FeatureSettings, {**schema, "type": "object"})
    assert schema["properties"]["families"]["default"] == list(FAMILIES)
