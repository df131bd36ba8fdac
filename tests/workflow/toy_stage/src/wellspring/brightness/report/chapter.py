"""The chapter on brightness: which wells are brighter than others."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from wellspring.report.chapter import Chapter, Section, illustration
from wellspring.report.style import color_of, in_style, new_figure
from wellspring.report.tables import PageColumn, page_table, value

__all__ = ["brightness_chapter", "draw_means"]


@in_style
def draw_means(means: pd.DataFrame) -> Figure:
    """The mean of each channel, well by well, of a table `BRIGHTNESS`."""
    figure = new_figure(height_mm=60)
    axes = figure.subplots()
    names = list(means["channel"].unique())
    for name, own in means.groupby("channel", sort=False):
        axes.plot(own["well"], own["mean"], "o-", color=color_of(str(name), names=names), label=name)
    axes.set(xlabel="Well", ylabel="Mean intensity, camera counts", ylim=(0, None))
    axes.legend()
    return figure


def brightness_chapter(means: pd.DataFrame, *, files: Mapping[str, Path], captions: Mapping[str, str]) -> Chapter:
    """The chapter.

    Parameters
    ----------
    means
        Table `BRIGHTNESS` of all wells, at least one row.
    files
        Where the ``table`` and the ``figure`` are.
    captions
        From `read_captions`.
    """
    brightest = means.loc[means["mean"].idxmax()]
    figure = illustration(files["figure"], title="Brightness of the wells", caption=captions["means"])
    columns = [PageColumn("plate", "Plate"), PageColumn("well", "Well"), PageColumn("channel", "Channel")]
    table = page_table(means, [*columns, PageColumn("mean", "Mean", value)], title="Means", file=str(files["table"]))
    return Chapter(
        stage="brightness",
        title="Brightness",
        lead="Are some wells brighter than others?",
        picture=figure,
        findings=[f"The brightest well is {brightest['well']}, in {brightest['channel']}."],
        settings=[("Channels compared", ", ".join(means["channel"].unique()))],
        sections=[Section(title="", parts=[figure, table])],
    )
