"""The chapter's sections on drift and on stability: figures and tables."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from wellspring.labelling.corruptions.tables import LABELLING_TOLERANCE
from wellspring.labelling.drift.tables import DEVIATIONS, LABELLING_DRIFT, LABELLING_DRIFT_PLATES
from wellspring.report.chapter import Section, illustration
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, new_figure
from wellspring.report.tables import PageColumn, count, page_table, value
from wellspring.report.words import listed
from wellspring.tables import read_table

__all__ = [
    "draw_drift",
    "draw_stability",
    "drift_findings",
    "drift_section",
    "limits_sections",
    "stability_findings",
    "stability_section",
]

_VERDICT_COLORS = {"in": COLORS[2], "warn": COLORS[1], "out": COLORS[5], "not known": NEUTRAL}
# More wells than these have no room for their names.
_MOST_NAMES = 24
_NAMES = {
    "focus": "Focus",
    "median": "Brightness",
    "contrast": "Contrast",
    "saturated": "Saturated",
    "distance": "Embedding",
}


@in_style
def draw_drift(wells: pd.DataFrame) -> Figure:
    """For each plate: alarm and control charts over their limits, the larger of both, well by well, and what moved.

    Parameters
    ----------
    wells
        Table `LABELLING_DRIFT`.
    """
    plates = list(dict.fromkeys(wells["plate"]))
    figure = new_figure(height_mm=62 * max(len(plates), 1))
    if not plates:
        figure.text(0.5, 0.5, "all wells belong to the plates of the training", ha="center")
        return figure
    grid = axes_grid(figure, n_rows=len(plates), n_columns=2)
    for (alarm, moved), plate in zip(grid, plates, strict=True):
        own = wells[wells["plate"] == plate].reset_index(drop=True)
        # A well is out where the alarm or a control chart is above its limit: the larger of both is shown.
        share = np.fmax(own["statistic"] / own["threshold"].where(own["threshold"] > 0), own["chart"])
        alarm.axhline(1, color=NEUTRAL, linewidth=0.8)
        alarm.plot(own["step"], share, "-", color=NEUTRAL, linewidth=0.8)
        for verdict, color in _VERDICT_COLORS.items():
            of_verdict = own["verdict"] == verdict
            if of_verdict.any():
                alarm.plot(own["step"][of_verdict], share[of_verdict], "o", color=color, label=verdict)
        alarm.set(xlabel="Wells in their order", ylabel="Alarm or chart, over its limit", title=f"Plate {plate}")
        alarm.legend()
        for place, name in enumerate(DEVIATIONS):
            moved.plot(own["step"], own[f"{name}_sd"], "-", color=COLORS[place % len(COLORS)], label=_NAMES[name])
        moved.set(xlabel="Wells in their order", ylabel="Difference, sd of reference", title="What moved")
        moved.legend()
        if len(own) <= _MOST_NAMES:
            for axes in (alarm, moved):
                axes.set_xticks(own["step"], own["well"], rotation=90)
    return figure


@in_style
def draw_stability(curves: pd.DataFrame, tolerances: pd.DataFrame, *, off: float) -> Figure:
    """For each corruption: the count of nuclei against severity, its interval, and the share of fields with an alarm.

    Parameters
    ----------
    curves, tolerances
        Tables `LABELLING_STABILITY` and `LABELLING_TOLERANCE`.
    off
        The share by which a count may be off.
    """
    kinds = list(dict.fromkeys(curves["kind"]))
    n_columns = min(len(kinds), 3) or 1
    n_rows = max(math.ceil(len(kinds) / n_columns), 1)
    figure = new_figure(height_mm=55 * n_rows)
    grid = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=n_columns) for axes in row]
    for axes, kind in zip(grid, kinds, strict=False):
        own = curves[curves["kind"] == kind]
        counts = own[own["measure"] == "count"].sort_values("level")
        places, labels = counts["level"].to_numpy(), [f"{one:g}" for one in counts["value"]]
        axes.axhspan(1 - off, 1 + off, color=NEUTRAL, alpha=0.15, linewidth=0)
        axes.fill_between(places, counts["lower"], counts["upper"], color=COLORS[0], alpha=0.2, linewidth=0)
        axes.plot(places, counts["change"], "o-", color=COLORS[0], label="Nuclei counted, of those in clean light")
        alarms = own[own["measure"] == "alarm"].sort_values("level")
        axes.plot(alarms["level"], alarms["change"], "s--", color=COLORS[5], label="Share of fields with an alarm")
        unit = str(counts["unit"].iloc[0])
        # Without nuclei at level 0 there is no change.
        highest = float(np.nanmax([1.5, *(counts["change"] * 1.05)]))
        axes.set(xlabel=f"{kind}, {unit}", xticks=places, ylim=(0, highest))
        axes.set_xticks(places, labels, rotation=60)
    for axes in grid[len(kinds) :]:
        axes.set_axis_off()
    if kinds:
        grid[0].legend()
    return figure


def drift_findings(wells: pd.DataFrame) -> list[str]:
    """One sentence per plate: which wells are out, since when, and what moved."""
    found = []
    for plate, own in wells.groupby("plate", sort=False):
        out = own[own["verdict"] == "out"]
        if len(out):
            first = out.iloc[0]
            found.append(
                f"Plate {plate}: {len(out)} of {len(own)} wells are unlike the training plate, the first is "
                f"{first['well']} ({_moved(out)})."
            )
        elif (own["verdict"] == "not known").all():
            found.append(f"Plate {plate}: whether it is like the training plate is not known.")
        else:
            found.append(f"Plate {plate}: its {len(own)} wells are like those of the training plate.")
    return found


def _moved(out: pd.DataFrame) -> str:
    """What moved in wells that are out, the most frequent first."""
    names = [name for one in out["moved"] for name in one.split(", ") if name]
    order = list(dict.fromkeys(sorted(names, key=names.count, reverse=True)))
    return f"moved: {listed([_NAMES.get(name, name).lower() for name in order])}" if order else "the embedding moved"


def drift_section(
    wells: pd.DataFrame, plates: pd.DataFrame, *, about: Mapping[str, Any], files: Mapping[str, Path], caption: str
) -> Section:
    """The section on drift.

    Parameters
    ----------
    about
        ``refused`` (why there is no alarm, or empty), ``expected_run``, ``window``, ``n_reference``, and ``verified``
        with steps, lower, upper or None.
    files
        ``figure`` and ``table``.
    """
    columns = [
        PageColumn("plate", "Plate"),
        PageColumn("well", "Well"),
        PageColumn("verdict", "Verdict"),
        PageColumn("moved", "What moved"),
        PageColumn("nearest", "Nearest reference wells"),
        PageColumn("chart", "Largest chart, of its limit", value),
    ]
    table = page_table(wells, columns, title="Wells and the training plate", file=str(files["table"]))
    tests = page_table(
        plates,
        [
            PageColumn("plate", "Plate"),
            PageColumn("n_rows", "Wells", count),
            PageColumn("p_value", "p", value),
            PageColumn("adjusted_p", "False discovery rate", value),
        ],
        title="Is the whole plate like the reference?",
        file="",
    )
    figure = illustration(files["figure"], title="Drift from the training plate", caption=caption)
    return Section(
        title="Drift", text=[_drift_text(about)], findings=drift_findings(wells), parts=[figure, table, tests]
    )


def _drift_text(about: Mapping[str, Any]) -> str:
    if about["refused"]:
        return f"There is no alarm: {about['refused']} Control charts are shown where there are enough wells."
    start = (
        f"The alarm compares the last {about['window']} wells with {about['n_reference']} reference wells and is set "
        f"to one false alarm in {about['expected_run']:g} wells without drift."
    )
    verified = about["verified"]
    if verified is None:
        return f"{start} There were too few reference wells to verify this."
    if not verified["n_alarms"]:
        return f"{start} On reference wells that it was not set with it gave none in {verified['n_steps']} steps."
    return (
        f"{start} On reference wells that it was not set with it gave one in {verified['steps']:.0f} "
        f"(95 % interval {verified['lower']:.0f} to {verified['upper']:.0f})."
    )


def stability_findings(tolerances: pd.DataFrame, *, off: float) -> list[str]:
    """What may happen to the light before counts are off, and whether the alarm comes first."""
    reached = tolerances[tolerances["reached"]]
    if reached.empty:
        return [f"No corruption that was tried changed the counts by {off:.0%}."]
    parts = [
        f"{row.kind} {row.tolerance:.3g} {row.unit}{' (no alarm before)' if row.alarm_first == 'no' else ''}"
        for row in reached.itertuples()
    ]
    return [f"Counts are {off:.0%} off at: {listed(parts)}."]


def stability_section(tolerances: pd.DataFrame, *, files: Sequence[Path], caption: str) -> Section:
    """The section on stability, with a figure of each stain."""
    shown = tolerances.assign(side=np.where(tolerances["side"] < 0, "lower", "higher"))
    columns = [
        PageColumn("stain", "Stain"),
        PageColumn("kind", "Corruption"),
        PageColumn("unit", "Unit"),
        PageColumn("side", "Side"),
        PageColumn("alarm_first", "Alarm before the wrong count"),
        PageColumn("tolerance", "Count off at", value),
        PageColumn("lower", "95 % from", value),
        PageColumn("upper", "to", value),
        PageColumn("alarm_at", "Alarm at", value),
        PageColumn("largest", "Tried up to", value),
    ]
    figures = [illustration(path, title="Counts under corrupted light", caption=caption) for path in files]
    text = (
        "Held-out fields were made worse by known amounts and predicted again. A curve is the count of all fields over "
        "that without corruption; the band is what is allowed. Dashed: the share of fields whose embedding is farther "
        "from the training fields than one in a hundred of them."
    )
    table = page_table(shown, columns, title="Tolerances", file="")
    return Section(title="Stability", text=[text], parts=[*figures, table])


def limits_sections(files: Mapping[str, Sequence[Path]], *, captions: Mapping[str, str], off: float) -> list[Section]:
    """The sections that were asked for.

    Parameters
    ----------
    files
        ``drift``: wells, plates, about (JSON), table (CSV), figure, or none; ``tolerances``, ``stability`` (figures):
        one of each for every stain, or none.
    """
    found = []
    if files["drift"]:
        wells, plates, about, table, figure = files["drift"]
        found.append(
            drift_section(
                read_table(wells, LABELLING_DRIFT),
                read_table(plates, LABELLING_DRIFT_PLATES),
                about=json.loads(about.read_text(encoding="utf-8")),
                files={"table": table, "figure": figure},
                caption=captions["drift"],
            )
        )
    if files["tolerances"]:
        tolerances = pd.concat(
            [read_table(path, LABELLING_TOLERANCE) for path in files["tolerances"]], ignore_index=True
        )
        found.append(
            replace(
                stability_section(tolerances, files=files["stability"], caption=captions["stability"]),
                findings=[
                    f"{stain}: {one}"
                    for stain, own in tolerances.groupby("stain", sort=False)
                    for one in stability_findings(own, off=off)
                ],
            )
        )
    return found
