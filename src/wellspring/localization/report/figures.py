"""Figures on localization: mixes of patterns, effects against the null, what each pattern looks like."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from wellspring.localization.classifier.model import RANDOM
from wellspring.localization.genes import STATISTICS
from wellspring.localization.simulated.drawing import draw_molecules
from wellspring.localization.simulated.landscapes import drawn_shape, landscape_of, random_thickness
from wellspring.localization.simulated.patterns import degree_of
from wellspring.report.style import axes_grid, color_of, in_style, new_figure

__all__ = ["MOST_GENES", "WORDS", "effects_figure", "mixes_figure", "patterns_figure", "shown_genes"]

MOST_GENES = 30
WORDS = {
    "pattern_score": "pattern score",
    "in_nucleus": "share in the nucleus",
    "membrane_rank": "distance to the membrane (rank)",
    "nucleus_rank": "distance to the nucleus (rank)",
    "opening_40": "share in extensions",
}
_SHORT = {
    "pattern_score": "Pattern\nscore",
    "in_nucleus": "In the\nnucleus",
    "membrane_rank": "Membrane,\nrank",
    "nucleus_rank": "Nucleus,\nrank",
    "opening_40": "In\nextensions",
}


def _color(name: str, names: Sequence[str]) -> str:
    """Grey for random, which is no pattern; the others by their place."""
    others = [one for one in names if one != RANDOM]
    return "0.7" if name == RANDOM else color_of(name, names=others)


def shown_genes(patterns: pd.DataFrame) -> list[str]:
    """The 30 genes of a table `GENE_PATTERNS` with the most decided cells, in the order of the table."""
    decided = patterns["n_cells"] - patterns["n_undecided"] if len(patterns) else pd.Series(dtype="int64")
    kept = decided.sort_values(ascending=False, kind="stable").index[:MOST_GENES]
    return [str(name) for name in patterns.loc[sorted(kept), "gene"]] if len(kept) else []


@in_style
def mixes_figure(patterns: pd.DataFrame, *, names: Sequence[str]) -> Figure:
    """Of each gene of a table `GENE_PATTERNS` the mix of patterns over its cells, as a bar, of `shown_genes`.

    A gene all of whose cells are undecided has no bar.
    """
    shown = patterns[patterns["gene"].isin(shown_genes(patterns))]
    figure = new_figure(height_mm=25 + 7 * max(len(shown), 3))
    axes = figure.subplots()
    left = np.zeros(len(shown))
    place = np.arange(len(shown))
    for name in names:
        share = shown[f"mix_{name}"].fillna(0).to_numpy() if len(shown) else left
        axes.barh(place, share, left=left, color=_color(name, names), label=name.replace("_", " "))
        left = left + share
    axes.set(yticks=place, yticklabels=shown["gene"], xlim=(0, 1), xlabel="Share of cells, corrected for confusion")
    axes.invert_yaxis()
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


@in_style
def effects_figure(effects: pd.DataFrame, *, genes: Sequence[str]) -> Figure:
    """Of each of the `genes` in a table `GENE_EFFECTS` its difference from the null, a panel for each statistic."""
    figure = new_figure(height_mm=25 + 6 * max(len(genes), 4))
    panels = axes_grid(figure, n_rows=1, n_columns=len(STATISTICS), sharey=True)[0]
    for axes, name in zip(panels, STATISTICS, strict=True):
        own = effects[effects["statistic"] == name].set_index("gene").reindex(genes)
        place = np.arange(len(own))
        axes.axvline(0, color="0.6", linewidth=0.8)
        axes.hlines(place, own["low"], own["high"], color="0.4")
        axes.plot(own["effect"], place, "o", color=color_of(name, names=STATISTICS))
        axes.set(yticks=place, yticklabels=genes, title=_SHORT[name], xlabel="Difference")
    panels[0].invert_yaxis()
    return figure


@in_style
def patterns_figure(names: Sequence[str], *, seed: int) -> Figure:
    """A simulated cell with 150 molecules of each pattern, strong."""
    n_columns = 4
    n_rows = -(-len(names) // n_columns)
    figure = new_figure(height_mm=42 * n_rows)
    panels = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=n_columns) for axes in row]
    rng = np.random.default_rng(seed)
    shape = drawn_shape(rng, area_um2=450.0)
    cell = landscape_of(shape, thickness=random_thickness(rng))
    for axes in panels:
        axes.set_axis_off()
    for axes, name in zip(panels, names, strict=False):
        points = draw_molecules(cell, pattern=name, n=150, degree=degree_of(name, "strong"), rng=rng)
        axes.fill(*shape.rings[0].T, color="0.9")
        axes.fill(*shape.nuclei[0][0].T, color="0.75")
        axes.plot(points[:, 0], points[:, 1], ".", markersize=2.5, color=_color(name, names))
        axes.set(aspect="equal", title=name.replace("_", " "))
    return figure
