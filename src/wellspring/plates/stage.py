"""The stage plates, as the workflow sees it."""

from wellspring.raw.formats import has_images
from wellspring.segmentation.stage import STAGE as SEGMENTATION
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    has_results = config["spots"]["channels"] or config["quality"]["channels"] or SEGMENTATION.is_wanted(config)
    return bool(config["plates"]["maps"] and has_images(config) and has_results)


STAGE = Stage(
    name="plates",
    summary="numbers of all wells -> maps of the plates, wells to look at",
    after=("raw", "quality", "segmentation", "spots"),
    is_wanted=_is_wanted,
    grows_with={"plates_chapter": "cells of all wells"},
    same_time=frozenset({"wells", "counting"}),
)
