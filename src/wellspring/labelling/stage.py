"""The stage labelling, as the workflow sees it."""

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return False


STAGE = Stage(
    name="labelling",
    summary="transmitted light -> predicted stains, what they may be used for, drift",
    after=("raw", "quality", "segmentation"),
    is_wanted=_is_wanted,
    has_chapter=False,
)
