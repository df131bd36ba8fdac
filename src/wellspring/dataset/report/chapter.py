"""The chapter on the dataset: which cells are in it, how they are split, what the target is like."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.dataset.levels import level_bounds
from wellspring.dataset.report.composition import SPLITS
from wellspring.dataset.report.filtering import MAX_WELLS_AS_BARS, criteria_table
from wellspring.dataset.report.page_tables import composition_rows, criteria_rows, normalization_rows, well_rows
from wellspring.dataset.report.warnings import dataset_warnings, filter_warnings
from wellspring.dataset.settings import DatasetSettings
from wellspring.report.chapter import Chapter, Illustration, Section, illustration
from wellspring.report.style import number

__all__ = ["DatasetTables", "Files", "chapter_of", "settings_rows"]


@dataclass(frozen=True)
class DatasetTables:
    """Tables `MANIFEST`, `FILTERED`, `NORMALIZATION`, `FILTER_COUNTS` and `COMPOSITION` of one dataset."""

    manifest: pd.DataFrame
    filtered: pd.DataFrame
    normalization: pd.DataFrame
    counts: pd.DataFrame
    composition: pd.DataFrame


@dataclass(frozen=True)
class Files:
    """Where the figures and tables are that the chapter shows."""

    filter_figure: Path
    filter_table: Path
    dataset_figure: Path
    dataset_table: Path
    normalization: Path


def chapter_of(
    tables: DatasetTables,
    *,
    files: Files,
    captions: Mapping[str, str],
    settings: DatasetSettings,
    image_size: int,
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    captions
        By figure: ``filter``, ``dataset``.
    image_size
        Side of the image that a model sees, px.
    """
    manifest, total = tables.manifest, tables.counts.iloc[-1]
    picture = _target_figure(manifest, path=files.dataset_figure, caption=captions["dataset"], settings=settings)
    n_cells, n_left = int(total["n_cells"]), int(total["n_left"])
    sizes = {name: f"{int((manifest['split'] == name).sum()):,}" for name in SPLITS}
    return Chapter(
        stage="dataset",
        title="Dataset",
        lead="Which cells are models trained and tested on, and what is the target like?",
        picture=picture,
        warnings=[
            *filter_warnings(tables.counts),
            *dataset_warnings(manifest, image_size=image_size, select=settings.select),
        ],
        findings=[
            f"{n_left:,} of {n_cells:,} cells ({total['percent_left']:.1f} %) are in the dataset: {sizes['train']} for "
            f"training, {sizes['validation']} for validation, {sizes['test']} for the test."
        ],
        settings=[
            ("Cells found", f"{n_cells:,}"),
            ("Cells in the dataset", f"{len(manifest):,}"),
            *settings_rows(settings, image_size=image_size),
        ],
        sections=[
            Section(
                title="",
                text=[
                    f"{len(manifest):,} cells, split into {sizes['train']} train, {sizes['validation']} validation and "
                    f"{sizes['test']} test cells. Models learn from the training cells, the validation cells say when "
                    "to stop, and the test cells are used for the figures below only."
                ],
                parts=[
                    picture,
                    *composition_rows(tables.composition, file=str(files.dataset_table)),
                    normalization_rows(tables.normalization, file=str(files.normalization)),
                ],
            ),
            _filter_section(tables, files=files, caption=captions["filter"]),
        ],
    )


def _filter_section(tables: DatasetTables, *, files: Files, caption: str) -> Section:
    n_cells = int(tables.counts.iloc[-1]["n_cells"])
    return Section(
        title="Cells kept and removed",
        text=["Which cells went into the dataset, and why the others did not."],
        parts=[
            _filter_figure(tables.counts, path=files.filter_figure, caption=caption),
            criteria_rows(criteria_table(tables.filtered), n_cells=n_cells),
            well_rows(tables.counts, file=str(files.filter_table)),
        ],
    )


def _filter_figure(counts: pd.DataFrame, *, path: Path, caption: str) -> Illustration:
    wells, total = counts.iloc[:-1], counts.iloc[-1]
    drawn = "Each bar is a well." if len(wells) <= MAX_WELLS_AS_BARS else f"There are {len(wells):,} wells."
    share = f" ({total['percent_left']:.1f} %)" if total["n_cells"] else ""
    text = (
        f"{drawn} In all, {total['n_left']:,} of {total['n_cells']:,} cells{share} in {len(wells):,} wells were kept."
    )
    return illustration(path, title="Cells kept and removed", caption=f"{caption} {text}")


def _target_figure(manifest: pd.DataFrame, *, path: Path, caption: str, settings: DatasetSettings) -> Illustration:
    target = manifest["target"].to_numpy(dtype=float)
    bounds = level_bounds(target)
    shown = [name for name in settings.split.stratify if name in manifest.columns]
    mean, sd, low, high = map(number, (target.mean(), np.std(target), bounds.low, bounds.high))
    text = (
        f"Here: {settings.target_channel}, n = {len(target):,} cells, mean {mean}, standard deviation {sd}; cells at "
        f"{low} or less are low, at {high} or more high.{_panels(shown)}"
    )
    return illustration(path, title="Distribution of the target", caption=f"{caption} {text}")


def _panels(columns: Collection[str]) -> str:
    return f" The last panels show the same cells by {' and by '.join(columns)}." if columns else ""


def settings_rows(settings: DatasetSettings, *, image_size: int) -> list[tuple[str, str]]:
    """How the dataset was made: name and value."""
    split, scaling, inputs = settings.split, settings.normalization, settings.input_channels
    rest = 1 - split.train - split.validation
    steps = [
        f"cut at percentile {scaling.percentile:g}" if scaling.clip else "",
        "mean subtracted, divided by the standard deviation" if scaling.z_score else "",
        "mean subtracted" if scaling.mean_extraction else "",
        f"divided by percentile {scaling.percentile:g}" if scaling.linear_scaling else "",
    ]
    return [
        ("Predicted", f"mean {settings.target_channel} of a cell"),
        ("Input channels", f"{len(inputs)}: {', '.join(inputs)}" if inputs else "all but the target"),
        ("Image", f"{image_size} × {image_size} px around a cell"),
        ("Split", f"{100 * split.train:g} % train, {100 * split.validation:g} % validation, {100 * rest:.3g} % test"),
        ("Split evenly by", ", ".join(split.stratify) or "nothing"),
        ("Kept in one set", f"cells of the same {split.group}" if split.group else "each cell by itself"),
        ("Normalization per channel", ", then ".join(step for step in steps if step) or "none"),
    ]
