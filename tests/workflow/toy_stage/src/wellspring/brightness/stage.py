"""The stage brightness, as the workflow sees it."""

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["brightness"]["channels"])


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"brightness.channels": config["brightness"]["channels"]}


def _mistakes(config: Config) -> list[str]:
    if config["brightness"]["channels"] and config["raw"]["format"] == "mpm":
        return ["brightness.channels: needs images, raw.format tiff; leave it out"]
    return []


STAGE = Stage(
    name="brightness",
    summary="images -> mean intensity of each channel in each well",
    after=("raw",),
    asked_by="brightness.channels (those whose intensity is compared)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    grows_with={"brightness_measure": "pixels", "brightness_chapter": "wells"},
)
