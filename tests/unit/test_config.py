"""The config: defaults filled in, every mistake in one message."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from wellspring.config import validated_config

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
LEAST: dict[str, Any] = {"wells": "wells.tsv", "raw": {"format": "mpm"}, "dataset": {"target_channel": "00_EU"}}

TIFF = {"format": "tiff", "pattern": "{well}_{channel}.tif"}


def checked(**changes: object) -> dict[str, Any]:
    return validated_config({**LEAST, **changes}, schema=SCHEMA, source="config.yaml")


def mistakes(**changes: object) -> list[str]:
    """The lines of the message that the config ends in, but for its first and last."""
    with pytest.raises(ValueError, match=r"config\.yaml: \d+ mistake\(s\) in the config") as error:
        checked(**changes)
    assert str(error.value).endswith("See config/README.md.")
    return [line.removeprefix("  - ") for line in str(error.value).splitlines()[1:-1]]


def test_defaults_are_filled_in_at_every_depth() -> None:
    config = checked()
    assert config["raw"]["background_rows"] == {"measurement_type": "non-cell", "cell_line": "HeLa"}
    assert config["dataset"]["split"]["train"] == 0.8
    assert config["training"]["augmentation"]["shift"] == 3.0
    assert config["segmentation"]["smoothing_sigma_px"] is None


def test_given_values_stay_and_the_input_is_not_changed() -> None:
    given = {**LEAST, "dataset": {"target_channel": "EU", "split": {"train": 0.6}}}
    before = copy.deepcopy(given)
    config = validated_config(given, schema=SCHEMA, source="config.yaml")
    assert config["dataset"]["split"] == {**checked()["dataset"]["split"], "train": 0.6}
    assert given == before
    config["training"]["models"].append("xception")
    assert checked()["training"]["models"] == ["linear", "simple_cnn"]


def test_the_keys_of_raw_follow_its_format() -> None:
    raw = checked(raw={"format": "tiff", "pattern": "{well}.tif"})["raw"]
    assert set(raw) == {"format", "pattern", "channels", "projection", "pixel_size_um", "background"}
    assert mistakes(raw={"format": "tiff"}) == ["raw: 'pattern' is a required property"]
    (words,) = mistakes(raw={"format": "mpm", "pattern": "x"})
    assert words.startswith("raw: unknown key(s) ['pattern']; known keys are ['background_rows', 'background_table',")


def test_a_missing_format_is_one_mistake() -> None:
    assert mistakes(raw={}) == ["raw: 'format' is a required property"]


def test_a_missing_block_is_told() -> None:
    with pytest.raises(ValueError, match=r"\(top level\): 'raw' is a required property"):
        validated_config({"wells": "w"}, schema=SCHEMA, source="config.yaml")


def test_without_target_and_without_spots_there_is_nothing_to_do() -> None:
    (words,) = mistakes(dataset={})
    assert words.startswith("dataset.target_channel: missing; name the channel whose mean is predicted, or list")
    (words,) = mistakes(dataset={"target_channel": None})
    assert words.endswith("or those to be judged in quality.channels")
    spots = checked(raw=TIFF, dataset={}, spots={"channels": ["RNA"]})
    assert spots["dataset"]["target_channel"] is None
    assert spots["spots"]["threshold"] == {"method": "noise"}


def test_the_keys_of_cells_and_thresholds_follow_their_method() -> None:
    assert checked(raw=TIFF)["segmentation"]["cells"] is None
    cells = checked(raw=TIFF, segmentation={"cells": {"channel": "CELL"}})["segmentation"]["cells"]
    assert cells == {"method": "watershed", "channel": "CELL", "smoothing_sigma_px": 1.0, "n_components": 2}
    cells = checked(raw=TIFF, segmentation={"cells": {"method": "expansion"}})["segmentation"]["cells"]
    assert cells == {"method": "expansion", "distance_px": 10.0}
    assert mistakes(raw=TIFF, segmentation={"cells": {}}) == ["segmentation.cells: 'channel' is a required property"]
    (words,) = mistakes(raw=TIFF, segmentation={"cells": {"channel": "CELL", "distance_px": 3}})
    assert words.startswith("segmentation.cells: unknown key(s) ['distance_px']")
    (words,) = mistakes(raw=TIFF, spots={"threshold": {"method": "given"}})
    assert words == "spots.threshold: 'value' is a required property"
    (words,) = mistakes(raw=TIFF, spots={"threshold": {"method": "elbow", "value": 3}})
    assert words.startswith("spots.threshold: unknown key(s) ['value']")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trainings": {}}, "(top level): unknown key(s) ['trainings']"),
        ({"cells": {"image_sizes": 224}}, "cells: unknown key(s) ['image_sizes']; known keys are ['image_size']"),
        ({"cells": {"image_size": "224"}}, "cells.image_size: '224' is not of type 'integer'"),
        ({"cells": {"image_size": 4}}, "cells.image_size: 4 is less than the minimum of 8"),
        ({"raw": {"format": "czi"}}, "raw.format: 'czi' is not one of ['mpm', 'tiff']"),
        (
            {"raw": {"format": "mpm", "mosaic_shape_px": [0, 5]}},
            "raw.mosaic_shape_px.0: 0 is less than the minimum of 1",
        ),
        ({"training": {"models": ["vgg"]}}, "training.models.0: 'vgg' is not one of"),
        ({"training": []}, "training: [] is not of type 'object'"),
        ({"spots": {"threshold": "elbow"}}, "spots.threshold: expected a block, for instance {method: elbow}"),
    ],
)
def test_a_mistake_is_told_with_its_key(changes: dict[str, object], words: str) -> None:
    (said,) = mistakes(**changes)
    assert said.startswith(words)


def test_all_mistakes_are_told_at_once() -> None:
    assert len(mistakes(cells={"image_size": 4}, trainings={}, report={"title": 3})) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"dataset": {"target_channel": "EU", "split": {"train": 0.9, "validation": 0.1}}},
            "dataset.split: train + validation is 1; expected below 1",
        ),
        (
            {"dataset": {"target_channel": "EU", "normalization": {"mean_extraction": True}}},
            "dataset.normalization: z_score excludes mean_extraction",
        ),
        (
            {"dataset": {"target_channel": "EU", "input_channels": ["EU", "DAPI"]}},
            "dataset.input_channels: holds the target channel",
        ),
        (
            {"training": {"models": ["linear"]}, "attribution": {"models": ["linear", "xception"]}},
            "attribution.models: ['xception'] are not among training.models",
        ),
        (
            {"attribution": {"validation": {"roar": {"seeds": [123, 7]}}}},
            "attribution.validation.roar.seeds: [123] are training.seeds too",
        ),
        (
            {"training": {"regimes": ["color-structure"]}, "attribution": {"validation": {"roar": {}}}},
            "attribution.validation.roar.regimes: ['structure'] are not among training.regimes",
        ),
        ({"spots": {"channels": ["RNA"]}}, "spots.channels: needs images, raw.format tiff"),
        ({"segmentation": {"cells": {"channel": "CELL"}}}, "segmentation.cells: needs images, raw.format tiff"),
        (
            {"raw": TIFF, "spots": {"channels": ["RNA"], "sigma_px": [1, 1], "spacing_um": [1, 1, 1]}},
            "spots: sigma_px and spacing_um differ in length",
        ),
        (
            {"raw": TIFF, "quality": {"channels": ["A"]}, "profiling": {"methods": ["pca", "classifier"]}},
            "profiling: method classifier: needs profiling.positive",
        ),
        ({"raw": TIFF, "profiling": {"methods": ["pca"]}}, "profiling.methods: needs quality.channels"),
        (
            {
                "raw": TIFF,
                "quality": {
                    "channels": ["A"],
                    "preprocessing": [{"step": "median", "radius_px": 2, "channels": ["B"]}],
                },
            },
            "quality.preprocessing.0.channels: ['B'] are not among quality.channels",
        ),
        (
            {
                "raw": TIFF,
                "quality": {"channels": ["A", "B"]},
                "profiling": {"positive": ["x"], "actin": {"actin": "A", "borders": "B", "nuclei": "N"}},
            },
            "profiling.actin.nuclei: ['N'] are not among quality.channels",
        ),
    ],
)
def test_a_contradiction_between_keys_is_told(changes: dict[str, object], words: str) -> None:
    (said,) = mistakes(**changes)
    assert said.startswith(words)
