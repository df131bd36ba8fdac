"""The stage interaction, as the workflow sees it."""

from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]

_SOURCES = ("channel", "table", "columns")


def _is_wanted(config: Config) -> bool:
    return config["interaction"]["reference"] is not None


def _named_channels(config: Config) -> dict[str, list[str]]:
    if not _is_wanted(config) or not has_images(config):
        return {}
    block = config["interaction"]
    named = {f"interaction.channels.{key}": [name] for key, name in block["channels"].items() if name is not None}
    if block["mtoc"]["channel"] is not None:
        named["interaction.mtoc.channel"] = [block["mtoc"]["channel"]]
    return named


def _mistakes(config: Config) -> list[str]:
    if not _is_wanted(config):
        return []
    block = config["interaction"]
    given = [name for name in _SOURCES if block["mtoc"][name] is not None]
    channels = {key: name for key, name in block["channels"].items() if name is not None}
    if has_images(config):
        return _mistakes_of_images(config, channels, given)
    if config["raw"]["format"] != "dypfish":
        return ["interaction.reference: needs cells, raw.format tiff or dypfish; leave it out"]
    if channels or given:
        return ["interaction.channels, interaction.mtoc: are in the files of raw.format dypfish; leave them out"]
    return []


def _mistakes_of_images(config: Config, channels: Mapping[str, str], given: Sequence[str]) -> list[str]:
    found = []
    if not {"mrna", "protein"} & set(channels):
        found.append("interaction.channels: expected a channel of mrna, of protein, or of both; name it")
    if channels.get("mrna", None) not in (None, *config["spots"]["channels"]):
        found.append(f"interaction.channels.mrna: {channels['mrna']} is not in spots.channels; add it there")
    if not config["segmentation"]["cells"] and config["segmentation"].get("pattern") is None:
        found.append("interaction.reference: needs outlines of cells; set segmentation.cells")
    if len(given) > 1:
        found.append(f"interaction.mtoc: expected one of {', '.join(_SOURCES)}, got {' and '.join(given)}; keep one")
    return found


def _mistakes_in_wells(config: Config, wells: Sequence[Mapping[str, Any]]) -> list[str]:
    if not _is_wanted(config) or config["interaction"]["mtoc"]["channel"] is None:
        return []
    if config["spots"]["spacing_um"] is not None:
        return []
    unknown = [f"{one['plate']}/{one['well']}" for one in wells if None in one.get("site_sizes_um", [])]
    if not unknown:
        return []
    return [f"interaction.mtoc: the pixel size of {unknown[0]} is not known; set raw.pixel_size_um"]


STAGE = Stage(
    name="interaction",
    summary="cells with molecules -> enrichment, clustering, temporal interaction of mRNA and protein",
    after=("raw", "quality", "segmentation", "spots", "localization"),
    asked_by="interaction.reference (the gene that others are compared with)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    mistakes_in_wells=_mistakes_in_wells,
    grows_with={
        "interaction_measure": "pixels",
        "interaction_summarize": "wells",
        "interaction_chapter": "wells",
    },
    same_time=frozenset({"annotations", "columns", "positions"}),
)
