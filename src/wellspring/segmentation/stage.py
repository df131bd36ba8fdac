"""The stage segmentation, as the workflow sees it."""

from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.formats import has_images
from wellspring.raw.names import compile_pattern
from wellspring.segmentation.given.files import KEYS, given_files, has_cells, has_given_cells, has_nuclei
from wellspring.stage import Config, Stage

__all__ = ["STAGE", "has_objects"]


def has_objects(config: Config) -> bool:
    """Whether nuclei or cells are segmented in the images of the wells; if not, spots are counted per image."""
    block = config["segmentation"]
    return has_images(config) and (has_nuclei(block) or has_cells(block))


def _is_wanted(config: Config) -> bool:
    return has_images(config) and (has_cells(config["segmentation"]) or _has_use_of_nuclei(config))


def _has_use_of_nuclei(config: Config) -> bool:
    """Whether nuclei alone are segmented, since spots, models or features ask for them."""
    if config["segmentation"]["nucleus_channel"] is None and config["segmentation"].get("nuclei") is None:
        return False
    if config["segmentation"].get("annotated") is not None:
        return True
    has_features = config["cells"].get("features") is not None
    return bool(config["spots"]["channels"] or config["dataset"]["target_channel"] or has_features)


def _named_channels(config: Config) -> dict[str, list[str]]:
    if not has_images(config):
        return {}
    block = config["segmentation"]
    named = {}
    if block["nucleus_channel"] is not None and block.get("nuclei") is None:
        named["segmentation.nucleus_channel"] = [block["nucleus_channel"]]
    if "channel" in (block["cells"] or {}):
        named["segmentation.cells.channel"] = [block["cells"]["channel"]]
    return named


def _mistakes(config: Config) -> list[str]:
    block = config["segmentation"]
    if block.get("annotated") is not None and (found := _mistakes_of_annotated(config)):
        return found
    if not has_images(config) and has_cells(block):
        return ["segmentation.cells: needs images, raw.format tiff; leave it out"]
    if block.get("z_step_um") is not None and (block["cells"] or {}).get("method") not in ("own_edge", "watershed"):
        return ["segmentation.z_step_um: needs segmentation.cells with method own_edge or watershed; leave it out"]
    if block["method"] == "given":
        return _mistakes_of_given(block)
    if block["method"] == "unet":
        unused = [key for key in ("smoothing_sigma_px", "min_diameter_px") if block[key] is not None]
        if unused or block["nucleus_channel"] is None:
            keys = [*unused, *(["nucleus_channel"] if block["nucleus_channel"] is None else [])]
            return [
                f"segmentation.{key}: method unet needs a nucleus_channel, and has no smoothing and no smallest size; "
                "correct it, or take another method"
                for key in keys
            ]
    if has_images(config) and not has_objects(config) and config["dataset"]["target_channel"] is not None:
        return [
            "segmentation.nucleus_channel: null leaves no nuclei to crop for dataset.target_channel; name a channel, "
            "or leave the target out"
        ]
    if block["nucleus_channel"] is None and block["cells"] is not None and "channel" not in block["cells"]:
        return [
            "segmentation.nucleus_channel: null needs segmentation.cells with a channel, whose stain gives the seeds"
        ]
    return []


def _mistakes_of_given(block: Config) -> list[str]:
    if block["pattern"] is None and block["nuclei"] is None:
        return ["segmentation.pattern: method given needs the names of label images, of cells here or in nuclei"]
    found = []
    if has_given_cells(block) and block["cells"] is not None:
        found.append("segmentation.cells: cells are given by segmentation.pattern; leave one of them out")
    for kind, key in KEYS.items():
        pattern = block["nuclei" if kind == "nuclei" else "pattern"]
        try:
            if pattern is not None:
                compile_pattern(pattern)
        except InputError as error:
            found.append(f"{key}: {error}")
    return found


def _mistakes_of_annotated(config: Config) -> list[str]:
    block, annotated = config["segmentation"], config["segmentation"]["annotated"]
    if block["nucleus_channel"] is None or not has_images(config):
        return ["segmentation.annotated: needs images with a nucleus_channel, in which the nuclei were annotated"]
    if annotated["apply"] and (block["method"] != "unet" or block["weights"] is not None):
        return ["segmentation.annotated.apply: needs segmentation.method unet, and weights null; leave it out"]
    try:
        compile_pattern(annotated["nuclei"])
    except InputError as error:
        return [f"segmentation.annotated.nuclei: {error}"]
    return []


def _missing_of_well(config: Config, path: Path, plate: str, well: str) -> str:
    """Label images that the config names and the well has not."""
    for kind in KEYS:
        try:
            given_files(path, plate=plate, well=well, segmentation=config["segmentation"], kind=kind)
        except (InputError, OSError) as error:
            return " ".join(str(error).split())
    return ""


def _checked_files(config: Config, path: Path, plate: str, well: str) -> list[Path]:
    """Label images of the well; none of one that has not those that the config names, see `_missing_of_well`."""
    try:
        return [
            file
            for kind in KEYS
            for file in given_files(path, plate=plate, well=well, segmentation=config["segmentation"], kind=kind)
        ]
    except (InputError, OSError):
        return []


def _checks(config: Config) -> dict[str, dict[str, Any]]:
    block = config["segmentation"]
    if block["method"] != "given":
        return {}
    named = {key: block.get(key) for key in ("pattern", "nuclei", "folder")}
    return {"wellspring.segmentation.given.checking": {"segmentation": named}}


def _files_in_wells(config: Config) -> list[str]:
    """Label images in the folder of the images: ``{channel}`` in raw.pattern would take them for a channel."""
    block, named = config["segmentation"], []
    if not has_images(config):
        return []
    if block["method"] == "given" and block.get("folder") is None:
        named += [block.get("pattern"), block.get("nuclei")]
    annotated = block.get("annotated")
    if annotated is not None and annotated["folder"] is None:
        named.append(annotated["nuclei"])
    return [one for one in named if one is not None]


STAGE = Stage(
    name="segmentation",
    summary="images -> nucleus and cell labels",
    after=("raw", "quality"),
    asked_by="segmentation.cells (how cells are found around the nuclei)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    missing_of_well=_missing_of_well,
    checked_files=_checked_files,
    checks=_checks,
    files_in_wells=_files_in_wells,
    grows_with={
        "segmentation_nuclei": "pixels",
        "segmentation_unet": "pixels",
        "segmentation_cells": "pixels",
        "segmentation_volume": "pixels",
        "segmentation_annotate": "pixels",
        "segmentation_train": "jobs",
        "segmentation_compare": "jobs",
        "segmentation_overlays": "jobs",
        "segmentation_chapter": "cells of all wells",
    },
    same_time=frozenset(
        {
            *("background", "projection", "segmentation.nucleus_channel", "cells.channel"),
            *("channels", "wells", "segmentation.cells", "corrected", "left_out"),
            *(
                "given",
                "names",
                "segmentation.pattern",
                "segmentation.nuclei",
                "segmentation.folder",
                "segmentation.weights",
                "seed",
            ),
        }
    ),
)
