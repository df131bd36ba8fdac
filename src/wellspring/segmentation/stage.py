"""The stage segmentation, as the workflow sees it."""

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return has_images(config) and config["segmentation"]["cells"] is not None


def _named_channels(config: Config) -> dict[str, list[str]]:
    if not has_images(config):
        return {}
    block = config["segmentation"]
    named = {}
    if block["nucleus_channel"] is not None:
        named["segmentation.nucleus_channel"] = [block["nucleus_channel"]]
    if "channel" in (block["cells"] or {}):
        named["segmentation.cells.channel"] = [block["cells"]["channel"]]
    return named


def _mistakes(config: Config) -> list[str]:
    block = config["segmentation"]
    if block["nucleus_channel"] is None and "channel" not in (block["cells"] or {}):
        return [
            "segmentation.nucleus_channel: null needs segmentation.cells with a channel, whose stain gives the seeds"
        ]
    if not has_images(config) and config["segmentation"]["cells"]:
        return ["segmentation.cells: needs images, raw.format tiff; leave it out"]
    return []


STAGE = Stage(
    name="segmentation",
    summary="images -> nucleus and cell labels",
    after=("raw", "quality"),
    asked_by="segmentation.cells (how cells are found around the nuclei)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    grows_with={
        "segmentation_nuclei": "pixels",
        "segmentation_cells": "pixels",
        "segmentation_overlays": "jobs",
        "segmentation_chapter": "cells of all wells",
    },
    same_time=frozenset(
        {
            *("background", "projection", "segmentation.nucleus_channel", "cells.channel"),
            *("channels", "wells", "segmentation.cells", "corrected"),
        }
    ),
)
