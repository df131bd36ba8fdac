"""The stage cells, as the workflow sees it."""

from collections.abc import Iterable

from wellspring.segmentation.stage import has_objects
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return config["cells"]["features"] is not None and has_objects(config)


def _computed_columns() -> Iterable[str]:
    from wellspring.cells.features.declared import COMPARTMENTS
    from wellspring.cells.tables import CELLS, MEAN_PREFIX

    return [
        *CELLS.names,
        f"{MEAN_PREFIX}*",
        *(f"{start}{name}_*" for start in ("", "median_") for name in COMPARTMENTS),
    ]


STAGE = Stage(
    name="cells",
    summary="labels + images, or a table of pixels -> features of every cell; one row and one crop per cell",
    after=("raw", "quality", "segmentation", "spots"),
    asked_by="cells.features (what is measured of every cell)",
    is_wanted=_is_wanted,
    computed_columns=_computed_columns,
    grows_with={
        "cells_crop": "pixels",
        "cells_measure": "pixels",
        "cells_tables": "cells of all wells",
        "cells_chapter": "wells",
    },
    same_time=frozenset({"raw", "left_out", "has_nuclei", "annotations", "spot_channels", "features.background"}),
)
