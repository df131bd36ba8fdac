"""Figures of predicted stains: examples, numbers of fields, course of the training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.labelling.comparing import held_out
from wellspring.labelling.tables import MEASURES
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, color_of, in_style, letter, new_figure

__all__ = ["Example", "chosen_examples", "draw_examples", "draw_numbers", "draw_training"]

_LABELS = {"count": "Nuclei", "area": "Area, px", "total": "Total", "mean": "Mean"}
_ROW_MM = 48
# Of the row with all stains in one picture, and their colours; magenta and green together are white.
_ALL = ""
_MIXED = {"magenta": (1.0, 0.0, 1.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0)}
# Brightness runs from this quantile of an image to that one.
_LIMITS = (0.01, 0.998)


@dataclass(frozen=True)
class Example:
    """A well and its images, as `wellspring.labelling.measuring_well.measure_well` gives them."""

    name: str
    images: Mapping[str, NDArray[Any]]


def chosen_examples(paths: Sequence[Path], *, splits: pd.DataFrame) -> list[Example]:
    """A held-out well, and one that was not stained, where there are; the first of each.

    Parameters
    ----------
    paths
        ``.../<plate>/<well>.npz`` of all wells.
    splits
        Table `LABELLING_SPLITS`.
    """
    names = {path: (path.parent.name, path.name.removesuffix(".npz")) for path in paths}
    known = {split: set(zip(own["plate"], own["well"], strict=True)) for split, own in splits.groupby("split")}
    stained = set(zip(splits["plate"], splits["well"], strict=True))
    kinds = [
        [path for path, name in names.items() if name in known.get("test", known.get("validation", set()))],
        [path for path, name in names.items() if name not in stained],
    ]
    found = []
    for path in [paths_of_kind[0] for paths_of_kind in kinds if paths_of_kind]:
        with np.load(path) as arrays:
            if arrays.files:
                found.append(Example("/".join(names[path]), {name: arrays[name] for name in arrays.files}))
    return found


@in_style
def draw_examples(examples: Sequence[Example], *, stains: Sequence[str]) -> Figure:
    """For each well and stain: light, predicted stain, measured stain, the last two with the same limits. With several
    stains also all of them in one picture, the first three in colours.
    """
    rows: list[tuple[Example, str]] = []
    for one in examples:
        own = [stain for stain in stains if f"predicted_{stain}" in one.images]
        rows += [(one, stain) for stain in own] + ([(one, _ALL)] if len(own) > 1 else [])
    figure = new_figure(height_mm=_ROW_MM * max(len(rows), 1))
    if not rows:
        figure.text(0.5, 0.5, "no field to show", ha="center")
        return figure
    for axes, (one, stain) in zip(axes_grid(figure, n_rows=len(rows), n_columns=3), rows, strict=True):
        light = one.images["light"]
        _show(axes[0], light, title=f"{one.name}, light", limits=_limits(light))
        if stain == _ALL:
            _show_combined(axes[1:], one, stains=stains)
            continue
        predicted, measured = one.images[f"predicted_{stain}"], one.images.get(f"measured_{stain}")
        limits = _limits(predicted if measured is None else measured)
        _show(axes[1], predicted, title=f"{stain}, predicted", limits=limits)
        if measured is None:
            _not_stained(axes[2])
        else:
            _show(axes[2], measured, title=f"{stain}, measured", limits=limits)
    return figure


def _limits(image: NDArray[Any]) -> NDArray[np.float64]:
    """Dark and bright end of the display."""
    found: NDArray[np.float64] = np.quantile(image, _LIMITS)
    return found


def _not_stained(axes: Axes) -> None:
    axes.axis("off")
    axes.text(0.5, 0.5, "not stained", ha="center", transform=axes.transAxes)


def _show_combined(panels: Sequence[Axes], example: Example, *, stains: Sequence[str]) -> None:
    """Predicted, and where there is one measured, stains in one picture."""
    images = example.images
    shown = [stain for stain in stains if f"predicted_{stain}" in images][: len(_MIXED)]
    kinds = ("measured", "predicted") if all(f"measured_{stain}" in images for stain in shown) else ("predicted",)
    limits = {stain: _limits(images[f"{kinds[0]}_{stain}"]) for stain in shown}
    for kind, axes in zip(("predicted", "measured"), panels, strict=True):
        if kind not in kinds:
            _not_stained(axes)
            continue
        mixed = np.zeros((*images["light"].shape, 3))
        for stain, (_, color) in zip(shown, _MIXED.items(), strict=False):
            low, high = limits[stain]
            share = np.clip((images[f"{kind}_{stain}"] - low) / max(high - low, 1e-6), 0, 1)
            mixed += share[..., None] * np.array(color)
        axes.imshow(np.clip(mixed, 0, 1))
        names = ", ".join(f"{stain} {name}" for stain, name in zip(shown, _MIXED, strict=False))
        axes.set_title(names if kind == "predicted" else "measured", loc="left")
        axes.set_xticks([])
        axes.set_yticks([])


def _show(axes: Axes, image: NDArray[Any], *, title: str, limits: NDArray[np.float64]) -> None:
    axes.imshow(image, cmap="gray", vmin=limits[0], vmax=max(limits[1], limits[0] + 1e-6))
    axes.set_title(title, loc="left")
    axes.set_xticks([])
    axes.set_yticks([])


@in_style
def draw_numbers(fields: pd.DataFrame, splits: pd.DataFrame, *, max_error: float) -> Figure:
    """Predicted against measured numbers of held-out fields, a row of panels per stain; counts without a stain too."""
    stains = list(dict.fromkeys(fields["stain"]))
    figure = new_figure(height_mm=_ROW_MM * max(len(stains), 1) + 8)
    grid = axes_grid(figure, n_rows=max(len(stains), 1), n_columns=len(MEASURES))
    for row, (panels, stain) in enumerate(zip(grid, stains, strict=False)):
        kept, _ = held_out(fields[fields["stain"] == stain], splits[splits["stain"] == stain])
        for column, (axes, measure) in enumerate(zip(panels, MEASURES, strict=True)):
            true = kept[f"measured_{measure}"].to_numpy()
            axes.plot(true, kept[f"predicted_{measure}"], "o", color=color_of(stain, names=stains), label="predicted")
            if measure == "count":
                axes.plot(true, kept["count_of_light"], "x", color=NEUTRAL, label="counted in the light")
            _diagonal(axes, max_error=max_error)
            axes.set(xlabel="measured", ylabel=f"{stain}, predicted" if column == 0 else "")
            axes.set_title(_LABELS[measure], loc="left")
            letter(axes, index=row * len(MEASURES) + column)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _diagonal(axes: Axes, *, max_error: float) -> None:
    """Equality, and the error that is allowed."""
    limits = [*axes.get_xlim(), *axes.get_ylim()]
    line = np.array([max(min(limits), 0.0), max(limits)])
    axes.fill_between(line, line * (1 - max_error), line * (1 + max_error), color=COLORS[0], alpha=0.15, linewidth=0)
    axes.plot(line, line, color=NEUTRAL, linewidth=0.8)


@in_style
def draw_training(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Loss of training crops and of validation fields, step by step, a panel per stain."""
    figure = new_figure(height_mm=55)
    panels = axes_grid(figure, n_rows=1, n_columns=max(len(histories), 1))[0]
    for index, (axes, (stain, history)) in enumerate(zip(panels, histories.items(), strict=False)):
        axes.plot(history["step"], history["loss"], color=NEUTRAL, label="training crops")
        axes.plot(history["step"], history["validation_loss"], "o-", color=COLORS[0], label="validation fields")
        axes.set(xlabel="Step", ylabel="Loss")
        axes.set_title(stain, loc="left")
        axes.legend()
        letter(axes, index=index)
    return figure
