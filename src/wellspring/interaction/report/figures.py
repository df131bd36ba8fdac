"""Figures of mRNA and protein: which genes are enriched where, and whether protein follows mRNA."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from wellspring.interaction.tables import columns_of
from wellspring.localization.interaction.temporal import pair_correlations
from wellspring.report.style import NEUTRAL, axes_grid, color_of, in_style, letter, new_figure

__all__ = ["correlations_figure", "overview_figure", "profiles_figure"]

_Side = dict[float, NDArray[np.float64]]
_ALL = "all"
_SIGNIFICANT = 0.05
# The first isolines hold few pixels.
_FIRST_ISOLINE = 7
_PANELS = (
    ("mrna_peripheral_enrichment", "mRNA at the membrane", "log2 of density\nover the reference's", 0.0),
    ("mrna_mtoc_enrichment", "mRNA at the MTOC", "density over\nthe mean, less 1", 0.0),
    ("temporal_interaction", "Protein follows", "temporal\ninteraction score", 0.5),
)


@in_style
def overview_figure(summary: pd.DataFrame) -> Figure:
    """A panel per question, a bar per gene and condition over all times; filled where the q-value is below 0.05.

    Parameters
    ----------
    summary
        Table `INTERACTION_SUMMARY`.
    """
    figure = new_figure(height_mm=70)
    panels = axes_grid(figure, n_rows=1, n_columns=len(_PANELS))[0]
    conditions = list(dict.fromkeys(summary["condition"]))
    for index, (axes, (name, title, label, even)) in enumerate(zip(panels, _PANELS, strict=True)):
        rows = summary[(summary["statistic"] == name) & (summary["time"] == _ALL)]
        rows = rows.dropna(subset="estimate").reset_index(drop=True)
        _draw_bars(axes, rows, conditions=conditions, even=even)
        axes.set_title(title, loc="left")
        axes.set_xlabel(label)
        letter(axes, index=index)
    return figure


def _draw_bars(axes: Axes, rows: pd.DataFrame, *, conditions: Sequence[str], even: float) -> None:
    axes.axvline(even, color=NEUTRAL, linewidth=0.8)
    if rows.empty:
        axes.text(0.5, 0.5, "no gene has this number", ha="center", transform=axes.transAxes)
        axes.set_yticks([])
        return
    for index, row in enumerate(rows.itertuples()):
        color = color_of(row.condition, names=conditions)
        is_sure = bool(row.q_value < _SIGNIFICANT)
        inside = color if is_sure else "white"
        axes.barh(index, row.estimate - even, left=even, height=0.7, facecolor=inside, edgecolor=color)
        if np.isfinite(row.low):
            axes.plot([row.low, row.high], [index, index], color="black", linewidth=0.9)
    names = [f"{row.gene}, {row.condition}" if len(conditions) > 1 else row.gene for row in rows.itertuples()]
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()


@in_style
def profiles_figure(images: pd.DataFrame, *, reference: str, peripheral_isoline: float) -> Figure:
    """Density between the membrane and each isoline, by gene: the median over cells relative to the reference's.

    Conditions after the first have broken lines; what counts as periphery is shaded.

    Parameters
    ----------
    images
        Table `INTERACTION` with gene, molecule and condition of the wells.
    reference
        Gene that the others are divided by.
    peripheral_isoline
        End of the periphery.
    """
    columns = columns_of([str(name) for name in images.columns], "enrichment")
    molecules = sorted(images["molecule"].unique())
    figure = new_figure(height_mm=65)
    panels = axes_grid(figure, n_rows=1, n_columns=max(1, len(molecules)))[0]
    genes, conditions = sorted(images["gene"].unique()), sorted(images["condition"].unique())
    for index, (axes, molecule) in enumerate(zip(panels, molecules, strict=False)):
        medians = images[images["molecule"] == molecule].groupby(["condition", "gene"])[columns].median()
        for (condition, gene), row in medians.iterrows():
            base = medians.loc[(condition, reference)] if (condition, reference) in medians.index else None
            if base is None or gene == reference:
                continue
            curve = (row / base).to_numpy()[_FIRST_ISOLINE - 1 :]
            isolines = np.arange(_FIRST_ISOLINE, _FIRST_ISOLINE + len(curve))
            style = "-" if condition == conditions[0] else "--"
            name = f"{gene}, {condition}" if len(conditions) > 1 else str(gene)
            axes.plot(isolines, curve, style, color=color_of(gene, names=genes), label=name)
        axes.axhline(1, color=NEUTRAL, linewidth=0.8)
        axes.axvspan(0, peripheral_isoline, color=NEUTRAL, alpha=0.12, linewidth=0)
        axes.set_xlim(0, 100)
        axes.set_title({"mrna": "mRNA", "protein": "Protein"}.get(str(molecule), str(molecule)), loc="left")
        axes.set(xlabel="isoline: 0 at the membrane, 100 at the nucleus", ylabel=f"density relative to {reference}")
        letter(axes, index=index)
        axes.legend(fontsize=6.5)
    return figure


@in_style
def correlations_figure(images: pd.DataFrame) -> Figure:
    """For each gene with both molecules: correlation of mRNA and protein segments at all pairs of times.

    Parameters
    ----------
    images
        As of `profiles_figure`. Framed are the pairs in which the protein is later.
    """
    shown = _profiles(images)
    n_columns = max(1, min(3, len(shown)))
    n_rows = max(1, -(-len(shown) // n_columns))
    figure = new_figure(height_mm=12 + 52 * n_rows)
    panels = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=n_columns) for axes in row]
    for axes in panels[len(shown) :]:
        axes.remove()
    for index, (axes, (title, mrna, protein)) in enumerate(zip(panels, shown, strict=False)):
        found, is_forward = pair_correlations(mrna, protein)
        picture = axes.imshow(found, cmap="RdBu_r", vmin=-1, vmax=1)
        for row, column in np.argwhere(is_forward):
            axes.add_patch(_frame(row, column))
        axes.set_xticks(range(len(protein)), [f"{time:g}" for time in sorted(protein)])
        axes.set_yticks(range(len(mrna)), [f"{time:g}" for time in sorted(mrna)])
        axes.set_title(title, loc="left")
        axes.set(xlabel="time of protein", ylabel="time of mRNA")
        letter(axes, index=index)
    if shown:
        figure.colorbar(picture, ax=panels[: len(shown)], label="correlation", shrink=0.7)
    return figure


def _frame(row: int, column: int) -> Rectangle:
    return Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor="black", linewidth=1.0)


def _profiles(images: pd.DataFrame) -> list[tuple[str, _Side, _Side]]:
    columns = columns_of([str(name) for name in images.columns], "segment")
    known = images[images[columns].notna().all(axis=1)]
    wells = known.groupby(["gene", "condition", "molecule", "time", "plate", "well"])[columns].mean()
    means = wells.groupby(level=[0, 1, 2, 3]).mean()
    found = []
    for (gene, condition), rows in means.groupby(level=[0, 1]):
        mrna, protein = (_side(rows, molecule) for molecule in ("mrna", "protein"))
        if mrna and protein:
            found.append((f"{gene}\n{condition}" if condition else str(gene), mrna, protein))
    return found


def _side(rows: pd.DataFrame, molecule: str) -> _Side:
    kinds, times = rows.index.get_level_values(2), rows.index.get_level_values(3)
    values = rows.to_numpy(dtype=np.float64)
    return {float(time): row for kind, time, row in zip(kinds, times, values, strict=True) if kind == molecule}
