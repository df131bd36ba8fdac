"""The stage spots, as the workflow sees it."""

from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.raw.formats import has_images
from wellspring.spots.axes import axis_mistakes
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["spots"]["channels"])


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"spots.channels": config["spots"]["channels"]}


def _mistakes(config: Config) -> list[str]:
    found, block = [], config["spots"]
    if block["channels"] and not has_images(config):
        found.append("spots.channels: needs images, raw.format tiff; leave it out")
    optics = block["sigma_px"]
    if isinstance(optics, Mapping) and optics["na"] >= optics["refractive_index"]:
        found.append(
            "spots.sigma_px: expected an aperture (na) below the refractive index of the immersion; give "
            "refractive_index: 1.515 for oil, 1.33 for water, 1 for air"
        )
    sizes = {len(value) for value in (block["sigma_px"], block["spacing_um"]) if isinstance(value, list)}
    if len(sizes) > 1:
        found.append("spots: sigma_px and spacing_um differ in length; give both per axis, z first, or sigma_px as one")
    if block["method"] == "enhanced":
        usual = {"threshold": "noise", "max_per_neighborhood": 1}
        unused = [key for key, value in usual.items() if _set(block, key, value)]
        found += [f"spots.{key}: does not apply to spots.method enhanced; leave it out" for key in unused]
    elif block["weights"] is not None:
        found.append("spots.weights: needs spots.method enhanced; leave it out")
    return found


def _set(block: Mapping[str, Any], key: str, usual: object) -> bool:
    """Whether a key differs from its default."""
    value = block[key]
    return bool((value["method"] if isinstance(value, Mapping) else value) != usual)


def _mistakes_in_wells(config: Config, wells: Sequence[Mapping[str, Any]]) -> list[str]:
    block = config["spots"]
    per_axis = {f"spots.{key}": block[key] for key in ("sigma_px", "spacing_um")}
    return axis_mistakes(wells, channels=block["channels"], per_axis=per_axis)


STAGE = Stage(
    name="spots",
    summary="images + labels -> spots, counts per cell, thresholds and how firm they are",
    after=("raw", "quality", "segmentation"),
    asked_by="spots.channels (those that show spots)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    mistakes_in_wells=_mistakes_in_wells,
    grows_with={
        "spots_enhance": "pixels",
        "spots_detect": "pixels",
        "spots_overlays": "jobs",
        "spots_chapter": "cells of all wells",
    },
    same_time=frozenset(
        {
            *(
                "background",
                "projection",
                "spots.channels",
                "spots.max_instability",
                "spots.weights",
                "channels",
                "corrected",
            ),
            *("groups", "left_out", "spots.weights"),
        }
    ),
)
