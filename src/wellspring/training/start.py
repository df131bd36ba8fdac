"""Starting points of runs that predict a channel's mean from the others."""

from wellspring.config.starts import Start

__all__ = ["STARTS"]

_MEANING = "predict the mean of one channel of a cell from its other channels, and which channels models use"
_BLOCKS = ("raw", "cells", "dataset", "training", "attribution", "report")

STARTS = (
    Start(
        name="transcription",
        meaning=_MEANING,
        format="mpm",
        values={"raw": {"format": "mpm"}},
        blocks=_BLOCKS,
        to_set={"dataset.target_channel": "the channel whose mean is predicted"},
    ),
    Start(
        name="transcription",
        meaning=_MEANING,
        format="tiff",
        values={
            "raw": {"format": "tiff"},
            "dataset": {
                "filter": [{"column": "is_border_nucleus", "drop": [1]}],
                "select": {},
                "split": {"stratify": ["well"]},
            },
        },
        blocks=(*_BLOCKS, "quality", "segmentation"),
        to_set={
            "raw.pattern": 'the files\' names, for instance "{well}_s{site}_{channel}.tif"',
            "segmentation.nucleus_channel": "the channel that shows the nuclei",
            "dataset.target_channel": "the channel whose mean is predicted",
        },
    ),
)
