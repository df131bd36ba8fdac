"""Two stages made for the tests of plans, so that their arithmetic stands whatever the stages of the workflow say."""

from collections.abc import Iterator

import pytest

from wellspring.plan import measures
from wellspring.stage import Stage

STAGES = (
    Stage(
        name="cells",
        summary="",
        grows_with={"cells_crop": "pixels", "spots_detect": "pixels"},
        same_time=frozenset({"path", "annotations", "block.name"}),
    ),
    Stage(
        name="training",
        summary="",
        grows_with={
            "training_fit": ("cells x epochs", "cells"),
            "attribution_map": ("gradients", "cells"),
            "profiling_embed": "sites of all wells",
            "quality_illumination": ("wells of the plate", "jobs"),
        },
        same_time=frozenset({"training.epochs"}),
    ),
)


@pytest.fixture
def made_stages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stages of the workflow are `STAGES`."""
    monkeypatch.setattr(measures, "stages", lambda: STAGES)
    measures._scalings.cache_clear()
    yield
    measures._scalings.cache_clear()
