"""The section on whether the maps mean something: findings, tables, figures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wellspring.attribution.report.validation_figures import method_name
from wellspring.attribution.validation.trust import SURVIVES
from wellspring.report.chapter import PageTable, Part, Section, illustration
from wellspring.report.style import NONE, number

__all__ = [
    "Validation",
    "consistency_rows",
    "roar_rows",
    "trust_findings",
    "trust_rows",
    "trust_warnings",
    "validation_section",
]

_HEADS = {
    "channel_auc": "AUC of\nchannels",
    "pixel_auc": "AUC of\npixels",
    "deletion_area": "Deletion\narea",
    "insertion_area": "Insertion\narea",
    "randomised": "Correlation,\nrandom model",
}
_NO_MAP = ("random", "intensity")
_TEXT = (
    "A map can look sensible and be independent of the model. These tests ask the maps themselves: do they point at "
    "what is known to count, do they change when the model is made random, does the prediction depend on what they "
    "point at, do independently initialised models agree, and does a model miss what they point at when it has to "
    "learn without it."
)


@dataclass(frozen=True)
class Validation:
    """Tables `TRUST`, `CONSISTENCY` and, where models were retrained, `ROAR_SUMMARY`, with their files."""

    trust: pd.DataFrame
    consistency: pd.DataFrame
    trust_file: Path
    consistency_file: Path
    curves_figure: Path
    randomised_figure: Path
    roar: pd.DataFrame | None = None
    roar_file: Path | None = None
    roar_figure: Path | None = None


def validation_section(validation: Validation, *, captions: Mapping[str, str]) -> Section:
    """The section. `captions` by figure: ``curves``, ``randomised``, ``roar``."""
    parts: list[Part] = [
        *trust_rows(validation.trust, file=str(validation.trust_file)),
        illustration(validation.curves_figure, title="Deletion and insertion", caption=captions["curves"]),
        illustration(validation.randomised_figure, title="Maps of models made random", caption=captions["randomised"]),
        consistency_rows(validation.consistency, file=str(validation.consistency_file)),
    ]
    if validation.roar is not None and validation.roar_figure is not None:
        parts.append(illustration(validation.roar_figure, title="Remove and retrain", caption=captions["roar"]))
        parts.append(roar_rows(validation.roar, file=str(validation.roar_file)))
    return Section(
        title="Do the maps mean something?", text=[_TEXT], findings=trust_findings(validation.trust), parts=parts
    )


def trust_warnings(trust: pd.DataFrame, *, method: str) -> list[str]:
    """Whether maps by `method` (`method_name`), as the report draws them, stay when the model is made random.

    `trust` is table `TRUST`.
    """
    rows = [row for _, row in trust[trust["survives"]].iterrows() if _method(row) == method]
    return [
        f"{row['model']}, {row['regime']}: the maps of this report ({method}) stay much the same when the model is "
        f"made random (correlation {number(row['mean'], scale=1.0)}), so they show the image rather than the model. "
        "Choose another attribution.method or attribution.copies; the tests of the maps say which ones change."
        for row in rows
    ]


def trust_findings(trust: pd.DataFrame) -> list[str]:
    """Per model and regime: which tests are passed and which are not, from table `TRUST`."""
    found = []
    for (model, regime), rows in trust.groupby(["model", "regime"], sort=False):
        name = f"{model}, {regime}"
        found += _channels(rows, name=name) + _pixels(rows, name=name)
        marked = rows[rows["survives"]]
        if len(marked):
            names = "; ".join(dict.fromkeys(_method(row) for _, row in marked.iterrows()))
            found.append(
                f"{name}: maps of these methods correlate by more than {SURVIVES:g} with those of a random model, "
                f"so they show the image rather than the model: {names}."
            )
        found += _beaten(rows, name=name)
    return found


def _channels(rows: pd.DataFrame, *, name: str) -> list[str]:
    maps, _ = _means(rows, measure="channel_auc")
    if maps.empty:
        return []
    whole = int((maps["mean"] == 1).sum())
    worst = maps.loc[maps["mean"].idxmin()]
    last = (
        "" if whole == len(maps) else f"; the smallest area under the ROC curve is {_area(worst)}, 0.5 would be chance"
    )
    return [f"{name}: {whole} of {len(maps)} map methods rank every causal channel before all others{last}."]


def _area(row: "pd.Series[object]") -> str:
    return f"{number(row['mean'], scale=1.0)} ({_method(row)})"


def _pixels(rows: pd.DataFrame, *, name: str) -> list[str]:
    maps, no_maps = _means(rows, measure="pixel_auc")
    if maps.empty:
        return []
    best, worst = maps.loc[maps["mean"].idxmax()], maps.loc[maps["mean"].idxmin()]
    compared = ""
    if "intensity" in no_maps:
        n_better = int((maps["mean"] > no_maps["intensity"]).sum())
        compared = (
            f", and the brightness of the pixels alone, without any model, has "
            f"{number(no_maps['intensity'], scale=1.0)}: {n_better} of {len(maps)} methods do better"
        )
    return [
        f"{name}: maps point at the pixels of the causal structures with an area under the ROC curve of "
        f"{_area(worst)} to {_area(best)}; 0.5 would be chance{compared}."
    ]


def _beaten(rows: pd.DataFrame, *, name: str) -> list[str]:
    maps, no_maps = _means(rows, measure="deletion_area")
    if maps.empty or not no_maps:
        return []
    words = {"random": "a random order", "intensity": "the order by intensity"}
    counts = [f"{int((maps['mean'] < area).sum())} earlier than {words[order]}" for order, area in no_maps.items()]
    return [f"{name}: when values are deleted, of {len(maps)} map methods {' and '.join(counts)} move the prediction."]


def _means(rows: pd.DataFrame, *, measure: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """A measure of the map methods, and of what is no map, by its name."""
    known = rows[(rows["measure"] == measure) & rows["mean"].notna()]
    is_map = ~known["method"].isin(_NO_MAP)
    no_maps = known[~is_map].set_index("method")["mean"]
    return known[is_map], {str(name): float(value) for name, value in no_maps.items()}


def _method(row: "pd.Series[object]") -> str:
    return method_name(str(row["method"]), str(row["copies"]), str(row["baseline"]))


def trust_rows(trust: pd.DataFrame, *, file: str) -> list[PageTable]:
    """One table per model and regime: a row per map method, a column per measure, from table `TRUST`."""
    grids = []
    for (model, regime), rows in trust.groupby(["model", "regime"], sort=False):
        measures = [name for name in _HEADS if name in set(rows["measure"])]
        at = {(_method(row), row["measure"]): row for _, row in rows.iterrows()}
        methods = list(dict.fromkeys(name for name, _ in at))
        lines = [(name, *[_value(at.get((name, measure))) for measure in measures]) for name in methods]
        n_runs = int(rows["n_runs"].max())
        over = f"mean over {n_runs} runs with 95 % interval" if n_runs > 1 else "one run, so no interval over seeds"
        note = (
            "AUC: chance that a causal channel (or a pixel of a causal structure) has a higher score than another; "
            "0.5 is chance, 1 perfect. Causal are the channels whose structure the target depends on and, where a "
            "model sees the intensities as measured, those whose intensity does. Deletion area: smaller is better; "
            "insertion area: larger is better. Correlation with the maps of a random model: nearer to 0 is better, ✗ "
            f"marks more than {SURVIVES:g}. VarGrad and its SD rank the pixels of a cell alike. {_cells(rows)} "
            f"{over.capitalize()}."
        )
        head = ("Map method", *[_HEADS[name] for name in measures])
        grids.append(
            PageTable(title=f"Tests of the maps: {model}, {regime}", file=file, head=head, rows=lines, note=note)
        )
    return grids


def _cells(rows: pd.DataFrame) -> str:
    n_cells = rows.groupby(rows["measure"] == "randomised")["n_cells"].max().to_dict()
    few = f", {n_cells[True]} for the random model" if True in n_cells else ""
    return f"{n_cells.get(False, 0)} cells of each run{few}."


def _value(row: "pd.Series[object] | None") -> str:
    if row is None:
        return NONE
    mean, lower, upper = (number(float(str(row[name])), scale=1.0) for name in ("mean", "lower", "upper"))
    mark = " ✗" if row["survives"] else ""
    return f"{mean}{mark}" if lower == NONE else f"{mean}{mark}\n{lower} to {upper}"


def consistency_rows(consistency: pd.DataFrame, *, file: str) -> PageTable:
    """Agreement of independently initialised models, from table `CONSISTENCY`."""
    rows = [
        (row["model"], row["regime"], f"{row['seed']} and {row['other_seed']}", _rho(row["rho"]))
        for row in consistency.to_dict("records")
    ]
    note = (
        "Spearman's correlation of the channels' mean importance between models of different initial weights; 1: the "
        "same ranking. Seeds of remove and retrain belong to models trained with nothing removed: for as many epochs "
        "as attribution.validation.roar.epochs says, and fewer than the others had make them agree less. One seed has "
        "no partner."
    )
    head = ("Model", "Regime", "Seeds", "ρ")
    return PageTable(title="Agreement between initialisations", file=file, head=head, rows=rows, note=note, n_text=3)


def _rho(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def roar_rows(roar: pd.DataFrame, *, file: str) -> PageTable:
    """Error and R² of each point of the grid, from table `ROAR_SUMMARY`."""
    rows = []
    for row in roar.to_dict("records"):
        mae, lower, upper = (number(row[name], scale=100.0) for name in ("mae", "mae_lower", "mae_upper"))
        error = mae if lower == NONE else f"{mae}\n{lower} to {upper}"
        what = f"{row['amount']} %" if row["form"] == "pixels" else f"{row['amount']} channels"
        name = f"{row['model']}, {row['regime']}"
        rows.append((name, row["form"], row["ranking"], what, f"{row['n_retrained']}", error, _rho(row["r2"])))
    head = ("Model", "Form", "Removed first", "Removed", "Trainings", "MAE", "R²")
    below = "below it the 95 % interval over trainings" if roar["mae_lower"].notna().any() else "one training each"
    note = f"Error on the test cells, from which the same was removed; {below}."
    return PageTable(
        title="Remove and retrain", file=file, head=head, rows=rows, note=note, n_text=4, folded=len(rows) > 12
    )
