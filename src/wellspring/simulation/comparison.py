"""Results against the truth: does the thesis' finding come out on the simulated plate?"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wellspring.attribution.tables import IMPORTANCE
from wellspring.errors import InputError
from wellspring.simulation.truth import Truth, read_truth
from wellspring.tables import read_table
from wellspring.training.tables import METRICS

__all__ = ["Comparison", "compare_with_truth", "comparison_text"]

NETWORK = "simple_cnn"
STRUCTURE, COLOR = "structure", "color-structure"
# "Far above": by how much the R² of the network must exceed that of the linear model, both without intensities.
FAR_ABOVE = 0.2


@dataclass(frozen=True)
class Comparison:
    """Results compared with the truth.

    Attributes
    ----------
    r2 : dict of (model, regime) to float
        On the test cells, mean over the seeds.
    importance : dict of regime to Series
        Mean importance per channel of the network, highest first.
    truth : Truth
    mistakes : tuple of str
        What differs from the finding; empty when it came out.
    """

    r2: dict[tuple[str, str], float]
    importance: dict[str, pd.Series]
    truth: Truth
    mistakes: tuple[str, ...]


def compare_with_truth(plate: Path, results: Path) -> Comparison:
    """Compare the results of a run on a simulated plate with its truth.

    The finding (Becker 2021, table 5.2 and section 5.2): baseline < linear model without intensities < linear model
    with them; network without intensities far above the linear model without them; and among the network's channels
    the causal structural ones first.

    Parameters
    ----------
    plate
        Folder that `simulate_plate` wrote.
    results
        Folder ``results`` of the workflow, with models ``linear`` and ``simple_cnn`` in both regimes.

    Raises
    ------
    FileNotFoundError, ValueError
        When the truth, the metrics, a run, or the importance of the network without intensities is missing.
    """
    truth = read_truth(plate)
    metrics = read_table(Path(results) / "training" / "metrics.parquet", METRICS)
    scores = metrics[metrics["metric"] == "r2"].groupby(["model", "regime"])["value"].mean()
    r2 = {(str(model), str(regime)): float(value) for (model, regime), value in scores.items()}
    needed = [("baseline", "-"), *((m, r) for m in ("linear", NETWORK) for r in (STRUCTURE, COLOR))]
    missing = [run for run in needed if run not in r2]
    if missing:
        raise InputError(
            f"{results}: expected runs {needed}, but {missing} are missing. Train them (training.models, "
            "training.regimes)."
        )
    importance = {regime: _importance(Path(results), regime=regime) for regime in (STRUCTURE, COLOR)}
    mistakes = (*_order_mistakes(r2), *_rank_mistakes(importance[STRUCTURE], truth=truth))
    return Comparison(r2, importance, truth, mistakes)


def _importance(results: Path, *, regime: str) -> pd.Series:
    folder = results / "attribution" / NETWORK / regime
    files = sorted(folder.glob("*/importance.parquet"))
    if not files:
        raise FileNotFoundError(f"{folder}: expected <seed>/importance.parquet, found none. Explain {NETWORK} first.")
    table = pd.concat([read_table(file, IMPORTANCE) for file in files], ignore_index=True)
    return table.groupby("channel")["importance"].mean().sort_values(ascending=False)


def _order_mistakes(r2: dict[tuple[str, str], float]) -> list[str]:
    linear, colored, network = r2["linear", STRUCTURE], r2["linear", COLOR], r2[NETWORK, STRUCTURE]
    found = []
    if not r2["baseline", "-"] < linear:
        found.append(f"linear, structure (R² {linear:.2f}) is not above the baseline ({r2['baseline', '-']:.2f})")
    if not linear < colored:
        found.append(f"linear, color-structure (R² {colored:.2f}) is not above linear, structure ({linear:.2f})")
    if not network - linear >= FAR_ABOVE:
        found.append(
            f"{NETWORK}, structure (R² {network:.2f}) is not {FAR_ABOVE} above linear, structure ({linear:.2f})"
        )
    return found


def _rank_mistakes(importance: pd.Series, *, truth: Truth) -> list[str]:
    causal = [channel for channel in truth.causes.structure if channel in importance.index]
    first = list(importance.index[: len(causal)])
    if set(first) == set(causal):
        return []
    return [f"the {len(causal)} most important channels are {first}, not the causal structural ones {causal}"]


def comparison_text(comparison: Comparison) -> str:
    """The comparison as a short table, to be printed."""
    r2, best = comparison.r2, comparison.truth.attainable
    lines = [f"{'R² on the test cells':<34}{'found':>8}{'attainable':>12}"]
    for model, regime, attainable in (
        ("baseline", "-", None),
        ("linear", STRUCTURE, None),
        ("linear", COLOR, best.activity),
        (NETWORK, STRUCTURE, best.total),
        (NETWORK, COLOR, best.total),
    ):
        name = model if regime == "-" else f"{model}, {regime}"
        known = "" if attainable is None else f"{attainable:.2f}"
        lines.append(f"{name:<34}{r2[model, regime]:>8.2f}{known:>12}")
    lines += [
        "attainable: by who knows the term of the intensities (linear) or all terms but the noise (network).",
        f"The term of the structure alone would give {best.structure:.2f}. Test cells keep their intensities in both",
        "regimes, so a model trained without them may still gain from them.",
    ]
    kinds = {
        **dict.fromkeys(comparison.truth.causes.intensity, "intensity"),
        **dict.fromkeys(comparison.truth.causes.structure, "structure"),
    }
    for regime, importance in comparison.importance.items():
        lines += ["", f"{'importance, ' + NETWORK + ', ' + regime:<42}{'share':>8}  causal by"]
        for channel, share in importance.head(8).items():
            lines.append(f"  {channel:<40}{share:>8.3f}  {kinds.get(str(channel), '-')}")
    return "\n".join(lines)
