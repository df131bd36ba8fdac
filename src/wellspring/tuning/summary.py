"""What one setting gave, in numbers: counts, doubts, and the measured size of spots."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wellspring.segmentation.cell_doubts import DOUBTS
from wellspring.tuning.field import Tried

__all__ = ["summary_of", "text_table"]


def summary_of(one: Tried) -> dict[str, str]:
    """Row name to its value in words, in the order in which a page shows them."""
    about = one.labels.about.iloc[0]
    rows = {"Nuclei": f"{int(about['n_nuclei']):,}", "Doubts about nuclei": str(about["doubts"])}
    if one.labels.objects is not None:
        objects = one.labels.objects
        # Cells that the stain shows without a nucleus are in the labels only where they are asked for.
        rows["Cells"] = f"{len(np.unique(one.labels.cells[one.labels.cells > 0])):,}"
        found = [(doubt.column, int(objects[doubt.column].sum())) for doubt in DOUBTS if doubt.column in objects]
        rows["Doubts about cells"] = ", ".join(f"{name} {n:,}" for name, n in found if n) or "none"
    if one.spots is not None:
        for channel, image in one.spots.thresholds.groupby("channel", sort=False):
            rows |= _of_channel(one, str(channel), image.iloc[0])
    return {**rows, "Time": f"{one.seconds:.1f} s"}


def _of_channel(one: Tried, channel: str, image: "pd.Series[Any]") -> dict[str, str]:
    assert one.spots is not None
    spots, cells = one.spots.spots, one.spots.cells
    own, per_cell = spots[spots["channel"] == channel], cells[cells["channel"] == channel]["n_spots"]
    in_cells = f"{per_cell.mean():.1f} (median {per_cell.median():.0f}) in {len(per_cell):,}" if len(per_cell) else "–"
    size = float(image.get("sigma_px_median", math.nan))
    return {
        f"{channel}: spots": f"{len(own):,}, {int(own['is_added'].sum()):,} of them by splitting clumps",
        f"{channel}: spots per {'nucleus' if one.labels.objects is None else 'cell'}": in_cells,
        f"{channel}: threshold": _number(float(image["threshold"])),
        f"{channel}: measured size": "–" if math.isnan(size) else f"{size:.2f} px",
        f"{channel}: doubts": str(image["doubts"]),
    }


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.4g}"


def text_table(names: Sequence[str], summaries: Sequence[dict[str, str]]) -> list[str]:
    """Lines for the terminal: one block per setting."""
    lines = []
    for name, rows in zip(names, summaries, strict=True):
        lines.append(name)
        lines += [f"  {row}: {value}" for row, value in rows.items()]
    return lines
