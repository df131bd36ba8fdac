"""The stage groups, as the workflow sees it."""

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return config["report"]["group_by"] is not None


def _mistakes(config: Config) -> list[str]:
    block = config["report"]
    if block["group_by"] is None:
        alone = [f"report.{name}" for name in ("replicate", "controls") if block[name]]
        return [f"{' and '.join(alone)}: set report.group_by too, or leave it out"] if alone else []
    if block["group_by"] == block["replicate"]:
        return ["report.replicate: is the same column as report.group_by; name the column of the replicates"]
    if not has_images(config):
        return ["report.group_by: needs images, raw.format tiff; leave it out"]
    return []


STAGE = Stage(
    name="groups",
    summary="measures of all wells + columns of the sheet -> groups compared with the controls",
    after=("raw", "quality", "segmentation", "spots", "cells"),
    is_wanted=_is_wanted,
    mistakes=_mistakes,
    grows_with={"groups_compare": "cells of all wells", "groups_chapter": "cells of all wells"},
    same_time=frozenset({"sheet", "asked", "resampling.seed"}),
)
