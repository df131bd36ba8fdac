"""The stage attribution, as the workflow sees it."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from wellspring.attribution.removal_check import removal_mistakes
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return config["dataset"]["target_channel"] is not None and bool(config["attribution"]["models"])


def _named_channels(config: Config) -> dict[str, list[str]]:
    return {"report.marked_channels": config["report"]["marked_channels"]}


def _mistakes(config: Config) -> list[str]:
    found = []
    unknown = set(config["attribution"]["models"]) - set(config["training"]["models"])
    if unknown:
        found.append(f"attribution.models: {sorted(unknown)} are not among training.models")
    validation = config["attribution"]["validation"] or {}
    found += _unknown_methods(validation.get("methods", []))
    return [*found, *_mistakes_of_retraining(validation.get("roar") or {}, training=config["training"])]


def _unknown_methods(names: Sequence[str]) -> list[str]:
    """Of ``attribution.validation.methods`` those that are no method and copies joined by a slash."""
    # Imported here: the package is read by all that ask for its stage.
    from wellspring.methods import methods_in

    known = [list(methods_in(f"wellspring.attribution.maps.{name}")) for name in ("bases", "copies")]
    wrong = [name for name in names if name not in {"/".join(pair) for pair in product(*known)}]
    if not wrong:
        return []
    return [
        f"attribution.validation.methods: {wrong} are not known; expected a method ({', '.join(known[0])}), a slash "
        f"and what is made of its copies ({', '.join(known[1])})"
    ]


def _mistakes_of_retraining(roar: dict[str, Any], *, training: dict[str, Any]) -> list[str]:
    found = []
    untrained = set(roar.get("regimes", [])) - set(training["regimes"])
    if untrained:
        found.append(f"attribution.validation.roar.regimes: {sorted(untrained)} are not among training.regimes")
    same = set(roar.get("seeds", [])) & set(training["seeds"])
    if same:
        found.append(
            f"attribution.validation.roar.seeds: {sorted(same)} are training.seeds too; a retrained model needs a "
            "start of its own"
        )
    return found


def _mistakes_in_wells(config: Config, wells: Sequence[Mapping[str, Any]]) -> list[str]:
    roar = (config["attribution"]["validation"] or {}).get("roar") or {}
    # A model sees all channels but its target, unless the config names those that it sees.
    n_inputs = len(config["dataset"]["input_channels"] or wells[0]["channels"][1:])
    found = removal_mistakes(roar.get("channels", []), n_inputs=n_inputs)
    return [*found, *_mistakes_of_cells(config["attribution"].get("map_cells", []), wells)]


def _mistakes_of_cells(names: Sequence[str], wells: Sequence[Mapping[str, Any]]) -> list[str]:
    """Cells of ``attribution.map_cells`` whose name is none, or whose well is not in the sheet."""
    known = {f"{well['plate']}/{well['well']}" for well in wells}
    wrong = [name for name in names if name.rpartition("/")[0] not in known or not name.rpartition("/")[2].isdecimal()]
    if not wrong:
        return []
    return [
        f"attribution.map_cells: {wrong} are no cells of the sheet's wells; expected plate/well/object_id, such as "
        f"{min(known)}/1"
    ]


STAGE = Stage(
    name="attribution",
    summary="models + crops -> score maps, importance of the channels, tests of both",
    after=("training",),
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    mistakes_in_wells=_mistakes_in_wells,
    grows_with={
        "attribution_cells": "cells",
        "attribution_map": ("gradients", "cells"),
        "attribution_groups": "cells",
        "attribution_validate": "jobs",
        "attribution_rank": "cells",
        "attribution_retrain": ("cells x epochs", "cells"),
        "attribution_draw": "cells",
        "attribution_chapter": "jobs",
    },
    same_time=frozenset(
        {
            "architecture_code",
            "target_channel",
            "learning_rate",
            "map_cells",
            "max_cells",
            "marked_channels",
            "seed",
            "split",
            "noise_sd",
            "roar.percents",
            "training.epochs",
            "training.patience",
            "training.huber_delta",
            *(f"attribution.{name}" for name in ("split", "max_cells", "steps", "estimator", "map_cells", "max_steps")),
            *(f"attribution.{name}" for name in ("tolerance", "noise_sd", "baseline", "models")),
        }
    ),
)
