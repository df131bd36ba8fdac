"""Starting points of runs that profile whole fields."""

from wellspring.config.starts import Start

__all__ = ["STARTS"]

STARTS = (
    Start(
        name="profiling",
        meaning="check and correct images, embed whole fields, cluster wells, compare them with known classes",
        format="tiff",
        values={"raw": {"format": "tiff"}, "profiling": {"methods": ["pca", "features"]}},
        blocks=("raw", "quality", "segmentation", "cells", "profiling", "report"),
        to_set={
            "raw.pattern": 'the files\' names, for instance "{well}_s{site}_{channel}.tif"',
            "quality.channels": "the channels of the fields, a list",
            "segmentation.nucleus_channel": "the channel that shows the nuclei",
        },
    ),
)
