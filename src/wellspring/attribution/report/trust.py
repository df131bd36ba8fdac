"""The chapter on whether the maps mean something: findings, tables, figures."""

import math

import pandas as pd

from wellspring.attribution.report.validation_figures import way_name
from wellspring.attribution.validation.trust import SURVIVES
from wellspring.report.inputs import Validation
from wellspring.report.page import Grid, Illustration, Section, illustration
from wellspring.report.style import NONE, number

__all__ = [
    "consistency_grid",
    "roar_grid",
    "trust_findings",
    "trust_grids",
    "trust_warnings",
    "validation_sections",
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
    "A map can look sensible and say nothing about the model. These tests ask the maps themselves: do they point "
    "at what "
    "is known to count, do they change when the model is made random, does the prediction depend on what they "
    "point at, "
    "do independently started models agree, and does a model miss what they point at when it has to learn without it."
)
_CURVES = (
    "Deletion: the values with the highest scores are replaced by their channel's mean first; a good map makes the "
    "prediction leave that of the whole image early. Insertion: values are put into a blurred image, highest scores "
    "first; a good map brings the prediction back early. 1: predicted as for the whole image; 0: as for the empty or "
    "the blurred one; below 0: farther off than that, since images of which half is gone are like none that the model "
    "has learned. Dashed: random order, and order by intensity. Mean over cells and runs; of each method the first "
    "baseline is drawn."
)
_RANDOMISED = (
    "The weights of the model's layers are shuffled, from the output down, and the maps are made again. Maps that "
    "explain the model must change. Those that stay alike show the image: above the dotted line at the right end, a "
    "method is marked in the table. Mean over cells and runs; of each method the first baseline is drawn."
)
_ROAR = (
    "Values of pixels and channels (or whole channels) are removed from all cells and replaced by the channel's mean, "
    "the ones with the highest scores first, and the model is trained again from scratch. If the map points at what "
    "carries information, the error rises faster than when random values go. Lines: mean over trainings, with 95 % "
    "intervals. What it cannot show: where several pixels or channels tell the same, a model learns from those "
    "that are "
    "left, and even a right map makes no difference; blurred maps remove whole regions and gain by that; and a removed "
    "value leaves a mark of its own."
)


def validation_sections(validation: Validation | None) -> list[Section]:
    """The chapter; nothing where no validation was asked for."""
    if validation is None:
        return []
    parts: list[Illustration | Grid] = [
        *trust_grids(validation.trust, file=str(validation.trust_file)),
        illustration(validation.curves_figure, title="Deletion and insertion", caption=_CURVES),
        illustration(validation.randomised_figure, title="Maps of models made random", caption=_RANDOMISED),
        consistency_grid(validation.consistency, file=str(validation.trust_file.with_name("consistency.csv"))),
    ]
    if validation.roar is not None and validation.roar_figure is not None:
        parts.append(illustration(validation.roar_figure, title="Remove and retrain", caption=_ROAR))
        parts.append(roar_grid(validation.roar, file=str(validation.roar_figure.with_suffix(".csv"))))
    return [
        Section(
            anchor="validation",
            title="Do the maps mean something?",
            text=[_TEXT],
            findings=trust_findings(validation.trust),
            parts=parts,
        )
    ]


def trust_warnings(trust: pd.DataFrame, *, way: str) -> list[str]:
    """Whether the maps that the report draws, made in this `way` (`way_name`), outlast the model (table `TRUST`)."""
    rows = [row for _, row in trust[trust["survives"]].iterrows() if _way(row) == way]
    return [
        f"{row['model']}, {row['regime']}: the maps of this report ({way}) stay much the same when the model is made "
        f"random (correlation {number(row['mean'], scale=1.0)}), so they show the image rather than the model. Choose "
        "another attribution.method or attribution.copies; the tests of the maps say which ones change."
        for row in rows
    ]


def trust_findings(trust: pd.DataFrame) -> list[str]:
    """Per model and regime: what passes and what does not, from table `TRUST`."""
    found = []
    for (model, regime), rows in trust.groupby(["model", "regime"], sort=False):
        name = f"{model}, {regime}"
        found += _channels(rows, name=name) + _pixels(rows, name=name)
        marked = rows[rows["survives"]]
        if len(marked):
            names = "; ".join(dict.fromkeys(_way(row) for _, row in marked.iterrows()))
            found.append(
                f"{name}: maps of these methods correlate by more than {SURVIVES:g} with those of a random model, "
                "so they "
                f"show the image rather than the model: {names}."
            )
        found += _beaten(rows, name=name)
    return found


def _channels(rows: pd.DataFrame, *, name: str) -> list[str]:
    maps, _ = _means(rows, measure="channel_auc")
    if maps.empty:
        return []
    whole = int((maps["mean"] == 1).sum())
    worst = maps.loc[maps["mean"].idxmin()]
    last = "" if whole == len(maps) else f"; the least area under the ROC curve is {_area(worst)}, 0.5 would be chance"
    return [f"{name}: {whole} of {len(maps)} ways to make maps rank every causal channel before all others{last}."]


def _area(row: "pd.Series[object]") -> str:
    return f"{number(row['mean'], scale=1.0)} ({_way(row)})"


def _pixels(rows: pd.DataFrame, *, name: str) -> list[str]:
    maps, no_maps = _means(rows, measure="pixel_auc")
    if maps.empty:
        return []
    best, worst = maps.loc[maps["mean"].idxmax()], maps.loc[maps["mean"].idxmin()]
    beside = ""
    if "intensity" in no_maps:
        n_better = int((maps["mean"] > no_maps["intensity"]).sum())
        beside = (
            f", and the brightness of the pixels alone, without any model, has "
            f"{number(no_maps['intensity'], scale=1.0)}: {n_better} of {len(maps)} ways do better"
        )
    return [
        f"{name}: maps point at the pixels of the causal structures with an area under the ROC curve of "
        f"{_area(worst)} to {_area(best)}; 0.5 would be chance{beside}."
    ]


def _beaten(rows: pd.DataFrame, *, name: str) -> list[str]:
    maps, no_maps = _means(rows, measure="deletion_area")
    if maps.empty or not no_maps:
        return []
    words = {"random": "a random order", "intensity": "the order by intensity"}
    counts = [f"{int((maps['mean'] < area).sum())} earlier than {words[order]}" for order, area in no_maps.items()]
    return [
        f"{name}: when values are deleted, of {len(maps)} ways to make maps {' and '.join(counts)} move the prediction."
    ]


def _means(rows: pd.DataFrame, *, measure: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """A measure of the ways to make maps, and of what is no map, by its name."""
    known = rows[(rows["measure"] == measure) & rows["mean"].notna()]
    is_map = ~known["method"].isin(_NO_MAP)
    no_maps = known[~is_map].set_index("method")["mean"]
    return known[is_map], {str(name): float(value) for name, value in no_maps.items()}


def _way(row: "pd.Series[object]") -> str:
    return way_name(str(row["method"]), str(row["copies"]), str(row["baseline"]))


def trust_grids(trust: pd.DataFrame, *, file: str) -> list[Grid]:
    """One table per model and regime: a row per way to make maps, a column per measure, from table `TRUST`."""
    grids = []
    for (model, regime), rows in trust.groupby(["model", "regime"], sort=False):
        measures = [name for name in _HEADS if name in set(rows["measure"])]
        at = {(_way(row), row["measure"]): row for _, row in rows.iterrows()}
        ways = list(dict.fromkeys(way for way, _ in at))
        lines = [(way, *[_value(at.get((way, measure))) for measure in measures]) for way in ways]
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
        head = ("Way to make maps", *[_HEADS[name] for name in measures])
        grids.append(Grid(title=f"Tests of the maps: {model}, {regime}", file=file, head=head, rows=lines, note=note))
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


def consistency_grid(consistency: pd.DataFrame, *, file: str) -> Grid:
    """Agreement of independently initialised models, from table `CONSISTENCY`."""
    rows = [
        (row["model"], row["regime"], f"{row['seed']} and {row['other_seed']}", _rho(row["rho"]))
        for row in consistency.to_dict("records")
    ]
    note = (
        "Spearman's correlation of the channels' mean importance between models of different initial weights; 1: the "
        "same ranking. Seeds of remove and retrain stand for models trained with nothing removed: for as many epochs "
        "as attribution.validation.roar.epochs says, and fewer than the others had make them agree less. One seed has "
        "no partner."
    )
    head = ("Model", "Regime", "Seeds", "ρ")
    return Grid(title="Agreement between initialisations", file=file, head=head, rows=rows, note=note, n_text=3)


def _rho(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def roar_grid(roar: pd.DataFrame, *, file: str) -> Grid:
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
    return Grid(title="Remove and retrain", file=file, head=head, rows=rows, note=note, n_text=4, folded=len(rows) > 12)
