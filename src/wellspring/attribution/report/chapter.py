"""The chapter on what the models used: a section per explained run, and whether the maps mean something."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.attribution.importance import ALL
from wellspring.attribution.report.findings import channel_findings, completeness_finding, completeness_warnings
from wellspring.attribution.report.importance import MAX_CHANNELS, completeness_of, ranking_table
from wellspring.attribution.report.methods import METHODS_REFERENCES, methods_text
from wellspring.attribution.report.page_tables import ranking_rows, trend_rows
from wellspring.attribution.report.trust import Validation, trust_findings, trust_warnings, validation_section
from wellspring.attribution.report.validation_figures import method_name
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Illustration, Section, illustration
from wellspring.report.methods import cited
from wellspring.tables import KEY
from wellspring.training.runs import Run

__all__ = ["FIGURES", "ExplainedRun", "chapter_of", "settings_rows"]

FIGURES = ("importance", "groups", "panels", "similar", "matrix", "sanity")
_TITLES = {
    "importance": "Importance of the channels",
    "groups": "Groups of channels",
    "panels": "Score maps",
    "similar": "What the maps look like",
    "matrix": "Maps and images by channel",
    "sanity": "Check of the integral",
}
_TEXT = (
    "Which parts of the image a model used. Integrated gradients attribute the change of the prediction, from an image "
    "without information to the cell's image, to pixels and channels. The score of a pixel is the standard deviation "
    "of that share over copies of the image with noise added (VarGrad). What a model used says as much about the cells "
    "as its predictions are good: read the chapter on the models first."
)
# Of the findings at the top, where the maps were tested.
_OF_TESTS = 2


@dataclass(frozen=True)
class ExplainedRun:
    """Tables (`IMPORTANCE`, `COMPLETENESS`, `SANITY`, `TREND`) of a run that was explained, and its figures by name.

    The folder of the figures holds the tables ``importance.csv`` and ``trend.csv`` too.
    """

    run: Run
    importance: pd.DataFrame
    completeness: pd.DataFrame
    sanity: pd.DataFrame
    trend: pd.DataFrame
    figures: Mapping[str, Path]


def chapter_of(
    explained: Sequence[ExplainedRun],
    validation: Validation | None,
    *,
    captions: Mapping[str, str],
    settings: Mapping[str, Any],
    marked: Collection[str],
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    explained
        One or more; the first one's importance is the chapter's picture.
    validation
        None where no tests of the maps were asked for.
    captions
        By figure.
    settings
        The config's block ``attribution``.
    marked
        Channels that the config marks.
    """
    sections = [_section(one, captions=captions, marked=marked, settings=settings) for one in explained]
    errors = {one.run.name: completeness_of(one.completeness) for one in explained}
    warnings = [line for name, error in errors.items() for line in completeness_warnings(name, error)]
    general = Section(
        title="", text=[_TEXT], findings=[completeness_finding(name, error) for name, error in errors.items()]
    )
    tests = []
    if validation is not None:
        warnings += trust_warnings(validation.trust, method=_method(settings))
        tests = [validation_section(validation, captions=captions)]
    methods = methods_text(settings, n_cells=len(explained[0].completeness.drop_duplicates(list(KEY))))
    return Chapter(
        stage="attribution",
        title="Attribution",
        lead="Which channels and which parts of the image did the models use?",
        picture=_importance(explained[0], captions["importance"], marked=marked),
        warnings=warnings,
        findings=_findings(explained, validation, marked=marked),
        settings=settings_rows(settings),
        sections=[general, *sections, *tests],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
    )


def _method(settings: Mapping[str, Any]) -> str:
    baseline = settings["baseline"]["method"] if settings["method"] == "integrated_gradients" else "-"
    return method_name(settings["method"], settings["copies"], baseline)


def _findings(
    explained: Sequence[ExplainedRun], validation: Validation | None, *, marked: Collection[str]
) -> list[str]:
    """The most important ones; each run's section, and that of the tests, has all of its own.

    Of the first seed of each model and regime which channels hold most of the score, then what the tests of the maps
    show, then where the marked channels rank.
    """
    first_seeds = {(one.run.model, one.run.regime): one for one in reversed(explained)}
    first, rest = [], []
    for one in reversed(first_seeds.values()):
        said = channel_findings(ranking_table(one.importance), marked=marked)
        lines = [f"{one.run.name}: {text[0].lower()}{text[1:]}" for text in said]
        first += lines[:1]
        rest += lines[1:]
    tested = [] if validation is None else trust_findings(validation.trust)[:_OF_TESTS]
    return [*first[: MOST_FINDINGS - len(tested)], *tested, *rest][:MOST_FINDINGS]


def _importance(one: ExplainedRun, caption: str, *, marked: Collection[str]) -> Illustration:
    ranking = ranking_table(one.importance)
    overall = ranking[ranking["level"] == ALL]
    n_cells = int(overall["n_cells"].max()) if len(overall) else 0
    first = f" The {MAX_CHANNELS} most important ones are drawn." if len(overall) > MAX_CHANNELS else ""
    known = sorted(set(marked) & set(overall["channel"]))
    marks = f" Marked: {', '.join(known)}." if known else ""
    numbers = f"Here: {n_cells:,} cells, {len(overall)} channels.{first}{marks}"
    return illustration(
        one.figures["importance"],
        title=f"{_TITLES['importance']}: {one.run.name}",
        caption=f"{caption} {numbers}",
    )


def _section(
    one: ExplainedRun, *, captions: Mapping[str, str], marked: Collection[str], settings: Mapping[str, Any]
) -> Section:
    ranking = ranking_table(one.importance)
    n_drawn = min(settings["panel_channels"], ranking["channel"].nunique())
    n_cells = len(one.sanity.drop_duplicates(list(KEY)))
    numbers = {
        "panels": f" Here: {n_drawn} channels.",
        "sanity": f" Here: {n_cells} cell{'s' if n_cells != 1 else ''}.",
    }
    drawn = [
        illustration(
            one.figures[name],
            title=f"{_TITLES[name]}: {one.run.name}",
            caption=f"{captions[name]}{numbers.get(name, '')}",
        )
        for name in FIGURES[1:]
    ]
    table = one.figures["importance"].with_suffix(".csv")
    return Section(
        title=one.run.name,
        findings=channel_findings(ranking, marked=marked),
        parts=[
            _importance(one, captions["importance"], marked=marked),
            ranking_rows(ranking, file=str(table)),
            trend_rows(one.trend, file=str(table.with_name("trend.csv"))),
            *drawn,
        ],
    )


def settings_rows(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How cells were explained, from the config's block ``attribution``."""
    most, estimator, copies = settings["max_cells"], settings["estimator"], settings["copies"]
    points = f"{estimator['points']} points" if "points" in estimator else f"{estimator['steps']} steps"
    noisy = (
        f"{copies}, {estimator['samples']} noisy copies (standard deviation {settings['noise_sd']:g}) with {points} "
        f"each ({estimator['method']})"
    )
    return [
        ("Explained", ", ".join(settings["models"])),
        ("Cells explained", f"{settings['split']} cells, {'all' if most is None else f'at most {most:,}'}"),
        ("Score maps", settings["method"].replace("_", " ") + f", {'no copies' if copies == 'none' else noisy}"),
        (
            "Integral of the image",
            f"{settings['rule']}, {settings['steps']} to {settings['max_steps']} steps from a "
            f"{settings['baseline']['method']} image, tolerance {100 * settings['tolerance']:g} %",
        ),
    ]
