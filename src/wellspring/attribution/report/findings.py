"""What the maps of a run say, in plain sentences, and whether their integrals are complete."""

from collections.abc import Collection

import pandas as pd

from wellspring.attribution.importance import ALL
from wellspring.attribution.report.importance import Completeness, top_channels
from wellspring.report.words import listed

__all__ = ["LARGE_ERROR", "channel_findings", "completeness_finding", "completeness_warnings"]

# Above this, the report warns.
LARGE_ERROR = 0.05


def channel_findings(ranking: pd.DataFrame, *, marked: Collection[str]) -> list[str]:
    """Which channels hold most of the score, and where the marked ones rank.

    Parameters
    ----------
    ranking
        Table `RANKING` of one run. Without cells nothing is said.
    marked
        Channels that the config marks.
    """
    overall = ranking[ranking["level"] == ALL].set_index("channel")
    if overall.empty:
        return []
    first = [f"{c} ({100 * overall.loc[c, 'mean']:.1f} %)" for c in top_channels(ranking, n=3)]
    said = [
        f"The highest mean shares of the score belong to {listed(first)}, of {len(overall)} channels; "
        f"with equal shares each would have {100 / len(overall):.1f} %."
    ]
    known = [channel for channel in overall.sort_values("rank").index if channel in marked]
    if known:
        ranks = [f"{channel} {int(overall.loc[channel, 'rank'])}" for channel in known]
        n_top = sum(int(overall.loc[channel, "rank"]) <= len(known) for channel in known)
        said.append(
            f"Ranks of the marked channels: {listed(ranks)}; "
            f"{n_top} of the {len(known)} are among the first {len(known)}."
        )
    absent = [channel for channel in marked if channel not in overall.index]
    if absent:
        said.append(f"Marked, but not an input of this model: {listed(absent)}.")
    return said


def completeness_finding(name: str, completeness: Completeness) -> str:
    """How far the integrated gradients of run `name` are from the difference that they must sum to."""
    if completeness.n_cells == 0:
        return f"{name}: no cell has a relative completeness error, because no prediction differs from the baseline's."
    return (
        f"{name}: the integrated gradients sum to the change of the prediction within {_percent(completeness.median)} "
        f"(median of {completeness.n_cells:,} cells; worst cell {_percent(completeness.worst)})."
    )


def completeness_warnings(name: str, completeness: Completeness) -> list[str]:
    """A warning when the median relative error is above 5 %, or when no cell has one."""
    if completeness.n_cells == 0:
        return [
            f"{name}: the model gives the same value for the image and for the baseline image; its maps mean nothing."
        ]
    if completeness.median <= LARGE_ERROR:
        return []
    return [
        f"{name}: the integrated gradients miss the change of the prediction by {_percent(completeness.median)} in the "
        f"median cell, more than {_percent(LARGE_ERROR)}. Raise attribution.max_steps before reading the maps."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"
