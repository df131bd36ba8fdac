"""The config: defaults filled in, every mistake in one message."""

import copy
from pathlib import Path
from typing import Any

import pytest

from wellspring.config import config_schema, repeated_keys, validated_config
from wellspring.errors import InputError
from wellspring.raw.formats import formats

SCHEMA = config_schema()
LEAST: dict[str, Any] = {"wells": "wells.tsv", "raw": {"format": "mpm"}, "dataset": {"target_channel": "00_EU"}}

TIFF = {"format": "tiff", "pattern": "{well}_{channel}.tif"}

FORMATS = ", ".join(formats())


def checked(**changes: object) -> dict[str, Any]:
    return validated_config({**LEAST, **changes}, schema=SCHEMA, source="config.yaml")


def mistakes(**changes: object) -> list[str]:
    """The lines of the message that the config ends in, but for its first and last."""
    with pytest.raises(ValueError, match=r"config\.yaml: \d+ mistake\(s\) in the config") as error:
        checked(**changes)
    assert str(error.value).endswith("See docs/config.md.")
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
    own = {"pattern", "channels", "rename", "projection", "pixel_size_um", "background"}
    assert set(raw) == {"format", "bad_wells", "image_sizes", *own}
    assert mistakes(raw={"format": "tiff"})[0].startswith("raw.pattern: missing; expected text (File names, with parts")
    assert mistakes(raw={"format": "mpm", "pattern": "x"}) == ["raw.pattern: not used here; it belongs to format: tiff"]


def test_a_missing_format_is_one_mistake() -> None:
    assert mistakes(raw={}) == [f"raw.format: missing; expected one of {FORMATS} (Format of all wells)"]


def test_missing_blocks_and_keys_are_reported_together() -> None:
    with pytest.raises(ValueError) as error:
        validated_config({}, schema=SCHEMA, source="config.yaml")
    lines = str(error.value).splitlines()
    assert lines[1].startswith("  - wells: missing; expected text (Sheet of wells")
    assert lines[2].startswith("  - raw: missing; expected a block with format (How the wells")


def test_an_empty_block_has_its_defaults() -> None:
    assert checked(spots=None, training={"learning_rate": None}) == checked()
    assert mistakes(raw=None) == mistakes(raw={})
    assert checked(raw=TIFF, segmentation={"cells": None})["segmentation"]["cells"] is None


def test_a_config_that_asks_for_nothing_says_what_could_be_asked_for() -> None:
    (line,) = mistakes(dataset={})
    assert line.startswith("the config asks for no results; give at least one of: quality.channels (the channels")
    assert "dataset.target_channel (the channel whose mean is predicted)" in line
    assert mistakes(dataset={"target_channel": None}) == [line]
    spots = checked(raw=TIFF, dataset={}, spots={"channels": ["RNA"]})
    assert spots["dataset"]["target_channel"] is None
    assert spots["spots"]["threshold"] == {"method": "noise"}


def test_the_keys_of_cells_and_thresholds_follow_their_method() -> None:
    assert checked(raw=TIFF)["segmentation"]["cells"] is None
    cells = checked(raw=TIFF, segmentation={"cells": {"channel": "CELL"}})["segmentation"]["cells"]
    own_edge = {"method": "own_edge", "channel": "CELL", "smoothing_sigma_px": 1.0}
    assert cells == {**own_edge, "stain": "auto", "unstained": "ignore"}
    cells = checked(raw=TIFF, segmentation={"cells": {"method": "expansion"}})["segmentation"]["cells"]
    assert cells == {"method": "expansion", "distance_px": 10.0}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"trainings": {}}, "trainings: unknown key; did you mean training?"),
        ({"cells": {"image_sizes": 224}}, "cells.image_sizes: unknown key; did you mean image_size?"),
        ({"image_size": 224}, "image_size: unknown key; did you mean cells.image_size?"),
        ({"cells": {"q": 1}}, "cells.q: unknown key; known keys are features, image_size"),
        (
            {"cells": {"image_size": "224"}},
            "cells.image_size: expected a whole number from 8 to 1024 (px), got the text '224'; YAML reads this as "
            "text, write 224",
        ),
        ({"cells": {"image_size": 4}}, "cells.image_size: expected a whole number from 8 to 1024 (px), got 4"),
        ({"raw": {"format": "oir"}}, f"raw.format: expected one of {FORMATS}, got the text 'oir'"),
        (
            {"raw": {"format": "mpm", "mosaic_shape_px": [0, 5]}},
            "raw.mosaic_shape_px (entry 1): expected a whole number of 1 or more (px), got 0",
        ),
        (
            {"raw": {"format": "mpm", "mosaic_shape_px": [5]}},
            "raw.mosaic_shape_px: expected a list of 2 entries, each a whole number of 1 or more (px), got [5]",
        ),
        (
            {"training": {"learning_rate": {"linear": "1e-4"}}},
            "training.learning_rate.linear: expected a number above 0, got the text '1e-4'; YAML reads this as text, "
            "write 0.0001",
        ),
        (
            {"training": {"patience": None}},
            "training.patience: expected a whole number of 1 or more, got nothing; leave the key out for the default, "
            "100",
        ),
        (
            {"raw": {"format": "tiff", "pattern": None}},
            "raw.pattern: expected text, got nothing (File names, with parts in braces, for instance "
            '"{well}_s{site}_{channel}.tif")',
        ),
        ({"training": {"seeds": [1, 2, 1]}}, "training.seeds: 1 is listed more than once"),
        (
            {"training": {"seeds": 3}},
            "training.seeds: expected a list of at least one entry, each a whole number of 0 or more, got 3; write [3]",
        ),
        (
            {"training": {"augmentation": {"zoom": "ja"}}},
            "training.augmentation.zoom: expected true or false, got the text 'ja'; write true or false, "
            "without quotes",
        ),
        (
            {"attribution": {"max_cells": "none"}},
            "attribution.max_cells: expected a whole number of 1 or more, or null, got the text 'none'; write null, "
            "without quotes",
        ),
        (
            {"attribution": {"map_cells": ["A01"]}},
            "attribution.map_cells (entry 1): expected plate/well/object_id, got the text 'A01'",
        ),
        (
            {"attribution": {"baseline": {"method": "black", "sigma_px": 3}}},
            "attribution.baseline.sigma_px: not used here; it belongs to method: blur",
        ),
        ({"attribution": {"noise_sd": float("nan")}}, "attribution.noise_sd: expected a finite number, got .nan"),
        (
            {"dataset": {"target_channel": "EU", "select": {"gene": "normal"}}},
            "dataset.select.gene: expected a list of at least one entry, each text, or a number, or true or false, got "
            "the text 'normal'; write [normal]",
        ),
        (
            {"dataset": {"target_channel": "EU", "normalization": {"percentile": 0.98}}},
            "dataset.normalization.percentile: expected a number from 1 to 100 (%), got 0.98; write 98 for 98 %",
        ),
        (
            {"dataset": {"target_channel": "EU", "split": {"train": 80}}},
            "dataset.split.train: expected a number above 0 and below 1, got 80; write 0.8 for 80 %",
        ),
        (
            {"raw": TIFF, "segmentation": {"cells": {}}},
            "segmentation.cells.channel: missing; expected text (Channel that shows the cells)",
        ),
        (
            {"raw": TIFF, "segmentation": {"cells": {"channel": "CELL", "distance_px": 3}}},
            "segmentation.cells.distance_px: not used here; it belongs to method: expansion",
        ),
        (
            {"raw": TIFF, "segmentation": {"cells": True}},
            "segmentation.cells: expected a block of keys, or null, got true; its keys are method, channel, "
            "smoothing_sigma_px, stain, unstained, n_components, regularisation, distance_px",
        ),
        (
            {"raw": TIFF, "spots": {"threshold": "elbow"}},
            "spots.threshold: expected a block of keys, got the text 'elbow'; write {method: elbow}",
        ),
        (
            {"raw": TIFF, "spots": {"threshold": {"method": "elbow", "value": 3}}},
            "spots.threshold.value: not used here; it belongs to method: given",
        ),
        (
            {"raw": TIFF, "spots": {"sigma_px": "a"}},
            "spots.sigma_px: expected a number above 0, or a list of 2 to 3 entries, each a number above 0, or a block "
            "of keys (px), got the text 'a'",
        ),
        (
            {"raw": TIFF, "spots": {"sigma_px": {"wavelength_nm": 670, "na": 1.4}}},
            "spots.sigma_px.refractive_index: missing; expected a number from 1 to 2",
        ),
        (
            {"raw": TIFF, "spots": {"channels": "RNA"}},
            "spots.channels: expected a list, got the text 'RNA'; write [RNA]",
        ),
        (
            {"raw": TIFF, "spots": {"channels": [488]}},
            'spots.channels (entry 1): expected text, got 488; write "488"',
        ),
        (
            {"raw": TIFF, "spots": {"channels": [False]}},
            "spots.channels (entry 1): expected text, got false; put the text in quotes",
        ),
        (
            {"dataset": {"target_channel": "EU", "normalization": {"percentile": "98 %"}}},
            "dataset.normalization.percentile: expected a number from 1 to 100 (%), got the text '98 %'; write 98, "
            "without the unit",
        ),
        (
            {"raw": TIFF, "quality": {"preprocessing": [{"step": "medan"}]}},
            "quality.preprocessing (entry 1).step: expected one of remove_outliers, rolling_ball, median, "
            "total_variation, crop, got the text 'medan'; did you mean median?",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_key_and_what_to_write(changes: dict[str, object], line: str) -> None:
    if "dataset" in changes:
        assert line in mistakes(**changes)
    else:
        assert mistakes(**changes) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("raw: {format: tiff, pattern: '{well}_{'}", "raw.pattern: pattern '{well}_{': a brace has no partner"),
        ("raw: {format: tiff, pattern: '{wel}.tif'}", "raw.pattern: pattern '{wel}.tif': unknown part {wel}"),
        (
            "spots: {channels: [GFP], sigma_px: 1,3}",
            "spots.3: a number, not a key; write a decimal number with a point",
        ),
        ("pathvars: {results: 'out/{study}'}", "pathvars.results: expected a path without braces"),
    ],
)
def test_signs_that_yaml_or_snakemake_take_otherwise_are_reported(text: str, line: str) -> None:
    import yaml

    config = {"wells": "wells.tsv", "raw": {"format": "tiff", "pattern": "{well}.tif"}, "spots": {"channels": ["GFP"]}}
    with pytest.raises(InputError) as error:
        validated_config({**config, **yaml.safe_load(text)}, schema=config_schema(), source="config")
    assert f"  - {line}" in str(error.value)


def test_nm_instead_of_micrometres_are_recognised() -> None:
    lines = mistakes(raw={**TIFF, "pixel_size_um": 160})
    assert lines == ["raw.pixel_size_um: expected a number above 0 and at most 50 (µm), got 160; write 0.16 for 160 nm"]


def test_all_mistakes_are_reported_without_regular_expressions_or_types() -> None:
    wrong = {"training": {"models": [3], "regimes": {}, "epochs": []}, "cells": 3, "attribution": {"map_cells": ["^"]}}
    text = "\n".join(mistakes(**wrong))
    assert not [word for word in ("is not of type", "does not match", "'object'", "[0-9]", "required") if word in text]


def test_a_key_given_twice_is_reported_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "wells: w\nspots:\n  channels: [A]\n  # more\n  channels: [B]\ndataset:\n  filter:\n"
        "    - {column: a, drop: [1], column: b}\nwells: v\n",
        encoding="utf-8",
    )
    lines = [
        f"{path}, line 9: wells is given already in line 1; keep one of them",
        f"{path}, line 5: spots.channels is given already in line 3; keep one of them",
        f"{path}, line 8: dataset.filter.1.column is given already in line 8; keep one of them",
    ]
    assert sorted(repeated_keys(path)) == sorted(lines)
    with pytest.raises(ValueError, match=r"config: 3 mistake\(s\)"):
        validated_config(LEAST, schema=SCHEMA, source="config", files=[path])
    path.write_text("", encoding="utf-8")
    assert repeated_keys(path) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cells: {image_size: 0100}", "line 3: cells.image_size: YAML does not read 0100 as a decimal number"),
        ("training: {epochs: 1:40}", "line 3: training.epochs: YAML does not read 1:40 as a decimal number"),
        ("training:\n  seeds: [7, 012]", "line 4: training.seeds.2: YAML does not read 012 as a decimal number"),
    ],
)
def test_numbers_that_yaml_reads_as_others_are_reported(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"wells: w\nraw: {{format: mpm}}\n{text}\n", encoding="utf-8")
    (found,) = repeated_keys(path)
    assert found == f"{path}, {line}; write it as one"
    # Text in quotes, dates, plain numbers and clock times with seconds in names are what they seem.
    path.write_text("a: '0100'\nb: [0, 10, 0.5, 1e1, 2020-01-01]\nc: 08\nd: 1_000\n", encoding="utf-8")
    assert repeated_keys(path) == []


def test_a_block_that_holds_itself_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("spots: &a\n  channels: [A]\n  threshold: *a\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"config: .*config.yaml, line 1: spots.threshold holds itself"):
        validated_config({"spots": {}}, schema=SCHEMA, source="config", files=[path])


def test_all_mistakes_are_reported_at_once() -> None:
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
def test_a_contradiction_between_keys_is_reported(changes: dict[str, object], words: str) -> None:
    (line,) = mistakes(**changes)
    assert line.startswith(words)
