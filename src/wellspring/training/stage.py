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
    grows_with={},
)
