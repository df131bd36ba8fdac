"""The chapter on profiles: embeddings, what they say of known classes, clusters, batches, networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wellspring.profiling.confounding import Association, class_associations, confounded_with
from wellspring.profiling.embeddings import embedding, title_of
from wellspring.profiling.report import page_tables
from wellspring.profiling.report.findings import profile_findings, profile_warnings
from wellspring.profiling.report.methods import METHODS_REFERENCES, methods_text
from wellspring.profiling.report.well_maps import well_maps
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Illustration, PageTable, Part, Section, illustration
from wellspring.report.methods import cited
from wellspring.settings import settings_of

__all__ = ["ProfileResults", "profile_chapter"]

_LEAD = (
    "Each field became a short list of numbers (an embedding). This chapter says whether they separate the known "
    "classes in samples that no method has seen, which wells are alike, and how much of it is plate or position."
)


@dataclass(frozen=True)
class ProfileResults:
    """What the chapter is made of.

    Attributes
    ----------
    verdict, clusters : DataFrame
        Tables `VERDICT` and `CLUSTERS` of all methods.
    thumbnails : DataFrame
        Table `THUMBNAILS`.
    wells : DataFrame
        Annotations of every well: plate, well, sample, label and the sheet's columns.
    files : dict of str to Path
        ``table``, ``wells`` (CSV); ``accuracy``, ``dendrograms``, ``curves``, ``map_*`` (SVG); ``actin`` where there
        is one.
    captions : dict of str to str
        By name of the figure's file; that of all maps is ``profiles_by``.
    published, actin : DataFrame or None
        Tables `PUBLISHED_VERDICT` and `ACTIN`.
    """

    verdict: pd.DataFrame
    clusters: pd.DataFrame
    thumbnails: pd.DataFrame
    wells: pd.DataFrame
    files: Mapping[str, Path]
    captions: Mapping[str, str] = field(default_factory=dict)
    published: pd.DataFrame | None = None
    actin: pd.DataFrame | None = None

    @property
    def is_judged(self) -> bool:
        """Whether samples were left out and classified."""
        return bool((self.verdict["question"] == "classification").any())

    @property
    def methods(self) -> list[str]:
        """Names of the embeddings, in the order of the config."""
        return list(dict.fromkeys(self.verdict["method"]))


def profile_chapter(results: ProfileResults, *, profiling: Mapping[str, Any]) -> Chapter:
    """The chapter and its sections.

    Parameters
    ----------
    results
        Tables and figures.
    profiling
        The checked block of the config.

    Raises
    ------
    FileNotFoundError, ValueError
        When a figure is missing or is no SVG image.
    """
    label = str(profiling["label"])
    skipped = ("well", "sample", "label", profiling["sample"], label)
    columns = [name for name in results.wells.columns if name not in skipped]
    confounded = confounded_with(results.wells, label="label", columns=columns)
    rng = np.random.default_rng(profiling["seed"])
    associated = class_associations(results.wells, columns=columns, n_permutations=profiling["n_permutations"], rng=rng)
    findings = profile_findings(results.verdict)
    methods = methods_text(
        profiling,
        titles=[title_of(name) for name in results.methods],
        is_judged=results.is_judged,
        n_samples=results.wells["sample"].nunique(),
    )
    return Chapter(
        stage="profiling",
        title="Profiles",
        lead=_LEAD,
        picture=_picture(results),
        warnings=profile_warnings(results.verdict, confounded=confounded, associated=associated, label=label),
        findings=findings[:MOST_FINDINGS],
        settings=_settings(results, profiling),
        sections=[
            _first_section(results, profiling, findings=findings[MOST_FINDINGS:]),
            *_map_sections(results),
            _cluster_section(results),
            _batch_section(results, associated, profiling=profiling),
            *_network_sections(results),
        ],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
    )


def _figure(results: ProfileResults, name: str, *, title: str, caption: str = "") -> Illustration:
    path = results.files[name]
    return illustration(path, title=title, caption=results.captions.get(caption or path.stem, ""))


def _picture(results: ProfileResults) -> Illustration:
    if results.is_judged:
        return _figure(results, "accuracy", title="Unseen samples that are classified correctly")
    return _figure(results, "map_label", title="Wells of each embedding", caption="profiles_by")


def _settings(results: ProfileResults, profiling: Mapping[str, Any]) -> list[tuple[str, str]]:
    positive = ", ".join(profiling["positive"])
    rows = [("Embeddings", ", ".join(title_of(name) for name in results.methods))]
    rows.append(("Fields", f"shrunk to {profiling['field_size_px']} × {profiling['field_size_px']} px"))
    if positive:
        rows.append(("Positive classes", f"{positive} in the column {profiling['label']}"))
        rows.append(("Samples", f"column {profiling['sample']}, {results.wells['sample'].nunique()} of them"))
        rows.append(("Folds", f"{profiling['folds']}, besides the fit with all samples"))
    return rows


def _first_section(results: ProfileResults, profiling: Mapping[str, Any], *, findings: Sequence[str]) -> Section:
    file = str(results.files["table"])
    titles = {name: title_of(name) for name in results.methods}
    # Images first: who sees the wells understands what the numbers are about.
    parts: list[Part] = [well_maps(results.clusters, results.thumbnails, titles=titles, annotations=results.wells)]
    if results.is_judged:
        parts += [
            page_tables.classification_table(results.verdict, results.published, file=file),
            page_tables.samples_table(results.clusters, file=str(results.files["wells"])),
        ]
    return Section(title="", text=_introduction(results, profiling), findings=findings, parts=parts)


def _introduction(results: ProfileResults, profiling: Mapping[str, Any]) -> list[str]:
    positive = ", ".join(profiling["positive"])
    first = (
        "Each field became a short list of numbers (an embedding), by several methods; the median over a well's fields "
        "is the well's profile."
    )
    if not positive:
        return [f"{first} The key profiling.positive names no classes, so nothing was judged."]
    text = [
        f"{first} A sample is what the column {profiling['sample']} names; its wells always stay together. Every "
        "method was fitted again without some of the samples, and these were then classified by a linear "
        f"boundary between the others: positive ({positive}) or not. No judged sample was ever seen."
    ]
    known = [embedding(name) for name in results.methods]
    supervised = ", ".join(one.title for one in known if one.needs_classes)
    if supervised:
        text.append(
            f"Methods that are fitted with the classes ({supervised}) pull the classes apart in the samples that they "
            "were fitted with, even where there is nothing to find. Judge them by unseen samples only."
        )
    for one in known:
        if one.describe is not None:
            text.append(one.describe(settings_of(one.settings_kind, one.settings_in(profiling))))
    return text


def _map_sections(results: ProfileResults) -> list[Section]:
    names = sorted(name for name in results.files if name.startswith("map_") and name != "map_label")
    maps = [
        _figure(results, name, title=f"Wells by {name.removeprefix('map_')}", caption="profiles_by") for name in names
    ]
    return [Section(title="Maps of the wells", parts=maps)] if maps else []


def _cluster_section(results: ProfileResults) -> Section:
    file = str(results.files["table"])
    return Section(
        title="Clusters",
        parts=[
            page_tables.clusters_table(results.verdict, results.published, file=file),
            _figure(results, "dendrograms", title="Dendrograms"),
            page_tables.cluster_range_table(results.verdict, file=file),
        ],
    )


def _batch_section(
    results: ProfileResults, associated: Sequence[Association], *, profiling: Mapping[str, Any]
) -> Section:
    file, wells = str(results.files["table"]), results.wells
    counts = {name: int(wells[name].nunique()) for name in ("label", *profiling["batch_columns"])}
    batch = page_tables.batch_table(
        results.verdict, label=str(profiling["label"]), counts=counts, n_wells=len(wells), file=file
    )
    design: list[PageTable] = [page_tables.design_table(wells, associated, file=file)] if associated else []
    parts = [page_tables.retrieval_table(results.verdict, file=file), *design, batch]
    return Section(title="Replicates, plates, positions", parts=parts)


def _network_sections(results: ProfileResults) -> list[Section]:
    parts, text = list[Part](), list[str]()
    if (results.verdict["question"] == "network").any():
        file = str(results.files["table"])
        parts.append(page_tables.networks_table(results.verdict, results.published, file=file))
    parts.append(_figure(results, "curves", title="Learning curves"))
    if results.actin is not None:
        first = results.actin.iloc[0]
        parts.append(page_tables.actin_table(results.actin, file=str(results.files["actin"])))
        text.append(
            "A U-Net was trained to find the actin inside cells. It gives no embedding: with the filters of the thesis "
            "its bottom holds twice as many values as go in (1,024 × 32 × 32 of 2 × 512 × 512); here it holds "
            f"{first['bottleneck_values']:,} of {first['input_values']:,}."
        )
    return [Section(title="Networks", text=text, parts=parts)]
