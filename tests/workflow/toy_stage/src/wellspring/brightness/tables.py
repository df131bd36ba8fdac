"""Tables of the brightness of wells."""

from wellspring.tables import WELL_COLUMNS, Column, Table

__all__ = ["BRIGHTNESS"]

BRIGHTNESS = Table(
    "brightness",
    (
        *WELL_COLUMNS,
        Column("channel", "str", "", "channel name"),
        Column("mean", "float64", "camera counts", "mean over all pixels of all sites"),
    ),
)
