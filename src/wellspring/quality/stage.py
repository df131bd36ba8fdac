"""The stage quality, as the workflow sees it."""

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["quality"]["channels"])


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"quality.channels": config["quality"]["channels"]}


def _mistakes(config: Config) -> list[str]:
    found, channels = [], config["quality"]["channels"]
    if channels and not has_images(config):
        found.append("quality.channels: needs images, raw.format tiff; leave it out")
    for index, step in enumerate(config["quality"]["preprocessing"]):
        unknown = sorted(set(step.get("channels") or []) - set(channels))
        if unknown:
            found.append(f"quality.preprocessing.{index}.channels: {unknown} are not among quality.channels")
    return found


STAGE = Stage(
    name="quality",
    summary="images -> image quality, flagged sites, illumination of each plate",
    after=("raw",),
    asked_by="quality.channels (the channels whose images are judged and corrected)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    grows_with={
        "quality_measure": "pixels",
        "quality_flag": "sites of the plate",
        "quality_illumination": "sites of the plate",
        "quality_correct": "pixels",
        "quality_chapter": "sites of all wells",
    },
    same_time=frozenset(
        {"background", "projection", "drop", "judging", "min_images", "settings", "channels", "measured", "left_out"}
    ),
)
