"""What the page is made from: the tables of all stages and the figures drawn from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from wellspring.attribution.tables import COMPLETENESS, CONSISTENCY, IMPORTANCE, ROAR_SUMMARY, SANITY, TREND, TRUST
from wellspring.dataset.tables import FILTERED, MANIFEST, NORMALIZATION
from wellspring.tables import read_table
from wellspring.training.report.comparison import Run, read_published, run_of
from wellspring.training.tables import DIFFERENCES, HISTORY, METRICS

__all__ = [
    "Explained",
    "Figures",
    "Results",
    "Validation",
    "learning_files",
    "read_figures",
    "read_results",
    "read_validation",
]

_TABLES = {"importance": IMPORTANCE, "completeness": COMPLETENESS, "sanity": SANITY, "trends": TREND}
_FIGURES = (
    *("importance_figures", "sanity_figures", "panels_figures"),
    *("groups_figures", "similar_figures", "matrix_figures"),
)
_GIVEN_TABLES = ("filtered", "manifest", "normalization", "metrics", "differences")
_GIVEN_SERIES = ("histories", *_TABLES, *_FIGURES)
_GIVEN_FIGURES = ("quality", "dataset", "metrics", "histories")
_GIVEN_VALIDATION = ("trust", "consistency", "curves_figure", "randomised_figure", "roar", "roar_figure")


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
    """Tables (`IMPORTANCE`, `COMPLETENESS`, `SANITY`, `TREND`) and figures of one run that was explained."""

    run: Run
    importance: pd.DataFrame
    completeness: pd.DataFrame
    sanity: pd.DataFrame
    trend: pd.DataFrame
    importance_figure: Path
    sanity_figure: Path
    panels_figure: Path
    groups_figure: Path
    similar_figure: Path
    matrix_figure: Path

    @property
    def name(self) -> str:
        """Model, regime and seed in words."""
        model, regime, seed = self.run
        return f"{model}, {regime}, seed {seed}"


@dataclass(frozen=True)
class Validation:
    """Tables `TRUST`, `CONSISTENCY` and, where models were retrained, `ROAR_SUMMARY`, with their figures."""

    trust: pd.DataFrame
    consistency: pd.DataFrame
    trust_file: Path
    curves_figure: Path
    randomised_figure: Path
    roar: pd.DataFrame | None = None
    roar_figure: Path | None = None


@dataclass(frozen=True)
class Results:
    """The tables of all stages: those of their names in `wellspring.tables`, published metrics, `HISTORY` per run.

    `validation` is None where none was asked for.
    """

    filtered: pd.DataFrame
    manifest: pd.DataFrame
    normalization: pd.DataFrame
    metrics: pd.DataFrame
    differences: pd.DataFrame
    published: pd.DataFrame
    histories: Mapping[Run, pd.DataFrame]
    explained: Sequence[Explained]
    validation: Validation | None = None


def read_validation(files: Mapping[str, Path]) -> Validation | None:
    """Read ``trust``, ``consistency``, ``curves_figure``, ``randomised_figure``, ``roar`` and ``roar_figure``.

    The last two may be missing. No files, None.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not such a table.
    """
    if not files:
        return None
    return Validation(
        trust=read_table(files["trust"], TRUST),
        consistency=read_table(files["consistency"], CONSISTENCY),
        trust_file=files["trust"],
        curves_figure=files["curves_figure"],
        randomised_figure=files["randomised_figure"],
        roar=read_table(files["roar"], ROAR_SUMMARY) if "roar" in files else None,
        roar_figure=files.get("roar_figure"),
    )


_NO_FILES: Mapping[str, Path] = MappingProxyType({})


def read_results(
    tables: Mapping[str, Path],
    *,
    series: Mapping[str, Sequence[Path]],
    published: Path | None,
    validation: Mapping[str, Path] = _NO_FILES,
) -> Results:
    """Read and check every table.

    Parameters
    ----------
    tables
        Files ``filtered``, ``manifest``, ``normalization``, ``metrics`` and ``differences``.
    series
        One file per run: ``histories`` of all runs; ``importance``, ``completeness``, ``sanity``, ``trends`` and
        ``importance_figures``, ``sanity_figures``, ``panels_figures``, ``groups_figures``, ``similar_figures``,
        ``matrix_figures`` of the explained runs, in one order.
    published
        CSV of published metrics, see `read_published`.
    validation
        See `read_validation`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not such a table, or when the series of the explained runs differ in length.
    """
    explained = zip(*(series[name] for name in (*_TABLES, *_FIGURES)), strict=True)
    return Results(
        filtered=read_table(tables["filtered"], FILTERED),
        manifest=read_table(tables["manifest"], MANIFEST),
        normalization=read_table(tables["normalization"], NORMALIZATION),
        metrics=read_table(tables["metrics"], METRICS),
        differences=read_table(tables["differences"], DIFFERENCES),
        published=read_published(published),
        histories={run_of(path): read_table(path, HISTORY) for path in series["histories"]},
        explained=[_explained(*files) for files in explained],
        validation=read_validation(validation),
    )


def _explained(*files: Path) -> Explained:
    """From one file per name in `_TABLES` and `_FIGURES`, in their order."""
    tables = {
        name: read_table(path, table)
        for (name, table), path in zip(_TABLES.items(), files[: len(_TABLES)], strict=True)
    }
    figures = {name.removesuffix("s"): path for name, path in zip(_FIGURES, files[len(_TABLES) :], strict=True)}
    return Explained(
        run=run_of(files[0]),
        importance=tables["importance"],
        completeness=tables["completeness"],
        sanity=tables["sanity"],
        trend=tables["trends"],
        **figures,
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


def learning_files(given: Mapping[str, Any]) -> dict[str, Any]:
    """The page's input from the dataset on, by what `read_results` and `read_figures` take it for."""
    return {
        "tables": {name: Path(given[name]) for name in _GIVEN_TABLES},
        "series": {name: [Path(path) for path in given[name]] for name in _GIVEN_SERIES},
        "figures": {name: Path(given[f"{name}_figure"]) for name in _GIVEN_FIGURES},
        "predictions": [Path(path) for path in given["predictions_figures"]],
        "published": Path(given["published"]) if given["published"] else None,
        "validation": {name: Path(given[name]) for name in _GIVEN_VALIDATION if given[name]},
    }
