"""The stage training, as the workflow sees it."""

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return config["dataset"]["target_channel"] is not None


STAGE = Stage(
    name="training",
    summary="dataset -> models, histories, predictions, metrics",
    after=("dataset",),
    is_wanted=_is_wanted,
    grows_with={
        "training_fit": ("cells x epochs", "cells"),
        "training_evaluate": "cells",
        "training_predictions": "cells",
        "training_chapter": "jobs",
    },
    same_time=frozenset(
        {
            "architecture_code",
            "target_channel",
            "learning_rate",
            "seed",
            "columns",
            "stratify",
            "huber_delta",
            "training.epochs",
            "training.patience",
            "training.huber_delta",
        }
    ),
)
