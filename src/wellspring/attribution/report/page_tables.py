"""The tables of a run in the chapter: importance of the channels, and its trend over the level."""

import math

import pandas as pd

from wellspring.attribution.importance import ALL
from wellspring.dataset.levels import LEVELS
from wellspring.report.chapter import PageTable
from wellspring.report.style import NONE, number
from wellspring.report.tables import LONG_TABLE

__all__ = ["ranking_rows", "trend_rows"]


def ranking_rows(ranking: pd.DataFrame, *, file: str) -> PageTable:
    """Mean importance of each channel by level with 99 % intervals, from table `RANKING`."""
    levels = (ALL, *LEVELS)
    share = {(r.channel, r.level): _share(r.mean, r.lower, r.upper) for r in ranking.itertuples()}
    order = ranking[ranking["level"] == ALL].sort_values("rank")["channel"]
    rows = [
        (f"{index}", str(channel), *[share.get((channel, level), NONE) for level in levels])
        for index, channel in enumerate(order, start=1)
    ]
    head = ("Rank", "Channel", "All cells, %", *[f"{level.capitalize()} target, %" for level in LEVELS])
    note = "Mean share of the cell's total score in percent, below it the 99 % interval of the mean. "
    note += _covers(ranking)
    title = "Importance of all channels"
    return PageTable(title=title, file=file, head=head, rows=rows, note=note, n_text=2, folded=len(rows) > LONG_TABLE)


def _covers(ranking: pd.DataFrame) -> str:
    """What the intervals of table `RANKING` are over."""
    n_wells = int(ranking["n_wells"].max()) if len(ranking) else 0
    if n_wells > 1:
        return f"Intervals are over the {n_wells:,} wells, not over the cells: those of a well have much in common."
    return "All cells are of one well, so the intervals are over its cells: how other wells differ is not covered."


def trend_rows(trend: pd.DataFrame, *, file: str) -> PageTable:
    """Trend of each channel's importance over the level, strongest evidence first, from table `TREND`."""
    order = trend.sort_values("p_value", kind="stable")
    rows = [
        (row["channel"], _signed(row["rho"]), _probability(row["p_value"]), _probability(row["q_value"]))
        for row in order.to_dict("records")
    ]
    n_cells, n_wells = (int(trend[name].max()) if len(trend) else 0 for name in ("n_cells", "n_wells"))
    note = (
        "Spearman's correlation ρ of a channel's importance with the level (low, medium, high) within wells; cells in "
        f"wells with more than one level: {n_cells:,}, wells: {n_wells:,}. p: share of shuffles of the levels within "
        "each well, the data counted as one, with a ρ as far from 0; what differs between wells makes none small. q: p "
        "with the false discovery rate controlled over the channels (Benjamini and Hochberg); of the channels with q "
        "below 0.05, at most one in twenty is expected to have no trend. The shares of a cell sum to 1: where one "
        "channel's rises, others' must fall."
    )
    head = ("Channel", "ρ", "p", "q")
    return PageTable(
        title="Trend of the importance over the level", file=file, head=head, rows=rows, note=note, folded=True
    )


def _signed(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:+.2f}".replace("-", "−")


def _probability(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2g}"


def _share(mean: float, lower: float, upper: float) -> str:
    value, low, high = (number(100 * share, scale=1.0) for share in (mean, lower, upper))
    return value if low == NONE else f"{value}\n{low} to {high}"
