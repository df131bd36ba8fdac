"""A colour for each channel, where images of several are laid over each other on black."""

from collections.abc import Sequence

__all__ = ["channel_colors"]

# Of the channel of nuclei; of the others in their order, colours that differ where they overlap.
_NUCLEI = "#4f7dff"
_COLORS = ("#5dff6b", "#ff4fd8", "#ffe14d", "#ff6a3d", "#43e7ff", "#ffffff")
_OF_NUCLEI = ("dapi", "hoechst", "draq", "h2b", "dna", "nucle")


def channel_colors(channels: Sequence[str], *, nuclei: str | None) -> dict[str, str]:
    """``#rrggbb`` for each channel: blue for that of the nuclei, which is `nuclei` or else known by its name."""
    named = [name for name in channels if any(word in name.lower() for word in _OF_NUCLEI)]
    blue = nuclei if nuclei in channels else (named[0] if named else None)
    others = [name for name in channels if name != blue]
    colors = {name: _COLORS[number % len(_COLORS)] for number, name in enumerate(others)}
    return {name: _NUCLEI if name == blue else colors[name] for name in channels}
