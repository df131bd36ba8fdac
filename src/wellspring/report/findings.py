"""What the numbers say, in plain sentences that do not say more than the numbers do, and what to be wary of."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from wellspring.attribution.importance import ALL
from wellspring.attribution.report.importance import Completeness, top_channels
from wellspring.dataset.report.composition import group_values
from wellspring.dataset.values import same_form, same_forms
from wellspring.report.style import number
from wellspring.training.report.comparison import BASELINE, THIS_RUN, Run

__all__ = [
    "FEW_TEST_CELLS",
    "LARGE_ERROR",
    "Score",
    "channel_findings",
    "completeness_finding",
    "completeness_warnings",
    "dataset_warnings",
    "model_findings",
    "quality_warnings",
    "scores",
    "training_warnings",
]

# Below these, and above this, the report warns.
FEW_TEST_CELLS = 50
LARGE_ERROR = 0.05
_NAMED = 10


@dataclass(frozen=True)
class Score:
    """R² of a model and regime on the test cells: mean over its seeds, and the reach of their 95 % intervals.

    With one seed, `lower` and `upper` are its interval; with several, the lowest and the highest end of theirs.
    """

    model: str
    regime: str
    n_seeds: int
    n_cells: int
    value: float
    lower: float
    upper: float

    @property
    def name(self) -> str:
        """Model and regime, as the report writes them."""
        return f"{self.model} ({self.regime})"


@dataclass(frozen=True)
class _Gain:
    """R² of one model and regime less that of another, with its 95 % interval; NaN where there is none."""

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"difference {_r2(self.value)}, 95 % interval {_r2(self.lower)} to {_r2(self.upper)}"


def scores(comparison: pd.DataFrame) -> list[Score]:
    """The `Score` of each model and regime of this run, the baseline included, in the table's order.

    Parameters
    ----------
    comparison
        Table `COMPARISON`.
    """
    rows = comparison[(comparison["source"] == THIS_RUN) & (comparison["seed"] != "mean")]
    return [
        Score(
            model=str(model),
            regime=str(regime),
            n_seeds=len(runs),
            n_cells=int(runs["n_cells"].iloc[0]),
            value=float(runs["r2"].mean()),
            lower=float(runs["r2_lower"].min()),
            upper=float(runs["r2_upper"].max()),
        )
        for (model, regime), runs in rows.groupby(["model", "regime"], sort=False)
    ]


def model_findings(comparison: pd.DataFrame, differences: pd.DataFrame) -> list[str]:
    """A sentence per model and regime, then what comparing models, and comparing regimes, shows or leaves open.

    Comparisons are by the interval of the difference on the same resamples, not by whether two intervals overlap.

    Parameters
    ----------
    comparison
        Table `COMPARISON`.
    differences
        Table `DIFFERENCES` of the same runs.
    """
    known = scores(comparison)
    baseline = next((score for score in known if score.model == BASELINE), None)
    trained = [score for score in known if score.model != BASELINE]
    said = [_baseline_sentence(comparison)] if baseline else []
    said += [_sentence(score, baseline=baseline, differences=differences) for score in trained]
    for regime in dict.fromkeys(score.regime for score in trained):
        said += _between_models([score for score in trained if score.regime == regime], differences=differences)
    for model in dict.fromkeys(score.model for score in trained):
        said += _between_regimes([score for score in trained if score.model == model], differences=differences)
    return said


def _gain(score: Score, rival: Score, *, differences: pd.DataFrame) -> _Gain:
    table = differences.set_index(["model", "regime", "rival_model", "rival_regime"])[["value", "lower", "upper"]]
    forth, back = (score.model, score.regime), (rival.model, rival.regime)
    if (*forth, *back) in table.index:
        return _Gain(*table.loc[(*forth, *back)])
    value, lower, upper = table.loc[(*back, *forth)]
    return _Gain(-value, -upper, -lower)


def _baseline_sentence(comparison: pd.DataFrame) -> str:
    row = comparison[(comparison["source"] == THIS_RUN) & (comparison["model"] == BASELINE)].iloc[0]
    return (
        f"The baseline, which predicts the mean of the training cells for every cell, is off by "
        f"{number(row['mae'])} on average (mean absolute error, intensity units). A model has to do better than that."
    )


def _sentence(score: Score, *, baseline: Score | None, differences: pd.DataFrame) -> str:
    if math.isnan(score.value):
        return f"{score.name}: R² is not defined on {score.n_cells:,} test cells, whose true values do not differ."
    seeds = "95 % interval" if score.n_seeds == 1 else f"mean of {score.n_seeds} seeds, whose 95 % intervals span"
    numbers = f"R² {_r2(score.value)}, {seeds} {_r2(score.lower)} to {_r2(score.upper)}"
    if score.value > 0:
        share = f"explains {100 * score.value:.0f} % of the variance of the target"
    else:
        share = "explains none of the variance of the target"
    text = f"{score.name} {share} on {score.n_cells:,} test cells ({numbers})"
    if baseline is None:
        return f"{text}."
    return f"{text}: {_verdict(_gain(score, baseline, differences=differences))}."


def _verdict(gain: _Gain) -> str:
    if gain.lower > 0:
        return "better than the baseline"
    if gain.upper < 0:
        return "worse than the baseline"
    return f"not shown to be better than the baseline ({gain})"


def _between_models(rivals: Sequence[Score], *, differences: pd.DataFrame) -> list[str]:
    if len(rivals) < 2:
        return []
    best, *others = sorted(rivals, key=_value, reverse=True)
    gains = {other.model: _gain(best, other, differences=differences) for other in others}
    behind = [f"{model} ({gain})" for model, gain in gains.items() if gain.lower > 0]
    close = [f"{model} ({gain})" for model, gain in gains.items() if not gain.lower > 0]
    text = f"Among the models trained on {best.regime}, {best.model} has the highest R² ({_r2(best.value)})."
    if behind:
        text += f" It is better than {_listed(behind)}."
    if close:
        text += f" Whether it is better than {_listed(close)} these test cells do not settle."
    return [text]


def _between_regimes(pair: Sequence[Score], *, differences: pd.DataFrame) -> list[str]:
    found = {score.regime: score for score in pair}
    if not {"color-structure", "structure"} <= set(found):
        return []
    color, structure = found["color-structure"], found["structure"]
    gain = _gain(color, structure, differences=differences)
    text = (
        f"{color.model}: R² is {_r2(color.value)} with intensities as measured and {_r2(structure.value)} with "
        f"intensities shifted at random ({gain})"
    )
    if gain.lower > 0:
        return [f"{text}: intensities add information that this model cannot get from structure alone."]
    if gain.upper < 0:
        return [f"{text}: it does better when it cannot rely on intensities."]
    return [f"{text}: a difference is not shown."]


def _r2(value: float) -> str:
    return number(value, scale=1.0)


def _value(score: Score) -> float:
    return score.value


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def channel_findings(ranking: pd.DataFrame, *, marked: Collection[str]) -> list[str]:
    """Which channels hold most of the score, and where the marked ones rank.

    Parameters
    ----------
    ranking
        Table `RANKING` of one run. Without cells nothing is said.
    marked
        Channels that the config marks.
    """
    overall = ranking[ranking["level"] == ALL].set_index("channel")
    if overall.empty:
        return []
    first = [f"{c} ({100 * overall.loc[c, 'mean']:.1f} %)" for c in top_channels(ranking, n=3)]
    said = [
        f"The highest mean shares of the score belong to {_listed(first)}, of {len(overall)} channels; "
        f"with equal shares each would have {100 / len(overall):.1f} %."
    ]
    known = [channel for channel in overall.sort_values("rank").index if channel in marked]
    if known:
        ranks = [f"{channel} {int(overall.loc[channel, 'rank'])}" for channel in known]
        n_top = sum(int(overall.loc[channel, "rank"]) <= len(known) for channel in known)
        said.append(
            f"Ranks of the marked channels: {_listed(ranks)}; "
            f"{n_top} of the {len(known)} are among the first {len(known)}."
        )
    absent = [channel for channel in marked if channel not in overall.index]
    if absent:
        said.append(f"Marked, but not an input of this model: {_listed(absent)}.")
    return said


def completeness_finding(name: str, completeness: Completeness) -> str:
    """How far the integrated gradients of run `name` are from the difference that they must sum to."""
    if completeness.n_cells == 0:
        return f"{name}: no cell has a relative completeness error, because no prediction differs from the baseline's."
    return (
        f"{name}: the integrated gradients sum to the change of the prediction within {_percent(completeness.median)} "
        f"(median of {completeness.n_cells:,} cells; worst cell {_percent(completeness.worst)})."
    )


def completeness_warnings(name: str, completeness: Completeness) -> list[str]:
    """A warning when the median relative error is above 5 %, or when no cell has one."""
    if completeness.n_cells == 0:
        return [
            f"{name}: the model gives the same value for the image and for the baseline image; its maps say nothing."
        ]
    if completeness.median <= LARGE_ERROR:
        return []
    return [
        f"{name}: the integrated gradients miss the change of the prediction by {_percent(completeness.median)} in the "
        f"median cell, more than {_percent(LARGE_ERROR)}. Raise attribution.max_steps before reading the maps."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"


def quality_warnings(quality: pd.DataFrame) -> list[str]:
    """Wells without cells, and wells that the criteria emptied.

    Parameters
    ----------
    quality
        Table `QUALITY`, totals last.
    """
    wells = quality.iloc[:-1]
    nothing = wells[wells["n_cells"] == 0]
    emptied = wells[(wells["n_cells"] > 0) & (wells["n_left"] == 0)]
    said = []
    if len(nothing):
        said.append(
            f"No cells were found in {_wells(nothing)}. Look at the images and at the segmentation of these wells."
        )
    if len(emptied):
        said.append(
            f"No cells are left in {_wells(emptied)}. The table of the wells says which criterion removed them; for "
            "wells that dataset.select leaves out on purpose, this is as it should be."
        )
    return said


def _wells(rows: pd.DataFrame) -> str:
    names = [f"{plate} / {well}" for plate, well in zip(rows["plate"], rows["well"], strict=True)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} well{'s' if len(names) > 1 else ''}: {', '.join(names[:_NAMED])}{more}"


def training_warnings(histories: Mapping[Run, pd.DataFrame], *, epochs: int) -> list[str]:
    """A warning for the runs whose last allowed epoch was the best: they may not have finished learning.

    Parameters
    ----------
    histories
        Table `HISTORY` of each run.
    epochs
        Most epochs that a run may have.
    """
    early = [
        f"{model} ({regime}, seed {seed})"
        for (model, regime, seed), history in histories.items()
        if len(history) == epochs and history["val_mae"].notna().any() and history["val_mae"].idxmin() == epochs - 1
    ]
    if not early:
        return []
    return [
        f"The last of {epochs} epochs was the best for {_listed(early)}: more training might help. "
        "Raise training.epochs."
    ]


def dataset_warnings(manifest: pd.DataFrame, *, image_size: int, select: Mapping[str, Sequence[object]]) -> list[str]:
    """A small test set, cells that are larger than the image, and values that were chosen but that no cell has.

    Parameters
    ----------
    manifest
        Table `MANIFEST`.
    image_size
        Side of the image that a model sees, px.
    select
        The values that were chosen, by annotation column; None stands for a missing value.
    """
    n_test = int((manifest["split"] == "test").sum())
    n_cropped = int(manifest["is_cropped"].sum())
    said = []
    if n_test < FEW_TEST_CELLS:
        said.append(
            f"The test set has {n_test} cells. Below {FEW_TEST_CELLS}, single cells decide the figures: "
            "read the intervals, not the values."
        )
    for column, chosen in select.items():
        there = set(same_forms(manifest, column, parameter="dataset.select"))
        absent = [str(value) for value in chosen if same_form(value) not in there]
        if absent:
            known = sorted(set(group_values(manifest, column)))
            said.append(
                f"No cell of the dataset has {_listed(absent)} as its {column}, which dataset.select names; the cells "
                f"have {_listed(known)}. Look for a slip of the pen in the config or the sheet."
            )
    if n_cropped:
        said.append(
            f"{n_cropped:,} of {len(manifest):,} cells ({100 * n_cropped / len(manifest):.1f} %) are larger than the "
            f"image ({image_size} px) and were cropped to their centre. Raise cells.image_size to keep them whole."
        )
    return said
