"""The stage browser, as the workflow sees it."""

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["browser"]["write"])


def _mistakes(config: Config) -> list[str]:
    if config["browser"]["write"] and not has_images(config):
        return ["browser.write: needs images, raw.format tiff; leave it out"]
    return []


STAGE = Stage(
    name="browser",
    summary="images, outlines, spots, tables -> a page to look at plates, wells and cells",
    after=("raw", "quality", "segmentation", "spots", "cells", "plates"),
    asked_by="browser.write (whether a page to look at the plates is written)",
    is_wanted=_is_wanted,
    mistakes=_mistakes,
    grows_with={"browser_well": "pixels", "browser_plate": "wells", "browser_chapter": "wells"},
    same_time=frozenset({"sheet", "shown.quality", "shown.columns", "nucleus_channel"}),
)
