"""What channels probably show, by their names: written into a new config as a remark, never as a value."""

import re
from collections.abc import Sequence

from wellspring.config.starts import start_named, with_values
from wellspring.raw.plate_index import PlateIndex

__all__ = ["proposed_config", "role_of"]

# Part of a name, whatever its case, to what such a channel usually shows; the first that fits.
_ROLES = (
    ("nuclei", r"dapi|hoechst|h33342|\bdna\b|nucle|draq|sytox|\bh2b|405"),
    ("transmitted light", r"bright|phase|\bdic\b|\bdpc\b|transmi|740"),
    ("cells", r"cellmask|phalloidin|actin|membrane|\bwga\b|\bcell|tubulin|\bagp\b|\ber\b|cona"),
    ("spots", r"fish|rna|probe|spot|quasar"),
)


def role_of(channel: str) -> str:
    """``nuclei``, ``cells``, ``spots`` or ``transmitted light``, by the name; empty where it says none."""
    return next((role for role, pattern in _ROLES if re.search(pattern, channel, re.I)), "")


def proposed_config(indexes: Sequence[PlateIndex], *, sheet: str) -> str:
    """The text of a config for plates of one format: the format is set, channels are left to the user with proposals.

    Parameters
    ----------
    sheet
        Path of the sheet, as the config has it.
    """
    from wellspring.config.keys import ToSet
    from wellspring.config.schema import config_schema
    from wellspring.config.writing import commented_config

    first = indexes[0]
    start = start_named("smfish", raw_format="tiff")
    left = {key: text for key, text in start.to_set.items() if not key.startswith("raw.")}
    probable = {key: _probable(first.channels, role) for key, role in _KEYS.items()}
    remarks = {key: f"{text}; {probable[key]}" if probable.get(key) else text for key, text in left.items()}
    values = with_values({"wells": sheet}, {"raw.format": first.format})
    times = sorted({int(time) for one in indexes for time in one.images["time"].unique()})
    if len(times) > 1:
        remarks = {"raw.time": f"one of the time points {', '.join(map(str, times[:8]))}", **remarks}
    values = with_values(values, {key: ToSet(remark) for key, remark in remarks.items()})
    text = commented_config(config_schema(), values, blocks=start.blocks)
    return "\n".join([*(f"# {line}" for line in _about(indexes)), "#", text])


_KEYS = {
    "segmentation.nucleus_channel": "nuclei",
    "segmentation.cells.channel": "cells",
    "spots.channels": "spots",
}


def _probable(channels: Sequence[str], role: str) -> str:
    names = [name for name in channels if role_of(name) == role]
    return f"by the names probably {' or '.join(names)}" if names else f"no channel is called as {role} are"


def _about(indexes: Sequence[PlateIndex]) -> list[str]:
    first = indexes[0]
    lines = [f"{len(indexes)} plate{'' if len(indexes) == 1 else 's'} in the format {first.format}: look at these:"]
    for name in first.channels:
        role = role_of(name)
        nm = f", {first.wavelengths[name]}" if first.wavelengths.get(name) else ""
        lines.append(f"  channel {name}{nm}{f': probably {role}' if role else ''}")
    sizes = sorted({round(float(size), 4) for one in indexes for size in one.images["pixel_size_um"].dropna().unique()})
    if sizes:
        shown = ", ".join(f"{size:g}" for size in sizes[:4])
        lines.append(f"  side of a pixel as the index says, µm: {shown}; raw.pixel_size_um overrides it")
    return lines
