"""Tables of image quality."""

from wellspring.tables import SITE_COLUMNS, Column, Table

__all__ = ["FLAGGED_IMAGES", "IMAGE_QUALITY", "JUDGED", "KEPT_SITES"]

_CHANNEL = Column("channel", "str", "", "channel of the image")
_MEASURES = (
    Column(
        "focus_slope",
        "float64",
        "1",
        "slope of ln(mean power) on ln(radius), rings of the spectrum; 0 if constant, missing if only noise",
    ),
    Column("mean", "float64", "intensity", "mean"),
    Column("std", "float64", "intensity", "population standard deviation"),
    Column("q01", "float64", "intensity", "1st percentile"),
    Column("q25", "float64", "intensity", "25th percentile"),
    Column("median", "float64", "intensity", "median"),
    Column("q75", "float64", "intensity", "75th percentile"),
    Column("q99", "float64", "intensity", "99th percentile"),
    Column("total", "float64", "intensity", "sum over all pixels"),
    Column("saturated_share", "float64", "1", "pixels at the image's highest value, of all"),
    Column("empty_share", "float64", "1", "blocks that vary no more than their pixel noise, of all"),
)
# Measures that an image may be judged by.
JUDGED = tuple(column.name for column in _MEASURES)

_ERRORS = tuple(
    Column(f"error_{one.name}", "float64", one.unit, f"sampling error (standard deviation) of {one.name}")
    for one in _MEASURES
)

IMAGE_QUALITY = Table("image_quality", (*SITE_COLUMNS, _CHANNEL, *_MEASURES, *_ERRORS))
FLAGGED_IMAGES = Table(
    "flagged_images",
    (
        *IMAGE_QUALITY.columns,
        *(Column(f"z_{name}", "float64", "1", f"robust z-score of {name} on its plate and channel") for name in JUDGED),
        Column("is_judged", "bool", "", "false: too few images of this plate and channel to say what is usual"),
        Column("is_flagged", "bool", "", "a measure is further from the usual than allowed"),
        Column("reasons", "str", "", "those measures with their z-scores, or none"),
    ),
)
KEPT_SITES = Table(
    "kept_sites",
    (
        *SITE_COLUMNS,
        Column("is_flagged", "bool", "", "an image of the site is flagged"),
        Column("is_kept", "bool", "", "the site is used by what follows"),
        Column("reasons", "str", "", "channels and measures that flag it, or none"),
    ),
)
