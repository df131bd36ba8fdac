"""Captions of the page's figures: what is drawn, from how many cells, what the intervals mean, how to read it."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from wellspring.attribution.importance import ALL
from wellspring.attribution.report.importance import MAX_CHANNELS
from wellspring.attribution.report.panels import CONTRAST_PERCENTILES, SCORE_PERCENTILE
from wellspring.dataset.levels import level_bounds
from wellspring.dataset.report.filtering import MAX_WELLS_AS_BARS
from wellspring.report.style import number
from wellspring.tables import KEY
from wellspring.training.report.comparison import BASELINE, THIS_RUN

__all__ = [
    "GROUPS_CAPTION",
    "MATRIX_CAPTION",
    "SIMILAR_CAPTION",
    "dataset_caption",
    "histories_caption",
    "importance_caption",
    "metrics_caption",
    "panels_caption",
    "predictions_caption",
    "quality_caption",
    "sanity_caption",
]


GROUPS_CAPTION = (
    "Channels that tell the same share their importance among them by chance, so it is added up over groups of them: "
    "channels whose pixels correlate within cells (training cells; number of channels in brackets), and channels whose "
    "markers stain the same. Bars: mean over the cells of a level; lines: 99 % intervals of the mean (Student's t). "
    "Last panel: the correlation that the first grouping rests on."
)
SIMILAR_CAPTION = (
    "Each channel of a cell's score map is compared with every channel of its image, both standardised on the measured "
    "pixels; the least mean absolute difference decides. Bars: the ten image channels that win most often, in percent "
    "of all map channels of the cells of a level (n). Numbers: percentages summed up from the left. A map that looks "
    "like another channel than its own looks for that structure in its own channel, or follows the brightest structure."
)
MATRIX_CAPTION = (
    "The same comparison, by channel of the score map (rows): the share of cells in which it looks most like each "
    "channel of the image (columns; those that never win are left out)."
)


def quality_caption(quality: pd.DataFrame) -> str:
    """Caption of the quality figure, from table `QUALITY`."""
    wells, total = quality.iloc[:-1], quality.iloc[-1]
    if len(wells) <= MAX_WELLS_AS_BARS:
        drawn = "Each bar is a well."
    else:
        drawn = f"There are more than {MAX_WELLS_AS_BARS} wells, so they are drawn by plate or as a list of the worst."
    share = f" ({total['percent_left']:.1f} %)" if total["n_cells"] else ""
    return (
        f"{drawn} Blue: cells that passed every criterion. Other colours: cells that a criterion removed; the criteria "
        "were applied from left to right, and a cell is counted at the first one that removed it. "
        f"In all, {total['n_left']:,} of {total['n_cells']:,} cells{share} in {len(wells):,} wells were kept."
    )


def dataset_caption(manifest: pd.DataFrame, *, target_channel: str, columns: Collection[str]) -> str:
    """Caption of the dataset figure, from table `MANIFEST`; `columns` are the annotations that are drawn."""
    target = manifest["target"].to_numpy(dtype=float)
    bounds = level_bounds(target)
    groups = f" The last panels divide the same cells by {' and by '.join(columns)}." if columns else ""
    mean, sd, low, high = map(number, (target.mean(), np.std(target), bounds.low, bounds.high))
    return (
        f"The target is the mean {target_channel} intensity over the measured pixels of a cell, background subtracted "
        f"(n = {len(target):,} cells). a: its distribution in the three sets, as share of each set's cells; where the "
        "split is even, the curves lie on each other. Dashed lines are means of the groups. b: all cells; the grey "
        f"line is the mean ({mean}), the dashed lines stand one standard deviation ({sd}) to either side. Cells at "
        f"{low} or less are called low, at {high} or more high, the others medium.{groups}"
    )


def metrics_caption(comparison: pd.DataFrame, *, bootstrap_samples: int) -> str:
    """Caption of the metrics figure, from table `COMPARISON`."""
    rows = comparison[comparison["source"] == THIS_RUN]
    baseline = rows[rows["model"] == BASELINE]
    n_cells = int(rows["n_cells"].max()) if len(rows) else 0
    several = (rows["seed"] == "mean").any()
    bars = (
        "Bars are means over the seeds, points single training runs" if several else "Bars and points are training runs"
    )
    line = ""
    if len(baseline):
        mae, r2 = baseline["mae"].iloc[0], baseline["r2"].iloc[0]
        line = (
            " Dashed line and band: baseline, which predicts the mean of the training cells for every cell "
            f"(mean absolute error {mae:.4g}, R² {number(r2, scale=1.0)}), with its interval."
        )
    return (
        f"Errors on the {n_cells:,} test cells, which no model saw in training. {bars}. Intervals hold 95 % of "
        f"{bootstrap_samples:,} bootstrap resamples of the test cells: they say how much the figure depends on which "
        f"cells were tested, not how much it would change if the model were trained again.{line} "
        "A model has learned something where its interval is clear of the band."
    )


def histories_caption(*, n_validation: int, baseline_mae: float, n_runs: int) -> str:
    """Caption of the histories figure."""
    return (
        f"Mean absolute error on the {n_validation:,} validation cells after each epoch of {n_runs} training "
        f"run{'s' if n_runs != 1 else ''}, each cell seen in 8 flips and rotations. The dot is the best epoch of a "
        "run: its weights are the model that is tested. Dashed line: the mean of the training cells as prediction "
        f"({baseline_mae:.4g}). Errors above twice that are cut off at the top."
    )


def predictions_caption(*, model: str, n_cells: int, stratum: str | None, seed: int, n_seeds: int) -> str:
    """Caption of a model's predictions figure."""
    by = f", divided by {stratum}" if stratum else ""
    which = f" Of {n_seeds} seeds, the first ({seed}) is shown." if n_seeds > 1 else ""
    return (
        f"{model} on the {n_cells:,} test cells{by}; one row per regime.{which} Left: boxes from the first to the "
        "third quartile with the median; whiskers reach to the last cell within 1.5 times the box's height, circles "
        "lie beyond. Right: one dot per cell; on the dashed line, prediction and truth are equal. A cloud that is "
        "flatter than the line says that the model draws its predictions towards the mean."
    )


def importance_caption(ranking: pd.DataFrame, *, marked: Collection[str]) -> str:
    """Caption of a run's importance figure, from table `RANKING`."""
    overall = ranking[ranking["level"] == ALL]
    n_cells = int(overall["n_cells"].max()) if len(overall) else 0
    first = f" The {MAX_CHANNELS} most important ones are drawn." if len(overall) > MAX_CHANNELS else ""
    ground = " Coloured ground: channels that the config marks." if set(marked) & set(overall["channel"]) else ""
    return (
        f"A cell's score map says how much each pixel of each channel moves the prediction. Bars: a channel's share of "
        f"the cell's total score, mean over cells ({n_cells:,} cells), for cells with a low, medium and high target. "
        "Lines: 99 % intervals of the mean (Student's t, over cells; with very few cells they leave the plot). "
        "Dotted: the share that each of the "
        f"{len(overall)} channels would have if all counted the same.{first}{ground} A high share says that the model "
        "uses the channel, not that the channel causes the target."
    )


def sanity_caption(sanity: pd.DataFrame) -> str:
    """Caption of a run's sanity figure, from table `SANITY`."""
    n_cells = len(sanity.drop_duplicates(list(KEY)))
    cells = "One cell" if n_cells == 1 else f"{n_cells} cells"
    return (
        f"{cells}. The image is blended in from a baseline image without information (α = 0) to the full image "
        "(α = 1), and the gradients on the way are summed up. The curve must end at the dotted line, the change of the "
        "prediction between the two; a gap there means that attribution.max_steps is too low."
    )


def panels_caption(*, n_channels: int) -> str:
    """Caption of a run's panels figure."""
    low, high = CONTRAST_PERCENTILES
    return (
        f"For each level of the target, one cell: its image, its score map and both on top of each other, in the "
        f"{n_channels} channels that are most important over all cells. Above each channel stands its share of this "
        f"cell's score. Light grey lies outside the measured pixels. Images: each channel from the {low:g}st to the "
        f"{high:g}th percentile of its measured pixels, black to white, so brightness does not compare between "
        "channels. Score maps: one scale for all channels of a cell (colour bar; scores above the "
        f"{SCORE_PERCENTILE:g}th percentile have the last colour), so these do compare."
    )
