"""The stage localization, as the workflow sees it."""

from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


_TABLES = "points"


def _is_of_tables(config: Config) -> bool:
    return bool(config["raw"]["format"] == _TABLES)


def _is_wanted(config: Config) -> bool:
    return bool(config["localization"]["channels"]) or _is_of_tables(config)


def _named_channels(config: Config) -> dict[str, list[str]]:
    if _is_of_tables(config):
        return {}
    return {"localization.channels": config["localization"]["channels"]}


def _mistakes(config: Config) -> list[str]:
    block = config["localization"]
    if not _is_wanted(config):
        return []
    found = [] if _is_of_tables(config) else _mistakes_of_images(config)
    if "random" not in block["patterns"]:
        found.append("localization.patterns: needs the pattern random, with which the others are compared; add it")
    if (block["condition_column"] is None) != (block["control"] is None):
        found.append("localization.condition_column, localization.control: each needs the other; give both, or none")
    if block["area_um2"][0] >= block["area_um2"][1]:
        found.append("localization.area_um2: the first must be below the second")
    return found


def _mistakes_of_images(config: Config) -> list[str]:
    found = []
    if not has_images(config):
        found.append("localization.channels: needs images or tables, raw.format tiff or points; leave it out")
    others = [name for name in config["localization"]["channels"] if name not in config["spots"]["channels"]]
    if others:
        found.append(f"localization.channels: {', '.join(others)} is not in spots.channels; add it there")
    if not config["segmentation"]["cells"] and config["segmentation"].get("pattern") is None:
        found.append("localization.channels: needs outlines of cells; set segmentation.cells")
    return found


def _mistakes_in_wells(config: Config, wells: Sequence[Mapping[str, Any]]) -> list[str]:
    if not config["localization"]["channels"] or config["spots"]["spacing_um"] is not None or _is_of_tables(config):
        return []
    unknown = [f"{one['plate']}/{one['well']}" for one in wells if None in one.get("site_sizes_um", [])]
    if not unknown:
        return []
    return [f"localization: the pixel size of {unknown[0]} is not known; set raw.pixel_size_um or spots.spacing_um"]


STAGE = Stage(
    name="localization",
    summary="spots + labels -> features, patterns, spatial statistics",
    after=("raw", "quality", "segmentation", "spots"),
    asked_by="localization.channels (those whose spots are localized)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    mistakes_in_wells=_mistakes_in_wells,
    grows_with={
        "localization_train": "jobs",
        "localization_measure": "pixels",
        "localization_chapter": "cells of all wells",
    },
    same_time=frozenset({"settings.seed", "spacing_um"}),
)
