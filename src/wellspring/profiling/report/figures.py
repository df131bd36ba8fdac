"""Figures on profiles: accuracy on unseen samples, maps of the wells, dendrograms with heat maps, learning curves."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wellspring.profiling.dendrograms import dendrogram_linkage
from wellspring.profiling.embeddings import title_of
from wellspring.profiling.profiles import Profiles
from wellspring.profiling.report.well_maps import shown_planes
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, color_of, in_style, new_figure

__all__ = ["accuracy_figure", "curves_figure", "dendrogram_figure", "map_figure"]

_MARKERS = "os^Dv<>P"
# More names in a key than this are of no use.
_MAX_NAMES = 12


@in_style
def accuracy_figure(verdict: pd.DataFrame, *, chance: float) -> Figure:
    """Share of the wells of unseen samples that each embedding classifies correctly, with 95 % intervals.

    Parameters
    ----------
    verdict
        Table `VERDICT` of all methods; those without such a row are left out.
    chance
        Share that naming the more frequent class each time would reach; a dashed line. NaN: none.
    """
    is_shown = (verdict["question"] == "classification") & (verdict["scope"] == "unseen")
    rows = verdict[is_shown & (verdict["metric"] == "accuracy")].reset_index(drop=True)
    figure = new_figure(height_mm=24 + 7 * max(1, len(rows)), width_mm=130)
    axes = axes_grid(figure, n_rows=1, n_columns=1)[0][0]
    if not len(rows):
        axes.set_axis_off()
        axes.text(0, 0.5, "No sample was left out of any fit, so nothing can be said of unseen samples.")
        return figure
    for index, row in enumerate(rows.itertuples()):
        axes.plot([100 * row.lower, 100 * row.upper], [index, index], color=COLORS[0], linewidth=2.5)
        axes.plot([100 * row.value], [index], "o", color=COLORS[0])
        if not np.isnan(row.p_value):
            axes.text(103, index, f"p = {row.p_value:.3f}", va="center", fontsize=7.5)
    if not np.isnan(chance):
        axes.axvline(100 * chance, color=NEUTRAL, linestyle="--", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [title_of(name) for name in rows["method"]])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 102)
    axes.set_xlabel("wells of unseen samples classified correctly, %")
    return figure


@in_style
def map_figure(clusters: pd.DataFrame, *, groups: pd.Series, name: str) -> Figure:
    """Wells of each method (rows) in the planes of two principal components, and of UMAP and t-SNE where there are any.

    Parameters
    ----------
    clusters
        Table `CLUSTERS` of all methods.
    groups
        What each row is coloured by.
    name
        What that is.
    """
    methods = list(dict.fromkeys(clusters["method"]))
    figure = new_figure(height_mm=12 + 52 * max(1, len(methods)))
    names = sorted(set(groups.astype(str)))
    planes = shown_planes(clusters)
    grid = axes_grid(figure, n_rows=max(1, len(methods)), n_columns=len(planes))
    for method, row in zip(methods, grid, strict=False):
        is_own = (clusters["method"] == method).to_numpy()
        for axes, (pair, title) in zip(row, planes.items(), strict=True):
            _points(axes, clusters[is_own], pair=pair, groups=groups[is_own].astype(str), names=names)
            axes.set_title(title)
            axes.set_xticks([])
            axes.set_yticks([])
        row[0].set_ylabel(title_of(method))
    if methods and len(names) <= _MAX_NAMES:
        handles, texts = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside upper left", ncols=4, title=f"{name}, plate", alignment="left")
    return figure


def _points(axes: Axes, wells: pd.DataFrame, *, pair: str, groups: pd.Series, names: Sequence[str]) -> None:
    for index, plate in enumerate(sorted(set(wells["plate"]))):
        for name in names:
            own = wells[((wells["plate"] == plate) & (groups == name)).to_numpy()]
            if len(own):
                marker = _MARKERS[index % len(_MARKERS)]
                color = color_of(name, names=names)
                points = own[f"{pair}_1"], own[f"{pair}_2"]
                axes.scatter(*points, s=16, color=color, marker=marker, label=f"{name}, {plate}")


@in_style
def dendrogram_figure(profiles: Mapping[str, Profiles]) -> Figure:
    """A dendrogram (cosine distance, average linkage) over a heat map of the profiles, for each method."""
    # Imported where it is used: a job without profiles to draw does without SciPy.
    from scipy.cluster.hierarchy import dendrogram

    figure = new_figure(height_mm=78 * max(1, len(profiles)))
    labels = sorted({label for one in profiles.values() for label in one.wells["label"]})
    grid = axes_grid(figure, n_rows=2 * max(1, len(profiles)), n_columns=1)
    for index, (method, one) in enumerate(profiles.items()):
        values, names = one.values, (one.wells["sample"] + " " + one.wells["plate"]).tolist()
        tree, heat = grid[2 * index][0], grid[2 * index + 1][0]
        tree.set_title(title_of(method))
        if len(values) < 2:
            heat.set_axis_off()
            continue
        # SciPy puts leaf i at 5 + 10 i.
        drawn = dendrogram(
            dendrogram_linkage(values), ax=tree, no_labels=True, color_threshold=0, above_threshold_color="#4D4D4D"
        )
        tree.set_ylabel("cosine distance")
        order, width = drawn["leaves"], 10 * len(values)
        tree.set_xlim(0, width)
        std = values.std(axis=0)
        scaled = (values - values.mean(axis=0)) / np.where(std > 0, std, 1)
        extent = (0, width, values.shape[1], 0)
        heat.imshow(scaled[order].T, aspect="auto", cmap="RdBu_r", vmin=-2, vmax=2, extent=extent)
        heat.set_ylabel("value no.")
        heat.set_xticks(range(5, width, 10), [names[row] for row in order], rotation=90, fontsize=5.5)
        for tick, label in zip(heat.get_xticklabels(), one.wells["label"].iloc[order], strict=True):
            tick.set_color(color_of(label, names=labels))
    return figure


@in_style
def curves_figure(histories: Mapping[str, pd.DataFrame], multiplied: pd.DataFrame | None) -> Figure:
    """Losses by epoch: of every network as it was fitted with all samples, and for several multiplications.

    Parameters
    ----------
    histories
        By method: table `PROFILE_HISTORY`; the lowest fold is drawn.
    multiplied
        Table `MULTIPLIED` of all networks, or None.
    """
    panels = [(title_of(name), _fitted(table)) for name, table in histories.items() if len(table)]
    if multiplied is not None:
        for method in dict.fromkeys(multiplied["method"]):
            own = multiplied[multiplied["method"] == method]
            curves = {
                f"{factor} ×": own[own["multiplication"] == factor] for factor in sorted(set(own["multiplication"]))
            }
            panels.append((f"{title_of(method)}, fields multiplied", curves))
    n_rows = max(1, -(-len(panels) // 2))
    figure = new_figure(height_mm=8 + 50 * n_rows)
    grid = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=2) for axes in row]
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    if not panels:
        grid[0].text(0, 0.5, "No network was trained.")
    for axes, (title, curves) in zip(grid, panels, strict=False):
        _curves(axes, curves, title=title)
    return figure


def _fitted(history: pd.DataFrame) -> dict[str, pd.DataFrame]:
    own = history[history["fold"] == history["fold"].min()]
    return {str(name): own[own["network"] == name] for name in dict.fromkeys(own["network"])}


def _curves(axes: Axes, curves: Mapping[str, pd.DataFrame], *, title: str) -> None:
    for name, losses in curves.items():
        color = color_of(name, names=list(curves))
        axes.plot(losses["epoch"], losses["loss"], color=color, linestyle=":", linewidth=0.9)
        axes.plot(losses["epoch"], losses["val_loss"], color=color, label=name)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend()
