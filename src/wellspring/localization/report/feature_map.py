"""A map of genes in cells: those with similar features are near each other (t-SNE)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.localization.classifier.calibration import UNDECIDED
from wellspring.localization.classifier.model import RANDOM
from wellspring.localization.report.figures import MOST_GENES
from wellspring.report.style import axes_grid, color_of, in_style, new_figure

__all__ = ["feature_map", "map_figure"]

# Defined from one molecule on; those from the nucleus are left out where a cell of the study has none.
_FEATURES = (
    *("membrane_rank_mean", "centroid_rank_mean", "nucleus_rank_mean", "nucleus_centroid_rank_mean"),
    *("proportion_rna_in_nuc", "proportion_rna_nuc_edge", "proportion_rna_protrusion", "opening_20_share"),
    *("opening_40_share", "polarization_index"),
)
_FROM_PAIRS = ("dispersion_index", "nearest_neighbor_ratio", "angular_resultant", "proportion_rna_in_foci")
_FEWEST_MOLECULES, _FEWEST, _MOST = 5, 20, 1500


def feature_map(cells: pd.DataFrame, *, seed: int) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Rows of `cells` with five molecules or more, at most 1,500 at random, and their positions (n, 2) on the map.

    t-SNE of standardised features of where molecules are, their number not among them; the perplexity is 30, or a
    quarter of the rows if that is less. Fewer than 20 rows have no map: none are returned.

    Parameters
    ----------
    cells
        From `wellspring.localization.genes.cells_of_genes`.
    """
    from sklearn.manifold import TSNE

    rows = cells[cells["n_molecules"] >= _FEWEST_MOLECULES]
    values = rows[[*_FEATURES, *_FROM_PAIRS]]
    values = values.loc[:, values.notna().mean() > 0.5]
    rows = rows[values.notna().all(axis=1)]
    if len(rows) < _FEWEST:
        return rows.iloc[:0], np.zeros((0, 2))
    rows = rows.sample(min(len(rows), _MOST), random_state=seed).sort_index()
    numbers = values.loc[rows.index].to_numpy(dtype=np.float64)
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    model = TSNE(perplexity=min(30.0, len(rows) / 4), init="pca", random_state=seed)
    return rows.reset_index(drop=True), np.asarray(model.fit_transform(scaled), dtype=np.float64)


@in_style
def map_figure(cells: pd.DataFrame, *, names: Sequence[str], seed: int) -> Figure:
    """The map twice: by called pattern, and by gene; a sentence where there are too few rows."""
    rows, at = feature_map(cells, seed=seed)
    figure = new_figure(height_mm=90)
    panels = axes_grid(figure, n_rows=1, n_columns=2)[0]
    for axes in panels:
        axes.set(xticks=[], yticks=[])
    if not len(rows):
        panels[0].text(0.5, 0.5, "too few genes in cells", ha="center", transform=panels[0].transAxes)
        return figure
    shown = [name for name in names if name != RANDOM]
    grey = {RANDOM: "0.75", UNDECIDED: "0.9"}
    called = [name for name in (UNDECIDED, RANDOM, *shown) if (rows["pattern"] == name).any()]
    colors = {name: grey.get(name) or color_of(name, names=shown) for name in called}
    _draw(panels[0], rows["pattern"], at, colors=colors, title="Called pattern")
    genes = sorted(rows["gene"].unique())[:MOST_GENES]
    _draw(panels[1], rows["gene"], at, colors={name: color_of(name, names=genes) for name in genes}, title="Gene")
    return figure


def _draw(axes: Axes, group: pd.Series, at: NDArray[np.float64], *, colors: dict[str, str], title: str) -> None:
    for name, color in colors.items():
        own = (group == name).to_numpy()
        axes.plot(*at[own].T, ".", markersize=3, color=color, label=name.replace("_", " "))
    axes.set(title=title)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, markerscale=2)
