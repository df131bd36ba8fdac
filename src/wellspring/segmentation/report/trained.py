"""What the chapter says of annotated sites: the classical method, the shipped weights and the fine-tuned ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from wellspring.report.chapter import Section
from wellspring.report.images import ImageSources
from wellspring.report.style import COLORS, axes_grid, in_style, new_figure
from wellspring.report.tables import PageColumn, page_table, text, value_at
from wellspring.segmentation.learned.examples import Example
from wellspring.segmentation.learned.scores import METHODS, verdict_of

__all__ = ["WORDS", "draw_compared", "trained_findings", "trained_sections"]

WORDS: Mapping[str, str] = {
    "classical": "log_otsu",
    "shipped": "unet, shipped weights",
    "fine-tuned": "unet, fine-tuned",
}
"""The methods as the report calls them."""
_TEXT = (
    "The network was trained further on the annotated sites of seven wells in ten; the others were held out, and all "
    "methods are compared on them. Dice is of all nuclei together, F1 and AP (true over true, false and missed ones) "
    "are of single nuclei, matched where their intersection over union reaches 0.5. Means over sites."
)
_FEW_SITES = 3
_MOST_PX, _ROW_MM = 320, 40
_COLUMNS = (
    PageColumn("words", "Method", text),
    *(PageColumn(name, head, value_at(0.1)) for name, head in (("dice", "Dice"), ("f1", "F1"), ("ap", "AP"))),
    PageColumn("lowest", "Lowest F1\nof a site", value_at(0.1)),
)


def trained_findings(scores: pd.DataFrame | None) -> list[str]:
    """The verdict on table `NUCLEUS_SCORES`: which method to use."""
    if scores is None:
        return []
    name = scores["plate"] + "/" + scores["well"]
    return [verdict_of(scores.assign(well=name, name=name + "/" + scores["site"]))]


def trained_sections(scores: pd.DataFrame | None, sources: ImageSources) -> list[Section]:
    """The section on annotated sites; none where there are none."""
    if scores is None:
        return []
    means = scores.groupby("method")[["dice", "f1", "ap"]].mean()
    means["lowest"] = scores.groupby("method")["f1"].min()
    shown = means.loc[list(METHODS)].assign(words=[WORDS[name] for name in METHODS])
    wells, sites = (len(scores[names].drop_duplicates()) for names in (["plate", "well"], ["plate", "well", "site"]))
    file = str(sources.files["compared_table"])
    note = f"{sites:,} annotated sites of {wells:,} held-out wells."
    few = "Few sites are held out: a difference of a few hundredths may be chance. Annotate more to be sure."
    return [
        Section(
            title="Trained on annotated sites",
            text=[_TEXT],
            warnings=[few] if sites < _FEW_SITES else [],
            parts=[
                page_table(shown, _COLUMNS, title="Methods on held-out annotated sites", file=file, note=note),
                sources.figure("compared", caption="trained", title="Held-out sites, as each method sees them"),
            ],
        )
    ]


@in_style
def draw_compared(examples: Sequence[Example], scores: pd.DataFrame) -> Figure:
    """A row per site: the image, the annotation, and what each method found, with its F1.

    `examples` are named ``plate/well/site``, `scores` is table `NUCLEUS_SCORES`.
    """
    figure = new_figure(height_mm=(_ROW_MM + 6) * max(len(examples), 1))
    if not examples:
        figure.text(0.5, 0.5, "no site is held out", ha="center")
        return figure
    for axes, one in zip(axes_grid(figure, n_rows=len(examples), n_columns=5), examples, strict=True):
        window = tuple(slice(max(0, (n - _MOST_PX) // 2), (n + _MOST_PX + 1) // 2) for n in one.image.shape)
        image = one.image[window]
        plate, well, site = one.name.split("/", 2)
        _show(axes[0], image, None, title=f"{well}, site {site}")
        n = len(np.unique(one.labels["annotated"])) - 1
        _show(axes[1], image, one.labels["annotated"][window], title=f"annotated: {n}")
        own = scores[(scores["plate"] == plate) & (scores["well"] == well) & (scores["site"] == site)]
        f1 = own.set_index("method")["f1"]
        for panel, name in zip(axes[2:], METHODS, strict=True):
            _show(panel, image, one.labels[name][window], title=f"{WORDS[name].split(', ')[-1]}: {f1[name]:.2f}")
    return figure


def _show(axes: Axes, image: NDArray[np.number], labels: NDArray[np.integer] | None, *, title: str) -> None:
    low, high = np.percentile(image, [1, 99.8])
    grey = np.sqrt(np.clip((image - float(low)) / max(float(high - low), 1e-6), 0, 1))
    shown = (np.dstack([grey] * 3) * 255).astype(np.uint8)
    if labels is not None:
        colour = [int(COLORS[1][i : i + 2], 16) for i in (1, 3, 5)]
        shown[find_boundaries(labels, mode="inner")] = colour
    axes.imshow(shown, interpolation="nearest")
    axes.set_title(title, loc="left", fontsize=7)
    axes.set(xticks=[], yticks=[])
