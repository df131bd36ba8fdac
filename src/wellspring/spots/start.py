"""Starting points of runs that count spots in cells."""

from wellspring.config.starts import Start

__all__ = ["STARTS"]

STARTS = (
    Start(
        name="smfish",
        meaning="detect spots, for instance single molecules, and count them per cell",
        format="tiff",
        values={"raw": {"format": "tiff"}},
        blocks=("raw", "quality", "segmentation", "spots", "report"),
        to_set={
            "raw.pattern": 'the files\' names, for instance "{well}_s{site}_{channel}.tif"',
            "segmentation.nucleus_channel": "the channel that shows the nuclei",
            "segmentation.cells.channel": "the channel that shows the cells; without one: cells: null",
            "spots.channels": "the channels that show spots, a list",
        },
    ),
)
