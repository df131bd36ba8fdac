"""The stage raw, as the workflow sees it."""

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"raw.background": list(config["raw"].get("background", {}))}


STAGE = Stage(
    name="raw",
    summary="files of a well -> the well's index: files, sites, channels, planes, pixel size",
    named_channels=_named_channels,
    grows_with={"raw_describe": "files", "raw_channels": "wells", "raw_chapter": "wells"},
    same_time=frozenset({"path", "digest", "raw", "named", "config", "settings"}),
)
