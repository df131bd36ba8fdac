"""What the stage says of a config and of wells."""

from typing import Any

import pytest

from wellspring.localization.stage import STAGE


def _config(**localization: Any) -> dict[str, Any]:
    block = {"channels": ["RNA"], "patterns": ["random", "foci"], "area_um2": [50, 5000]}
    block |= {"condition_column": None, "control": None, **localization}
    return {
        "raw": {"format": "tiff"},
        "spots": {"channels": ["RNA"], "spacing_um": None},
        "segmentation": {"cells": {"channel": "CELL"}},
        "localization": block,
    }


def test_a_config_without_mistakes() -> None:
    assert STAGE.mistakes(_config()) == []
    assert STAGE.is_wanted(_config())
    assert not STAGE.is_wanted(_config(channels=[]))
    assert STAGE.mistakes(_config(channels=[], patterns=["foci", "polarized"])) == []
    assert STAGE.named_channels(_config()) == {"localization.channels": ["RNA"]}


def test_tables_need_no_images_no_spots_and_no_named_gene() -> None:
    config = _config(channels=[])
    config |= {"raw": {"format": "points"}, "spots": {"channels": [], "spacing_um": None}}
    assert STAGE.is_wanted(config)
    assert STAGE.mistakes(config) == []
    assert STAGE.named_channels(config) == {}
    assert STAGE.mistakes_in_wells(config, [{"plate": "p", "well": "A", "site_sizes_um": [None]}]) == []


@pytest.mark.parametrize(
    ("block", "key", "value", "message"),
    [
        ("raw", "format", "mpm", "needs images or tables"),
        ("localization", "control", "dmso", "each needs the other"),
        ("spots", "channels", ["other"], "RNA is not in spots.channels"),
        ("segmentation", "cells", None, "needs outlines of cells"),
        ("localization", "patterns", ["foci", "polarized"], "needs the pattern random"),
        ("localization", "area_um2", [9, 9], "the first must be below the second"),
    ],
)
def test_mistakes_are_said(block: str, key: str, value: Any, message: str) -> None:
    config = _config()
    config[block] = {**config[block], key: value}
    (line,) = STAGE.mistakes(config)
    assert message in line


def test_wells_without_a_pixel_size_are_a_mistake() -> None:
    wells = [
        {"plate": "p", "well": "A1", "site_sizes_um": [0.2]},
        {"plate": "p", "well": "A2", "site_sizes_um": [None]},
    ]
    (line,) = STAGE.mistakes_in_wells(_config(), wells)
    assert "the pixel size of p/A2 is not known" in line
    config = _config()
    config["spots"] = {**config["spots"], "spacing_um": [0.3, 0.2, 0.2]}
    assert STAGE.mistakes_in_wells(config, wells) == []
    assert STAGE.mistakes_in_wells(_config(), wells[:1]) == []
