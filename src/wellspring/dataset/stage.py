"""The stage dataset, as the workflow sees it."""

from collections.abc import Iterable

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return config["dataset"]["target_channel"] is not None


def _named_channels(config: Config) -> dict[str, list[str]]:
    block = config["dataset"]
    named = {"dataset.input_channels": block["input_channels"] or []}
    if block["target_channel"] is not None:
        named["dataset.target_channel"] = [block["target_channel"]]
    return named


def _mistakes(config: Config) -> list[str]:
    found, block = [], config["dataset"]
    split, scaling, inputs = block["split"], block["normalization"], block["input_channels"]
    if split["train"] + split["validation"] >= 1:
        found.append(
            f"dataset.split: train + validation is {split['train'] + split['validation']:g}; expected below 1, "
            "so that cells are left for the test set"
        )
    if scaling["z_score"] and (scaling["mean_extraction"] or scaling["linear_scaling"]):
        found.append("dataset.normalization: z_score excludes mean_extraction and linear_scaling; turn one side off")
    if inputs and block["target_channel"] in inputs:
        found.append("dataset.input_channels: holds the target channel; a model must not see what it predicts")
    return found


def _computed_columns() -> Iterable[str]:
    from wellspring.dataset.tables import MANIFEST

    return MANIFEST.names


STAGE = Stage(
    name="dataset",
    summary="cells + annotations -> filter, split, normalization",
    after=("cells",),
    asked_by="dataset.target_channel (the channel whose mean is predicted)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    mistakes=_mistakes,
    computed_columns=_computed_columns,
    grows_with={"dataset_select": "cells of the well", "dataset_merge": "wells", "dataset_chapter": "cells"},
    same_time=frozenset({"annotations", "selection", "dataset", "image_size"}),
)
