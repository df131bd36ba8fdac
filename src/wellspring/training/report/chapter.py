"""The chapter on the models: how well they predict, how they were trained, and what they predict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.report.chapter import MOST_FINDINGS, Chapter, Illustration, Section, illustration
from wellspring.report.methods import cited
from wellspring.report.style import number
from wellspring.training.report.comparison import BASELINE, THIS_RUN, validation_baseline_mae
from wellspring.training.report.findings import model_findings, training_warnings
from wellspring.training.report.methods import METHODS_REFERENCES, methods_text
from wellspring.training.report.page_tables import comparison_rows, history_rows, published_rows
from wellspring.training.report.predictions import stratum_column
from wellspring.training.runs import Run

__all__ = ["Figures", "chapter_of", "settings_rows"]

_REGIMES = (
    "A regime is a way of training. In color-structure a model sees the intensities as they were measured. In "
    "structure a random number is added to each channel of each image during training, so that how bright a "
    "channel is says little. What a model still predicts after that it reads from shapes and positions inside the "
    "cell, or from what little intensity the shift has left."
)


@dataclass(frozen=True)
class Figures:
    """SVG files of the chapter, and the table of all metrics; `predictions` has one per model."""

    metrics: Path
    histories: Path
    table: Path
    predictions: Mapping[str, Path]


def chapter_of(
    comparison: pd.DataFrame,
    differences: pd.DataFrame,
    histories: Mapping[Run, pd.DataFrame],
    manifest: pd.DataFrame,
    *,
    figures: Figures,
    captions: Mapping[str, str],
    settings: Mapping[str, Any],
    bootstrap_samples: int,
    stratify: Sequence[str],
    target_channel: str,
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    comparison, differences, manifest
        Tables of these names; `histories` has table `HISTORY` of each run.
    captions
        By figure: ``metrics``, ``histories``, ``predictions``.
    settings
        The config's block ``training``.
    bootstrap_samples
        Behind the intervals.
    stratify
        Annotations that the split is stratified by; predictions are divided by the first that is there.
    """
    test = manifest[manifest["split"] == "test"]
    metrics = illustration(
        figures.metrics,
        title="Comparison of the models",
        caption=f"{captions['metrics']} {_metrics_numbers(comparison, test, bootstrap_samples=bootstrap_samples)}",
    )
    said = model_findings(comparison, differences)
    stratum = stratum_column(stratify, available=list(manifest.columns))
    predictions = _predictions(
        figures.predictions,
        caption=captions["predictions"],
        histories=histories,
        n_cells=len(test),
        stratum=stratum,
    )
    first = Section(
        title="",
        text=[_REGIMES],
        findings=said[MOST_FINDINGS:],
        parts=[metrics, comparison_rows(comparison, file=str(figures.table)), *published_rows(comparison)],
    )
    n_cells = {str(name): int(n) for name, n in manifest["split"].value_counts().items()}
    methods = methods_text(settings, target_channel=target_channel, n_cells=n_cells)
    return Chapter(
        stage="training",
        title="Models",
        lead=f"How well do the models predict the mean {target_channel} intensity of cells that they have not seen?",
        picture=metrics,
        warnings=training_warnings(histories, epochs=settings["epochs"]),
        findings=said[:MOST_FINDINGS],
        settings=settings_rows(settings),
        sections=[
            first,
            _training(figures.histories, histories, manifest, caption=captions["histories"]),
            Section(title="Predictions", parts=predictions),
        ],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
    )


def _training(figure: Path, histories: Mapping[Run, pd.DataFrame], manifest: pd.DataFrame, *, caption: str) -> Section:
    n_validation = int((manifest["split"] == "validation").sum())
    numbers = (
        f"{len(histories)} training run{'s' if len(histories) != 1 else ''}, {n_validation:,} validation cells, "
        f"baseline {validation_baseline_mae(manifest):.4g}."
    )
    drawn = illustration(figure, title="Training", caption=f"{caption} Here: {numbers}")
    return Section(title="Training", parts=[drawn, history_rows(histories)])


def _metrics_numbers(comparison: pd.DataFrame, test: pd.DataFrame, *, bootstrap_samples: int) -> str:
    """The run's own numbers behind the metrics figure, from table `COMPARISON` and the test cells."""
    rows = comparison[comparison["source"] == THIS_RUN]
    baseline = rows[rows["model"] == BASELINE]
    n_cells = int(rows["n_cells"].max()) if len(rows) else 0
    line = ""
    if len(baseline):
        mae, r2 = baseline["mae"].iloc[0], baseline["r2"].iloc[0]
        line = f" Baseline: mean absolute error {mae:.4g}, R² {number(r2, scale=1.0)}."
    n_wells = len(test[["plate", "well"]].drop_duplicates())
    of_wells = f" of {n_wells:,} wells"
    if n_wells == 1:
        of_wells = f" of one well, {bootstrap_samples:,} resamples of them; the intervals do not cover how wells differ"
    return f"Here: {n_cells:,} test cells{of_wells}.{line}"


def _predictions(
    figures: Mapping[str, Path],
    *,
    caption: str,
    histories: Mapping[Run, pd.DataFrame],
    n_cells: int,
    stratum: str | None,
) -> list[Illustration]:
    parts = []
    for model, path in figures.items():
        seeds = sorted({run.seed for run in histories if run.model == model})
        by = f", divided by {stratum}" if stratum else ""
        which = f" Of {len(seeds)} seeds, the first ({seeds[0]}) is shown." if len(seeds) > 1 else ""
        numbers = f"Here: {model} on {n_cells:,} test cells{by}.{which}"
        parts.append(illustration(path, title=f"Predictions of {model}", caption=f"{caption} {numbers}"))
    return parts


def settings_rows(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was trained, from the config's block ``training``."""
    rates = [f"{name} {settings['learning_rate'][name]:g}" for name in settings["models"]]
    return [
        ("Models", ", ".join(settings["models"])),
        ("Regimes", ", ".join(settings["regimes"])),
        ("Seeds", ", ".join(str(seed) for seed in settings["seeds"])),
        ("Training", f"at most {settings['epochs']:,} epochs, patience {settings['patience']:,}"),
        ("Cells per step", str(settings["batch_size"])),
        ("Learning rates", ", ".join(rates)),
        ("Huber δ", f"{settings['huber_delta']:g} (intensity units)"),
    ]
