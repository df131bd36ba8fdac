"""Columns that tables of several stages share."""

from wellspring.tables import Column

__all__ = ["IMAGE_COLUMNS", "KEY_COLUMNS", "RUN_COLUMNS", "SITE_COLUMNS", "WELL_COLUMNS"]

WELL_COLUMNS = (
    Column("plate", "str", "", "plate name from the sheet"),
    Column("well", "str", "", "well name from the sheet"),
)
KEY_COLUMNS = (*WELL_COLUMNS, Column("object_id", "int64", "", "integer, unique in its well"))
SITE_COLUMNS = (
    *WELL_COLUMNS,
    Column("site", "str", "", "field of view, as in the file's name; object ids are unique in the well, labels here"),
)
IMAGE_COLUMNS = (*SITE_COLUMNS, Column("channel", "str", "", "channel that shows the spots"))
RUN_COLUMNS = (
    Column("model", "str", "", "architecture"),
    Column("regime", "str", "", "color-structure or structure"),
    Column("seed", "int64", "", "seed of the run"),
)
