"""segmentation: images become nucleus and cell labels."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CellMethod": "cells",
    "Expansion": "cells",
    "LocalMidpoint": "thresholds",
    "MultiOtsu": "thresholds",
    "Otsu": "thresholds",
    "OwnEdge": "cells",
    "Propagation": "cells",
    "Threshold": "thresholds",
    "Watershed": "cells",
    "cell_mask": "cells",
    "cells_without_nucleus": "flags",
    "count_flags": "flags",
    "describe_objects": "flags",
    "segment_cells": "cells",
    "segment_cells_3d": "cells",
    "segment_nuclei": "nuclei",
    "segment_nuclei_3d": "nuclei",
}

__all__ = [
    "CellMethod",
    "Expansion",
    "LocalMidpoint",
    "MultiOtsu",
    "Otsu",
    "OwnEdge",
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


def __getattr__(name: str) -> Any:
    """Public names are loaded when they are asked for: a job that reads labels does without OpenCV and scikit-image."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
