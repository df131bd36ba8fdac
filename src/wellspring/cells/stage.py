"""The stage cells, as the workflow sees it."""

from collections.abc import Iterable

from wellspring.stage import Stage

__all__ = ["STAGE"]


def _computed_columns() -> Iterable[str]:
    from wellspring.cells.tables import CELLS, MEAN_PREFIX

    return [*CELLS.names, f"{MEAN_PREFIX}*"]


STAGE = Stage(
    name="cells",
    summary="labels + images, or a table of pixels -> one row and one crop per cell",
    after=("raw", "quality", "segmentation", "spots"),
    computed_columns=_computed_columns,
    grows_with={"cells_crop": "pixels"},
    same_time=frozenset({"raw"}),
    has_chapter=False,
)
