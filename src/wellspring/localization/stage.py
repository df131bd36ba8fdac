"""The stage localization, as the workflow sees it."""

from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["localization"]["channels"])


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"localization.channels": config["localization"]["channels"]}


def _mistakes(config: Config) -> list[str]:
    block = config["localization"]
    if not block["channels"]:
        return []
    found = []
    if not has_images(config):
        found.append("localization.channels: needs images, raw.format tiff; leave it out, or use `wellspring patterns`")
    others = [name for name in block["channels"] if name not in config["spots"]["channels"]]
    if others:
        found.append(f"localization.channels: {', '.join(others)} is not in spots.channels; add it there")
    if not config["segmentation"]["cells"]:
        found.append("localization.channels: needs outlines of cells; set segmentation.cells")
    if "random" not in block["patterns"]:
        found.append("localization.patterns: needs the pattern random, with which the others are compared; add it")
    if block["area_um2"][0] >= block["area_um2"][1]:
        found.append("localization.area_um2: the first must be below the second")
    return found


def _mistakes_in_wells(config: Config, wells: Sequence[Mapping[str, Any]]) -> list[str]:
    if not config["localization"]["channels"] or config["spots"]["spacing_um"] is not None:
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
