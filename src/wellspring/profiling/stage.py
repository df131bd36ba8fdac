"""The stage profiling, as the workflow sees it."""

from collections.abc import Iterable, Mapping
from typing import Any

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["profiling"]["methods"])


def _mistakes(config: Config) -> list[str]:
    block, channels = config["profiling"], config["quality"]["channels"]
    found = [] if block["positive"] else _needing_classes(block)
    found += _needing_cells(config)
    if block["methods"] and not channels:
        found.append("profiling.methods: needs quality.channels (which images)")
    actin = block["actin"] or {}
    for name in ("actin", "borders", "nuclei"):
        if actin and actin[name] not in channels:
            found.append(f"profiling.actin.{name}: {[actin[name]]} are not among quality.channels")
    return found


def _needing_cells(config: Config) -> list[str]:
    """What is asked for and is not possible without the features of cells."""
    from wellspring.profiling.embeddings import embedding
    from wellspring.segmentation.stage import has_objects

    asked = [name for name in config["profiling"]["methods"] if embedding(name).needs_cells]
    if not asked or (config["cells"]["features"] is not None and has_objects(config)):
        return []
    return [
        f"profiling.methods: {', '.join(asked)}: needs cells.features, of wells whose nuclei or cells are segmented; "
        "leave it out"
    ]


def _needing_classes(profiling: Mapping[str, Any]) -> list[str]:
    """What is asked for and is not possible without ``profiling.positive``."""
    from wellspring.profiling.embeddings import embedding

    supervised = [name for name in profiling["methods"] if embedding(name).needs_classes]
    asked = [f"method {name}" for name in supervised]
    asked += [name for name in ("multiplications", "actin") if profiling[name]]
    if not asked:
        return []
    return [
        f"profiling: {', '.join(asked)}: needs profiling.positive (which classes to classify); name them, or leave "
        "these out to embed and cluster without classes"
    ]


def _computed_columns() -> Iterable[str]:
    return ["is_seen"]


STAGE = Stage(
    name="profiling",
    summary="fields or cells -> embeddings, how well they classify unseen samples, clusters of wells",
    after=("raw", "quality", "segmentation", "cells"),
    is_wanted=_is_wanted,
    mistakes=_mistakes,
    computed_columns=_computed_columns,
    grows_with={
        "profiling_fields": "pixels",
        "profiling_reduce": "wells",
        "profiling_embed": "wells",
        "profiling_judge": "wells",
        "profiling_multiply": "wells",
        "profiling_actin": "wells",
        "profiling_thumbnails": "wells",
        "profiling_chapter": "wells",
    },
    same_time=frozenset(
        {
            *("annotations", "left_out", "reading.channels", "reading.projection", "reading.background"),
            *("design.positive", "design.seed", "judging.seed", "judging.positive", "judging.controls"),
            *("embedding.learning_rate", "embedding.dropout", "embedding.reconstruction"),
            *("embedding.densenet_weights", "needs_classes", "profiling"),
            *("actin.actin", "actin.borders", "actin.nuclei", "actin.importance", "actin.border_px"),
            "actin.learning_rate",
        }
    ),
)
