"""What stands on the page: chapters made from the tables and figures of all stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import wellspring
from wellspring.attribution.report.importance import completeness_of, ranking_table
from wellspring.attribution.report.trust import trust_warnings, validation_sections
from wellspring.attribution.report.validation import way_name
from wellspring.dataset.report.composition import SPLITS, composition_table
from wellspring.dataset.report.filtering import criteria_table, quality_table
from wellspring.report import captions
from wellspring.report.about import (
    config_section,
    imaging_run_section,
    reproduce_section,
    run_section,
    software_versions,
)
from wellspring.report.findings import (
    channel_findings,
    completeness_finding,
    completeness_warnings,
    dataset_warnings,
    model_findings,
    quality_warnings,
    training_warnings,
)
from wellspring.report.grids import (
    comparison_grid,
    composition_grids,
    criteria_grid,
    histories_grid,
    normalization_grid,
    published_grid,
    ranking_grid,
    trend_grid,
    wells_grid,
)
from wellspring.report.imaging import (
    Imaging,
    imaging_findings,
    imaging_warnings,
    segmentation_section,
    spots_section,
)
from wellspring.report.inputs import Explained, Figures, Results
from wellspring.report.page import Illustration, Page, Section, illustration
from wellspring.training.report.comparison import comparison_table, validation_baseline_mae
from wellspring.training.report.predictions import stratum_column

__all__ = [
    "Words",
    "attribution_sections",
    "dataset_section",
    "models_section",
    "quality_section",
    "report_page",
    "summary_section",
    "words_of",
]


@dataclass(frozen=True)
class Words:
    """What the report must know of the config.

    Attributes
    ----------
    target_channel : str
    columns : sequence of str
        Annotations that the split is stratified by.
    marked : sequence of str
        Channels to mark.
    image_size : int
        px.
    select : mapping of str to sequence
        Values that the cells were chosen by, per annotation column.
    epochs : int
        Most that a training may have.
    bootstrap_samples : int
    panel_channels : int
        Channels drawn in the panels, at most.
    way : str
        How the score maps are made, in words.
    """

    target_channel: str
    columns: Sequence[str]
    marked: Sequence[str]
    image_size: int
    select: Mapping[str, Sequence[object]]
    epochs: int
    bootstrap_samples: int
    panel_channels: int
    way: str


def words_of(config: Mapping[str, Any]) -> Words:
    """What the report must know of the checked config."""
    maps = config["attribution"]
    baseline = maps["baseline"]["method"] if maps["method"] == "integrated_gradients" else "-"
    return Words(
        target_channel=config["dataset"]["target_channel"],
        columns=config["dataset"]["split"]["stratify"],
        marked=config["report"]["marked_channels"],
        image_size=config["cells"]["image_size"],
        select=config["dataset"]["select"],
        epochs=config["training"]["epochs"],
        bootstrap_samples=config["report"]["bootstrap_samples"],
        panel_channels=maps["panel_channels"],
        way=way_name(maps["method"], maps["copies"], baseline),
    )


# Of a run without segmented cells and without spots.
_NO_IMAGING = Imaging()


def report_page(
    results: Results | None,
    *,
    figures: Figures | None,
    config: Mapping[str, Any],
    imaging: Imaging = _NO_IMAGING,
    profiles: Sequence[Section] = (),
    n_wells: int = 0,
) -> Page:
    """The whole page.

    Parameters
    ----------
    results
        Tables from the dataset on; None for a run without a target.
    figures
        SVG files of the same stages.
    imaging
        Tables and figures of segmentation and spots.
    profiles
        Chapters on the quality of images and on profiles; their warnings and findings stand at the top too.
    n_wells
        Wells of a run without spots and without a target.
    config
        The checked config, which the page shows.

    Raises
    ------
    FileNotFoundError, ValueError
        When a figure is missing or no SVG image.
    """
    middle = [*profiles, *segmentation_section(imaging), *spots_section(imaging)]
    lead = (
        "Spots were looked for in the images of all wells, and counted per cell. This page says how many there are, "
        "and which wells to distrust."
    )
    if imaging.spots is None:
        lead = "This page says which images are fit for use, and what the wells' images show as a whole."
    if results is not None and figures is not None:
        words = words_of(config)
        middle += _learning_sections(results, figures=figures, words=words)
        summary = summary_section(results, words=words, imaging=imaging)
        lead = (
            f"Models were trained to predict the mean {words.target_channel} intensity of single cells from the other "
            "channels of their images. This page says which cells were used, how well the models predict cells that "
            "they have not seen, and which channels and places in the image they used."
        )
    else:
        summary = _summary(warnings=imaging_warnings(imaging), findings=imaging_findings(imaging))
    summary = replace(
        summary,
        warnings=[*(words for one in profiles for words in one.warnings), *summary.warnings],
        findings=[*(words for one in profiles for words in one.findings), *summary.findings],
    )
    return Page(
        title=config["report"]["title"],
        lead=lead,
        sections=[
            summary,
            _run(config, results=results, imaging=imaging, n_wells=n_wells),
            *middle,
            reproduce_section(middle),
            config_section(config),
        ],
        footer=f"Made by wellspring {wellspring.__version__}. This file needs no other file and no network.",
    )


def _learning_sections(results: Results, *, figures: Figures, words: Words) -> list[Section]:
    return [
        quality_section(results, figures=figures),
        dataset_section(results, figures=figures, words=words),
        models_section(results, figures=figures, words=words),
        *attribution_sections(results, words=words),
    ]


def _run(config: Mapping[str, Any], *, results: Results | None, imaging: Imaging, n_wells: int) -> Section:
    versions = software_versions()
    if results is not None:
        return run_section(config, filtered=results.filtered, manifest=results.manifest, versions=versions)
    wells = n_wells if imaging.spots is None else len(imaging.spots[["plate", "well"]].drop_duplicates())
    return imaging_run_section(config, n_wells=wells, versions=versions)


def _summary(*, warnings: Sequence[str], findings: Sequence[str]) -> Section:
    return Section(anchor="findings", title="What was found", warnings=warnings, findings=findings)


def summary_section(results: Results, *, words: Words, imaging: Imaging = _NO_IMAGING) -> Section:
    """Every warning, what the models show, and what the attribution of each first seed shows."""
    table = comparison_table(results.metrics, results.published)
    found = imaging_findings(imaging) + model_findings(table, results.differences)
    warnings = imaging_warnings(imaging) + quality_warnings(quality_table(results.filtered))
    warnings += dataset_warnings(results.manifest, image_size=words.image_size, select=words.select)
    warnings += training_warnings(results.histories, epochs=words.epochs)
    for one in results.explained:
        warnings += completeness_warnings(one.name, completeness_of(one.completeness))
    if results.validation is not None:
        warnings += trust_warnings(results.validation.trust, way=words.way)
    first_seeds = {one.run[:2]: one for one in reversed(results.explained)}
    for one in reversed(first_seeds.values()):
        said = channel_findings(ranking_table(one.importance), marked=words.marked)
        found += [f"{one.name}: {text[0].lower()}{text[1:]}" for text in said]
    return _summary(warnings=warnings, findings=found)


def quality_section(results: Results, *, figures: Figures) -> Section:
    """How many cells each criterion removed."""
    quality = quality_table(results.filtered)
    figure = illustration(figures.quality, title="Cells kept and removed", caption=captions.quality_caption(quality))
    file = str(figures.quality.with_suffix(".csv"))
    grids = [criteria_grid(criteria_table(results.filtered), quality), wells_grid(quality, file=file)]
    text = "Which cells went into the dataset, and why the others did not."
    warnings = quality_warnings(quality)
    return Section(anchor="quality", title="Quality", text=[text], warnings=warnings, parts=[figure, *grids])


def dataset_section(results: Results, *, figures: Figures, words: Words) -> Section:
    """Cells per set and annotation, the target's distribution, the normalization."""
    manifest = results.manifest
    shown = [name for name in words.columns if name in manifest.columns]
    caption = captions.dataset_caption(manifest, target_channel=words.target_channel, columns=shown)
    figure = illustration(figures.dataset, title="Distribution of the target", caption=caption)
    table = composition_table(manifest, columns=shown)
    grids = composition_grids(table, file=str(figures.dataset.with_suffix(".csv")))
    sizes = [f"{int((manifest['split'] == name).sum()):,} {name}" for name in SPLITS]
    text = (
        f"{len(manifest):,} cells, divided into {sizes[0]}, {sizes[1]} and {sizes[2]} cells. Models learn from the "
        "training cells, the validation cells say when to stop, and the test cells are used for the figures below only."
    )
    return Section(
        anchor="dataset",
        title="Dataset",
        text=[text],
        warnings=dataset_warnings(manifest, image_size=words.image_size, select=words.select),
        parts=[figure, *grids, normalization_grid(results.normalization)],
    )


def models_section(results: Results, *, figures: Figures, words: Words) -> Section:
    """Comparison of the models, their training, and their predictions."""
    table = comparison_table(results.metrics, results.published)
    caption = captions.metrics_caption(table, bootstrap_samples=words.bootstrap_samples)
    n_of = results.manifest["split"].value_counts()
    trained = captions.histories_caption(
        n_validation=int(n_of.get("validation", 0)),
        baseline_mae=validation_baseline_mae(results.manifest),
        n_runs=len(results.histories),
    )
    text = (
        "A regime is a way of training. In color-structure a model sees the intensities as they were measured. In "
        "structure a random number is added to each channel of each image during training, so that how bright a "
        "channel is says little. What a model still predicts after that it reads from shapes and places inside the "
        "cell, or from what little intensity the shift has left."
    )
    return Section(
        anchor="models",
        title="Models",
        text=[text],
        warnings=training_warnings(results.histories, epochs=words.epochs),
        parts=[
            illustration(figures.metrics, title="Comparison of the models", caption=caption),
            comparison_grid(table, file=str(figures.metrics.with_suffix(".csv"))),
            *published_grid(table),
            illustration(figures.histories, title="Training", caption=trained),
            histories_grid(results.histories),
            *_predictions(results, figures=figures, words=words),
        ],
    )


def _predictions(results: Results, *, figures: Figures, words: Words) -> list[Illustration]:
    stratum = stratum_column(words.columns, available=list(results.manifest.columns))
    n_test = int((results.manifest["split"] == "test").sum())
    parts = []
    for model, path in figures.predictions.items():
        seeds = sorted({seed for name, _, seed in results.histories if name == model})
        caption = captions.predictions_caption(
            model=model, n_cells=n_test, stratum=stratum, seed=seeds[0], n_seeds=len(seeds)
        )
        parts.append(illustration(path, title=f"Predictions of {model}", caption=caption))
    return parts


def attribution_sections(results: Results, *, words: Words) -> list[Section]:
    """A chapter on what the models used, with a part per explained run; nothing when no run was explained."""
    if not results.explained:
        return []
    errors = {one.name: completeness_of(one.completeness) for one in results.explained}
    text = (
        "Which parts of the image a model used. Integrated gradients share the change of the prediction, from an image "
        "without information to the cell's image, out over pixels and channels. The score of a pixel is the standard "
        "deviation of that share over copies of the image with noise added (VarGrad)."
    )
    chapter = Section(
        anchor="attribution",
        title="Attribution",
        text=[text],
        warnings=[warning for name, error in errors.items() for warning in completeness_warnings(name, error)],
        findings=[completeness_finding(name, error) for name, error in errors.items()],
    )
    runs = [_explained_section(one, place=n, words=words) for n, one in enumerate(results.explained)]
    return [chapter, *runs, *validation_sections(results.validation)]


def _explained_section(one: Explained, *, place: int, words: Words) -> Section:
    ranking = ranking_table(one.importance)
    n_drawn = min(words.panel_channels, ranking["channel"].nunique())
    importance = captions.importance_caption(ranking, marked=words.marked)
    panels = captions.panels_caption(n_channels=n_drawn)
    sanity = captions.sanity_caption(one.sanity)
    return Section(
        anchor=f"attribution-{place + 1}",
        title=one.name,
        findings=channel_findings(ranking, marked=words.marked),
        parts=[
            illustration(one.importance_figure, title=f"Importance of the channels: {one.name}", caption=importance),
            ranking_grid(ranking, file=str(one.importance_figure.with_suffix(".csv"))),
            trend_grid(one.trend, file=str(one.importance_figure.with_name("trend.csv"))),
            illustration(one.groups_figure, title=f"Groups of channels: {one.name}", caption=captions.GROUPS_CAPTION),
            illustration(one.panels_figure, title=f"Score maps: {one.name}", caption=panels),
            illustration(
                one.similar_figure, title=f"What the maps look like: {one.name}", caption=captions.SIMILAR_CAPTION
            ),
            illustration(
                one.matrix_figure, title=f"Maps and images by channel: {one.name}", caption=captions.MATRIX_CAPTION
            ),
            illustration(one.sanity_figure, title=f"Check of the integral: {one.name}", caption=sanity),
        ],
        level=3,
    )
