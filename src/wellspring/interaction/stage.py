"""The stage interaction, as the workflow sees it."""

from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return config["interaction"]["reference"] is not None


def _mistakes(config: Config) -> list[str]:
    if _is_wanted(config) and config["raw"]["format"] != "dypfish":
        return ["interaction.reference: needs single cells, raw.format dypfish; leave it out"]
    return []


STAGE = Stage(
    name="interaction",
    summary="single cells with molecules -> enrichment, clustering, temporal interaction of mRNA and protein",
    after=("raw", "localization"),
    asked_by="interaction.reference (the gene that others are compared with)",
    is_wanted=_is_wanted,
    mistakes=_mistakes,
    grows_with={
        "interaction_measure": "pixels",
        "interaction_summarize": "wells",
        "interaction_chapter": "wells",
    },
    same_time=frozenset({"annotations", "columns"}),
)
