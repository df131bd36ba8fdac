"""The stage raw, as the workflow sees it."""

from wellspring.errors import InputError
from wellspring.raw.names import compile_pattern
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"raw.background": list(config["raw"].get("background", {}))}


def _mistakes(config: Config) -> list[str]:
    new = list((config["raw"].get("rename") or {}).values())
    twice = sorted({name for name in new if new.count(name) > 1})
    if twice:
        return [f"raw.rename: {', '.join(twice)} would be the name of several channels; give each a name of its own"]
    if config["raw"].get("mosaic") == "cut" and config["quality"]["channels"]:
        return [
            "raw.mosaic: cut cannot be combined with quality.channels, which corrects the illumination of single "
            "fields; leave one of them out"
        ]
    pattern = config["raw"].get("pattern")
    try:
        if pattern is not None:
            compile_pattern(pattern)
    except InputError as error:
        return [f"raw.pattern: {error}"]
    return []


STAGE = Stage(
    name="raw",
    summary="files of a well -> the well's index: files, sites, channels, planes, pixel size",
    named_channels=_named_channels,
    mistakes=_mistakes,
    grows_with={"raw_describe": "files", "raw_plate": "wells", "raw_channels": "wells", "raw_chapter": "wells"},
    same_time=frozenset({"path", "digest", "raw", "named", "config", "settings", "expected", "checks"}),
)
