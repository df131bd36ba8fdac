"""What the metrics say, in plain sentences that do not say more than the numbers do, and what to be wary of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from wellspring.report.style import number
from wellspring.report.words import listed
from wellspring.training.report.comparison import BASELINE, THIS_RUN
from wellspring.training.runs import Run

__all__ = ["Score", "model_findings", "scores", "training_warnings"]


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
    """What the models show, the most important first.

    The model with the highest R²; what comparing models, and comparing regimes, shows or leaves open; the baseline;
    then every other model. Comparisons are by the interval of the difference on the same resamples, not by whether
    two intervals overlap.

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
    ordered = sorted(trained, key=lambda score: -math.inf if math.isnan(score.value) else score.value, reverse=True)
    sentences = {score: _sentence(score, baseline=baseline, differences=differences) for score in trained}
    said = [sentences[score] for score in ordered[:1]]
    for regime in dict.fromkeys(score.regime for score in trained):
        said += _between_models([score for score in trained if score.regime == regime], differences=differences)
    for model in dict.fromkeys(score.model for score in trained):
        said += _between_regimes([score for score in trained if score.model == model], differences=differences)
    said += [_baseline_sentence(comparison)] if baseline else []
    return said + [text for score, text in sentences.items() if score not in ordered[:1]]


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
        return f"better than the baseline ({gain})"
    if gain.upper < 0:
        return f"worse than the baseline ({gain})"
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
        text += f" It is better than {listed(behind)}."
    if close:
        text += f" Whether it is better than {listed(close)} these test cells do not settle."
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
        f"{run.model} ({run.regime}, seed {run.seed})"
        for run, history in histories.items()
        if len(history) == epochs and history["val_mae"].notna().any() and history["val_mae"].idxmin() == epochs - 1
    ]
    if not early:
        return []
    return [
        f"The last of {epochs} epochs was the best for {listed(early)}: more training might help. "
        "Raise training.epochs."
    ]
