"""What colours of a plate map mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.colors import Colormap, Normalize

__all__ = ["MapScale", "map_scale"]

_COLORS = "viridis"
# The colours span at least this share of the largest number: wells that are all but equal have all but equal colours.
_LEAST_SPAN = 0.05


@dataclass(frozen=True)
class MapScale:
    """Colours of numbers, the largest of them (by size), and whether they are written into wells."""

    norm: Normalize
    colors: Colormap
    largest: float
    is_written: bool

    def color(self, value: float) -> tuple[float, float, float, float]:
        """Red, green, blue and opacity of a number; beyond the ends those of the end."""
        return self.colors(float(self.norm(value)))


def map_scale(values: Sequence[float], *, limits: tuple[float, float] | None, is_written: bool) -> MapScale | None:
    """The scale of finite numbers; None without any.

    Parameters
    ----------
    values
        Of all wells that share the colours.
    limits
        Ends of the colours; None: the smallest and the largest number, at least a twentieth of the larger apart.
    is_written
        Passed on.
    """
    if not values:
        return None
    low, high = limits or (min(values), max(values))
    if low == high:
        # One colour, and a bar that names its number in the middle.
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    elif limits is None:
        more = max(0.0, _LEAST_SPAN * max(abs(low), abs(high)) - (high - low)) / 2
        low, high = low - more, high + more
    return MapScale(Normalize(low, high, clip=True), colormaps[_COLORS], max(map(abs, values)), is_written)
