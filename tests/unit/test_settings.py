"""Typed settings, and the helper that compares them with a schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.settings import settings_of


@dataclass(frozen=True)
class Stained:
    method: Literal["watershed"]
    channel: str
    smoothing_sigma_px: float
    n_components: int


@dataclass(frozen=True)
class Stretched:
    method: Literal["propagation"]
    channel: str
    smoothing_sigma_px: float
    n_components: int
    regularisation: float


@dataclass(frozen=True)
class Grown:
    method: Literal["expansion"]
    distance_px: float


Cells = Stained | Stretched | Grown
CELLS: dict[str, Any] = {
    "properties": {"method": {"enum": ["watershed", "propagation", "expansion"]}},
    "allOf": [
        {
            "if": {"properties": {"method": {"enum": ["watershed", "propagation"]}}},
            "then": {
                "properties": {
                    "method": {},
                    "channel": {"type": "string"},
                    "smoothing_sigma_px": {"type": "number"},
                    "n_components": {"type": "integer"},
                }
            },
        },
        {
            "if": {"properties": {"method": {"const": "expansion"}}},
            "then": {"properties": {"method": {}, "distance_px": {"type": "number"}}},
        },
    ],
}


@dataclass(frozen=True)
class Split:
    train: float
    validation: float
    stratify: tuple[str, ...]
    group: str | None
    seed: int


def test_a_block_becomes_its_class_by_the_name_of_its_method() -> None:
    @dataclass(frozen=True)
    class Block:
        cells: Cells | None

    assert settings_of(Block, {"cells": {"method": "expansion", "distance_px": 3}}).cells == Grown("expansion", 3.0)
    assert settings_of(Block, {"cells": None}).cells is None


def test_a_key_without_a_field_is_a_defect() -> None:
    with pytest.raises(ValueError, match="seed"):
        settings_of(Split, {"train": 0.8, "validation": 0.1, "stratify": [], "group": None})


def test_a_key_that_has_no_field_is_a_defect_at_every_depth() -> None:
    @dataclass(frozen=True)
    class Block:
        split: Split
        steps: tuple[Grown, ...]

    split = {"train": 0.8, "validation": 0.1, "stratify": [], "group": None, "seed": 1}
    step = {"method": "expansion", "distance_px": 1}
    assert settings_of(Block, {"split": split, "steps": [step]}).split == Split(0.8, 0.1, (), None, 1)
    for block in (
        {"split": split, "steps": [], "more": 1},
        {"split": {**split, "more": 1}, "steps": []},
        {"split": split, "steps": [{**step, "more": 1}]},
    ):
        with pytest.raises(ValueError, match=r"got \['more'\] too"):
            settings_of(Block, block)


def test_settings_that_match_their_schema_pass() -> None:
    assert_settings_match_schema(Split, block_schema("dataset", "split"))
    matching: dict[str, Any] = {**CELLS, "allOf": [*CELLS["allOf"]]}
    matching["allOf"][0] = {**matching["allOf"][0], "if": {"properties": {"method": {"const": "watershed"}}}}
    assert_settings_match_schema(Stained | Grown, matching)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": {"type": "string"}}, r"settings\.seed: expected string, got"),
        ({"seed": {"type": ["integer", "null"]}}, r"settings\.seed: null and None"),
        ({"group": {"type": "string"}}, r"settings\.group: null and None"),
        ({"stratify": {"type": "array", "items": {"type": "integer"}}}, r"settings\.stratify\[\]: expected integer"),
        ({"train": {"enum": ["a"]}}, r"settings\.train: expected one of \['a'\]"),
        ({"extra": {"type": "string"}}, r"fields \['group', 'seed'.*, keys \['extra', "),
    ],
)
def test_settings_that_differ_from_their_schema_fail(change: Mapping[str, Any], words: str) -> None:
    schema = block_schema("dataset", "split")
    with pytest.raises(AssertionError, match=words):
        assert_settings_match_schema(Split, {**schema, "properties": {**schema["properties"], **change}})


def test_each_method_has_its_class_and_each_class_its_method() -> None:
    with pytest.raises(AssertionError, match=r"propagation.*got"):
        assert_settings_match_schema(Stained | Grown, CELLS)
    with pytest.raises(AssertionError, match=r"\(propagation\): fields"):
        assert_settings_match_schema(Cells, CELLS)


def test_defaults_belong_to_the_schema() -> None:
    @dataclass(frozen=True)
    class WithDefault:
        image_size: int = 224
        features: None = None

    with pytest.raises(AssertionError, match="has a default"):
        assert_settings_match_schema(WithDefault, block_schema("cells"))
