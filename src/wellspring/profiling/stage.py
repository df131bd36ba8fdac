"""The stage profiling, as the workflow sees it."""

from typing import Any

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["profiling"]["methods"])


def _mistakes(config: Config) -> list[str]:
    block, channels = config["profiling"], config["quality"]["channels"]
    found = [] if block["positive"] else _needing_classes(block)
    if block["methods"] and not channels:
        found.append("profiling.methods: needs quality.channels (which images)")
    actin = block["actin"] or {}
    for name in ("actin", "borders", "nuclei"):
        if actin and actin[name] not in channels:
            found.append(f"profiling.actin.{name}: {[actin[name]]} are not among quality.channels")
    return found


def _needing_classes(profiling: dict[str, Any]) -> list[str]:
    """What is asked for and cannot be had without ``profiling.positive``."""
    told = [name for name in profiling["methods"] if name in ("classifier", "densenet")]
    asked = [f"method {name}" for name in told] + [name for name in ("multiplications", "actin") if profiling[name]]
    return [f"profiling: {', '.join(asked)}: needs profiling.positive (which classes are told apart)"] if asked else []


STAGE = Stage(
    name="profiling",
    summary="fields or cells -> embeddings, what they tell of known classes, clusters of wells",
    after=("raw", "quality", "cells"),
    is_wanted=_is_wanted,
    mistakes=_mistakes,
    grows_with={},
)
