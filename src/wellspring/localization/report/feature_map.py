"""Maps of genes in cells: those with similar features are near each other (t-SNE and UMAP)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.localization.classifier.calibration import UNDECIDED
from wellspring.localization.classifier.model import RANDOM
from wellspring.localization.genes import SCORE
from wellspring.localization.report.figures import MOST_GENES
from wellspring.planes import plane_of
from wellspring.report.style import axes_grid, color_of, in_style, new_figure

__all__ = ["MAPS", "feature_maps", "map_figure"]

MAPS = {"tsne": "t-SNE", "umap": "UMAP"}
# Defined from one molecule on; those from the nucleus are left out where a cell of the study has none.
_FEATURES = (
    *("membrane_rank_mean", "centroid_rank_mean", "nucleus_rank_mean", "nucleus_centroid_rank_mean"),
    *("proportion_rna_in_nuc", "proportion_rna_nuc_edge", "proportion_rna_protrusion", "opening_20_share"),
    *("opening_40_share", "polarization_index"),
)
_FROM_PAIRS = ("dispersion_index", "nearest_neighbor_ratio", "angular_resultant", "proportion_rna_in_foci")
_FEWEST_MOLECULES, _FEWEST, _MOST = 5, 20, 1500


def feature_maps(cells: pd.DataFrame, *, seed: int) -> tuple[pd.DataFrame, dict[str, NDArray[np.float64]]]:
    """Rows of `cells` with five molecules or more, at most 1,500 at random, and their places (n, 2) on each of `MAPS`.

    Of standardised features of where molecules are, their number not among them (`wellspring.planes.plane_of`). Fewer
    than 20 rows have no map: none are returned.

    Parameters
    ----------
    cells
        From `wellspring.localization.genes.cells_of_genes`.
    """
    rows = cells[cells["n_molecules"] >= _FEWEST_MOLECULES]
    values = rows[[*_FEATURES, *_FROM_PAIRS]]
    values = values.loc[:, values.notna().mean() > 0.5]
    rows = rows[values.notna().all(axis=1)]
    if len(rows) < _FEWEST:
        return rows.iloc[:0], {}
    rows = rows.sample(min(len(rows), _MOST), random_state=seed).sort_index()
    numbers = values.loc[rows.index].to_numpy(dtype=np.float64)
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    return rows.reset_index(drop=True), {name: plane_of(name, scaled, seed=seed) for name in MAPS}


@in_style
def map_figure(cells: pd.DataFrame, *, names: Sequence[str], seed: int) -> Figure:
    """Each of `MAPS` three times: by called pattern, by gene, and by pattern score: how strong it is.

    A sentence where there are too few rows.
    """
    rows, maps = feature_maps(cells, seed=seed)
    figure = new_figure(height_mm=125 if maps else 30)
    if not maps:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.text(0.5, 0.5, "too few genes in cells", ha="center", transform=axes.transAxes)
        return figure
    shown = [name for name in names if name != RANDOM]
    grey = {RANDOM: "0.75", UNDECIDED: "0.9"}
    called = [name for name in (UNDECIDED, RANDOM, *shown) if (rows["pattern"] == name).any()]
    colors = {name: grey.get(name) or color_of(name, names=shown) for name in called}
    genes = sorted(rows["gene"].unique())[:MOST_GENES]
    of_genes = {name: color_of(name, names=genes) for name in genes}
    grid = axes_grid(figure, n_rows=len(maps), n_columns=3)
    for panels, (name, at) in zip(grid, maps.items(), strict=True):
        panels[0].set(ylabel=MAPS[name])
        for axes in panels:
            axes.set(xticks=[], yticks=[])
        _draw(panels[0], rows["pattern"], at, colors=colors)
        _draw(panels[1], rows["gene"], at, colors=of_genes)
        scored = panels[2].scatter(at[:, 0], at[:, 1], s=3, c=rows[SCORE], cmap="viridis", vmin=0, vmax=1)
    for axes, title in zip(grid[0], ("Called pattern", "Gene", "Pattern score above the null"), strict=True):
        axes.set(title=title)
    for axes in grid[-1][:2]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, markerscale=2)
    figure.colorbar(scored, ax=grid[-1][2], orientation="horizontal", aspect=25, pad=0.03)
    return figure


def _draw(axes: Axes, group: pd.Series, at: NDArray[np.float64], *, colors: Mapping[str, str]) -> None:
    for name, color in colors.items():
        own = (group == name).to_numpy()
        axes.plot(*at[own].T, ".", markersize=3, color=color, label=name.replace("_", " "))
