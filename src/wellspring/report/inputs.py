"""What the page is made from: the tables of all stages and the figures drawn from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wellspring.report.training import Run, read_published, run_of
from wellspring.tables import (
    COMPLETENESS,
    DIFFERENCES,
    FILTERED,
    HISTORY,
    IMPORTANCE,
    MANIFEST,
    METRICS,
    NORMALIZATION,
    SANITY,
    read_table,
)

__all__ = ["Explained", "Figures", "Results", "read_figures", "read_results"]


@dataclass(frozen=True)
class Figures:
    """SVG files that the page embeds; `predictions` has one per model."""

    quality: Path
    dataset: Path
    metrics: Path
    histories: Path
    predictions: Mapping[str, Path]


@dataclass(frozen=True)
class Explained:
    """Tables (`IMPORTANCE`, `COMPLETENESS`, `SANITY`) and figures of one run that was explained."""

    run: Run
    importance: pd.DataFrame
    completeness: pd.DataFrame
    sanity: pd.DataFrame
    importance_figure: Path
    sanity_figure: Path
    panels_figure: Path

    @property
    def name(self) -> str:
        """Model, regime and seed in words."""
        model, regime, seed = self.run
        return f"{model}, {regime}, seed {seed}"


@dataclass(frozen=True)
class Results:
    """The tables of all stages: those of their names in `wellspring.tables`, published metrics, `HISTORY` per run."""

    filtered: pd.DataFrame
    manifest: pd.DataFrame
    normalization: pd.DataFrame
    metrics: pd.DataFrame
    differences: pd.DataFrame
    published: pd.DataFrame
    histories: Mapping[Run, pd.DataFrame]
    explained: Sequence[Explained]


def read_results(
    tables: Mapping[str, Path], *, series: Mapping[str, Sequence[Path]], published: Path | None
) -> Results:
    """Read and check every table.

    Parameters
    ----------
    tables
        Files ``filtered``, ``manifest``, ``normalization``, ``metrics`` and ``differences``.
    series
        One file per run: ``histories`` of all runs; ``importance``, ``completeness``, ``sanity`` and
        ``importance_figures``, ``sanity_figures``, ``panels_figures`` of the explained runs, in one order.
    published
        CSV of published metrics, see `read_published`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not such a table, or when the series of the explained runs differ in length.
    """
    explained = zip(
        *(series[name] for name in ("importance", "completeness", "sanity")),
        *(series[name] for name in ("importance_figures", "sanity_figures", "panels_figures")),
        strict=True,
    )
    return Results(
        filtered=read_table(tables["filtered"], FILTERED),
        manifest=read_table(tables["manifest"], MANIFEST),
        normalization=read_table(tables["normalization"], NORMALIZATION),
        metrics=read_table(tables["metrics"], METRICS),
        differences=read_table(tables["differences"], DIFFERENCES),
        published=read_published(published),
        histories={run_of(path): read_table(path, HISTORY) for path in series["histories"]},
        explained=[_explained(*files) for files in explained],
    )


def _explained(
    importance: Path, completeness: Path, sanity: Path, importance_figure: Path, sanity_figure: Path, panels: Path
) -> Explained:
    return Explained(
        run=run_of(importance),
        importance=read_table(importance, IMPORTANCE),
        completeness=read_table(completeness, COMPLETENESS),
        sanity=read_table(sanity, SANITY),
        importance_figure=importance_figure,
        sanity_figure=sanity_figure,
        panels_figure=panels,
    )


def read_figures(files: Mapping[str, Path], *, predictions: Sequence[Path]) -> Figures:
    """The figures: `files` has ``quality``, ``dataset``, ``metrics``, ``histories``; `predictions_<model>.svg` each."""
    return Figures(
        quality=files["quality"],
        dataset=files["dataset"],
        metrics=files["metrics"],
        histories=files["histories"],
        predictions={path.stem.removeprefix("predictions_"): path for path in predictions},
    )
