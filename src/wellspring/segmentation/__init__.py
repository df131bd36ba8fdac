"""segmentation: images become nucleus and cell labels."""

from wellspring.segmentation.cells import (
    CellMethod,
    Expansion,
    Propagation,
    Watershed,
    cell_mask,
    segment_cells,
    segment_cells_3d,
)
from wellspring.segmentation.flags import cells_without_nucleus, count_flags, describe_objects
from wellspring.segmentation.nuclei import segment_nuclei, segment_nuclei_3d
from wellspring.segmentation.thresholds import LocalMidpoint, MultiOtsu, Otsu, Threshold

__all__ = [
    "CellMethod",
    "Expansion",
    "LocalMidpoint",
    "MultiOtsu",
    "Otsu",
    "Propagation",
    "Threshold",
    "Watershed",
    "cell_mask",
    "cells_without_nucleus",
    "count_flags",
    "describe_objects",
    "segment_cells",
    "segment_cells_3d",
    "segment_nuclei",
    "segment_nuclei_3d",
]
