"""The page's chapter on profiles: embeddings, what they tell of known classes, clusters, batches, networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wellspring.profiling.batches import Association, class_associations, confounded_with
from wellspring.profiling.profiles import SUPERVISED
from wellspring.profiling.report.figures import METHOD_WORDS
from wellspring.profiling.report.grids import (
    actin_grid,
    batch_grid,
    classification_grid,
    cluster_range_grid,
    clusters_grid,
    design_grid,
    networks_grid,
    retrieval_grid,
    samples_grid,
)
from wellspring.profiling.report.well_maps import cloud
from wellspring.profiling.tables import ACTIN, CLUSTERS, PUBLISHED_VERDICT, THUMBNAILS, VERDICT
from wellspring.quality.report.figures import images_section
from wellspring.report.page import Section, illustration
from wellspring.tables import read_table

__all__ = ["profile_chapters", "profile_findings", "profile_warnings", "profiles_sections"]

_LEVEL = 0.05
# A large effect (Cohen 1988).
_LARGE = 0.5


def profile_warnings(
    verdict: pd.DataFrame, *, confounded: Sequence[str], associated: Sequence[Association], label: str
) -> list[str]:
    """A design that cannot tell class from batch; embeddings that the plate explains more than the class."""
    said = [
        f"Each value of the column {name} goes with one class of {label} only: what looks like a difference between "
        f"classes may be one of {name}. Spread the classes over its values."
        for name in confounded
    ]
    said += [
        f"The column {one.column} goes with the classes of {label} (Cramér's V {one.cramers_v:.2f}, p = "
        f"{one.p_value:.3f}): part of what looks like a difference between classes may be one of {one.column}."
        for one in associated
        if one.column not in confounded and one.cramers_v >= _LARGE and one.p_value <= _LEVEL
    ]
    batch = verdict[verdict["question"] == "batch"].set_index(["method", "metric"])
    for method in dict.fromkeys(verdict["method"]):
        plate, known = (batch["value"].get((method, f"{name} before"), np.nan) for name in ("plate", "label"))
        if plate > known and batch["p_value"].get((method, "plate before"), np.nan) <= _LEVEL:
            said.append(
                f"{_named(method)}: plates explain {100 * plate:.0f} % of the embedding's variance, "
                f"classes {100 * known:.0f} %. Look at the clusters with that in mind."
            )
    return said


def _named(method: str) -> str:
    """Words for a method at the start of a sentence."""
    words = METHOD_WORDS.get(method, method)
    return words[0].upper() + words[1:]


def profile_findings(verdict: pd.DataFrame) -> list[str]:
    """Whether any method tells the classes of unseen samples, then each method's accuracy and clusters."""
    own = verdict[verdict["scope"] == "unseen"]
    rows = own[(own["question"] == "classification") & (own["metric"] == "accuracy")]
    if not len(rows):
        return ["No sample was left out of any fit, so nothing can be said of unseen samples."]
    level = _LEVEL / len(rows)
    told = [METHOD_WORDS.get(row.method, row.method) for row in rows.itertuples() if row.p_value <= level]
    counted = f"p at most {_LEVEL} / {len(rows)} methods"
    if rows["p_value"].isna().all():
        first = "Nothing was compared with chance: profiling.n_permutations is 0."
    elif told:
        first = f"The classes of unseen samples are told better than by chance by: {', '.join(told)} ({counted})."
    else:
        first = (
            f"No embedding tells the classes of unseen samples better than by chance ({counted}; the least p is "
            f"{rows['p_value'].min():.3f})."
        )
    agreement = own[own["metric"] == "kmeans v_measure"].set_index("method")[["value", "p_value"]]
    said = [first]
    for row in rows.itertuples():
        text = (
            f"{_named(row.method)}: {100 * row.value:.0f} % of the wells of unseen samples are "
            f"classified correctly ({100 * row.lower:.0f} to {100 * row.upper:.0f} %, {_chance(row.p_value)})"
        )
        if row.method in agreement.index:
            value, p_value = agreement.loc[row.method]
            text += f"; two clusters found without them agree with the classes by {value:.2f} (0 not at all, 1 fully; "
            text += f"{_chance(p_value)})"
        said.append(f"{text}.")
    return said


def _chance(p_value: float) -> str:
    return "no p" if np.isnan(p_value) else f"p = {p_value:.3f}"


def profile_chapters(
    files: Mapping[str, Path], *, config: Mapping[str, Any], annotations: Sequence[Mapping[str, str]]
) -> list[Section]:
    """The chapters on images and on profiles, as far as these stages ran.

    Parameters
    ----------
    files
        As of `images_section` and `profiles_sections`.
    config
        The checked config.
    annotations
        Of every well: plate, well, sample, label and the sheet's columns; empty without profiles.
    """
    return [*images_section(files), *profiles_sections(files, profiling=config["profiling"], annotations=annotations)]


def profiles_sections(
    files: Mapping[str, Path], *, profiling: Mapping[str, Any], annotations: Sequence[Mapping[str, str]]
) -> list[Section]:
    """The chapter and its parts; nothing when no field was embedded.

    Parameters
    ----------
    files
        ``verdict``, ``clusters``, ``thumbnails`` (tables of all methods), ``dendrograms``, ``curves``, ``map_*`` (SVG
        files); ``published_profiles`` and ``actin`` (tables) where there are such.
    profiling
        Block of the config.
    annotations
        As of `profile_chapters`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not what it should be.
    """
    if "verdict" not in files:
        return []
    verdict, clusters = read_table(files["verdict"], VERDICT), read_table(files["clusters"], CLUSTERS)
    wells = pd.DataFrame(list(annotations))
    other = read_table(files["published_profiles"], PUBLISHED_VERDICT) if "published_profiles" in files else None
    label, file = str(profiling["label"]), str(files["verdict"])
    skipped = ("well", "sample", "label", profiling["sample"], label)
    columns = [name for name in wells.columns if name not in skipped]
    confounded = confounded_with(wells, label="label", columns=columns)
    associated = class_associations(
        wells,
        columns=columns,
        n_permutations=profiling["n_permutations"],
        rng=np.random.default_rng(profiling["seed"]),
    )
    is_judged = bool((verdict["question"] == "classification").any())
    grids = [classification_grid(verdict, other, file=file), samples_grid(clusters, file=str(files["clusters"]))]
    return [
        Section(
            anchor="profiles",
            title="Profiles",
            text=_introduction(verdict, profiling),
            warnings=profile_warnings(verdict, confounded=confounded, associated=associated, label=label),
            findings=profile_findings(verdict),
            parts=grids if is_judged else [],
        ),
        _map_section(files, clusters=clusters, wells=wells),
        _cluster_section(files, verdict, other),
        _batch_section(verdict, associated, wells=wells, profiling=profiling, file=file),
        *_network_sections(files, verdict, other),
    ]


def _introduction(verdict: pd.DataFrame, profiling: Mapping[str, Any]) -> list[str]:
    methods = [name for name in dict.fromkeys(verdict["method"]) if name in SUPERVISED]
    positive = ", ".join(profiling["positive"])
    first = (
        "Each field became a short list of numbers (an embedding), by several methods; the median over a well's fields "
        "is the well's profile."
    )
    if not positive:
        return [f"{first} The key profiling.positive names no classes, so nothing was judged."]
    text = [
        f"{first} A sample is what the column {profiling['sample']} names; its wells always stay together. Every "
        "method was fitted again without some of the samples, and these were then put with a class by a linear "
        f"boundary between the others: positive ({positive}) or not. No judged sample was ever seen."
    ]
    if methods:
        names = ", ".join(METHOD_WORDS[name] for name in methods)
        text.append(
            f"Methods that are told the classes when they are fitted ({names}) pull the classes apart in the samples "
            "that they were fitted with, even where there is nothing to find. Judge them by unseen samples only."
        )
    if "densenet" in methods:
        weights = profiling["networks"]["densenet_weights"]
        origin = {"random": "random weights", "imagenet": "weights trained on ImageNet"}.get(
            weights, f"the weights of the file {weights}"
        )
        text.append(f"DenseNet-121 started from {origin}; all weights were trained further.")
    return text


def _map_section(files: Mapping[str, Path], *, clusters: pd.DataFrame, wells: pd.DataFrame) -> Section:
    thumbnails = read_table(files["thumbnails"], THUMBNAILS)
    maps = [
        illustration(
            files[name],
            title=f"Wells by {name.removeprefix('map_')}",
            caption="Fitted with all samples. Colours and shapes as named above. Axes have no unit; in UMAP and t-SNE "
            "only close neighbours mean something.",
        )
        for name in sorted(files)
        if name.startswith("map_") and name != "map_label"
    ]
    points = cloud(clusters, thumbnails, titles=METHOD_WORDS, annotations=wells)
    return Section(anchor="profile-maps", title="Maps of the wells", parts=[points, *maps], level=3)


def _cluster_section(files: Mapping[str, Path], verdict: pd.DataFrame, published: pd.DataFrame | None) -> Section:
    file = str(files["verdict"])
    tree = illustration(
        files["dendrograms"],
        title="Dendrograms",
        caption="Fitted with all samples; cosine distance, average linkage: wells that join low are alike. Below each "
        "well, its profile: red above, blue below the mean of all wells, at most 2 standard deviations. Names: sample "
        "and plate, in the colour of the class.",
    )
    grids = clusters_grid(verdict, published, file=file), cluster_range_grid(verdict, file=file)
    return Section(anchor="profile-clusters", title="Clusters", parts=[grids[0], tree, grids[1]], level=3)


def _batch_section(
    verdict: pd.DataFrame,
    associated: Sequence[Association],
    *,
    wells: pd.DataFrame,
    profiling: Mapping[str, Any],
    file: str,
) -> Section:
    label = str(profiling["label"])
    counts = {name: int(wells[name].nunique()) for name in ("label", *profiling["batch_columns"])}
    batch = batch_grid(verdict, label=label, counts=counts, n_wells=len(wells), file=file)
    design = [design_grid(wells, associated, file=file)] if associated else []
    parts = [retrieval_grid(verdict, file=file), *design, batch]
    return Section(anchor="profile-batches", title="Replicates, plates, positions", parts=parts, level=3)


def _network_sections(
    files: Mapping[str, Path], verdict: pd.DataFrame, published: pd.DataFrame | None
) -> list[Section]:
    parts: list[Any] = []
    if (verdict["question"] == "network").any():
        parts.append(networks_grid(verdict, published, file=str(files["verdict"])))
    text = []
    if "curves" in files:
        parts.append(
            illustration(
                files["curves"],
                title="Learning curves",
                caption="Loss after each epoch; dotted: samples that are trained on, drawn: others. A drawn line that "
                "rises while the dotted one falls tells of learning by heart. The weights of the lowest drawn point "
                "are used. Multiplied: so many augmented copies of each field in an epoch.",
            )
        )
    if "actin" in files:
        tiles = read_table(files["actin"], ACTIN)
        first = tiles.iloc[0]
        parts.append(actin_grid(tiles, file=str(files["actin"])))
        text.append(
            "A U-Net was trained to find the actin inside cells. It gives no embedding: with the filters of the thesis "
            "its bottom holds twice as many values as go in (1,024 × 32 × 32 of 2 × 512 × 512); here it holds "
            f"{first['bottleneck_values']:,} of {first['input_values']:,}."
        )
    if not parts:
        return []
    return [Section(anchor="profile-networks", title="Networks", text=text, parts=parts, level=3)]
