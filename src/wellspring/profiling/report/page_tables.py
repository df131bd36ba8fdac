"""The chapter's tables, this run compared with published figures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wellspring.profiling.confounding import Association
from wellspring.profiling.embeddings import title_of
from wellspring.report.chapter import PageTable
from wellspring.report.style import NONE, number

__all__ = [
    "actin_table",
    "batch_table",
    "classification_table",
    "cluster_range_table",
    "clusters_table",
    "design_table",
    "networks_table",
    "retrieval_table",
    "samples_table",
]

_CLASSIFICATION = {"accuracy": "Accuracy", "recall": "Recall", "precision": "Precision", "f1": "F1", "auroc": "AUC"}
_NETWORK = {"loss": "Loss", **_CLASSIFICATION}
_CLUSTERS = {
    "smaller": "Wells of\nthe smaller",
    "larger": "of the\nlarger",
    "homogeneity": "Homogeneity",
    "completeness": "Completeness",
    "v_measure": "V-measure",
    "davies_bouldin": "Davies–Bouldin",
    "silhouette": "Silhouette",
}
_FORMS = {"before": "As they are", "robust z": "Robust z-score\nper plate", "whitened": "Whitened\nby controls"}
_LONG = 30
# More values of a column are only counted.
_MOST_VALUES = 6


def _titles(verdict: pd.DataFrame) -> dict[str, str]:
    return {name: title_of(name) for name in dict.fromkeys(verdict["method"])}


def _value(table: pd.DataFrame, method: str, question: str, scope: str, metric: str) -> str:
    keys = (table["method"] == method) & (table["question"] == question)
    rows = table[keys & (table["scope"] == scope) & (table["metric"] == metric)]
    if rows.empty:
        return NONE
    row = rows.iloc[0]
    is_count = metric.endswith(("smaller", "larger"))
    text = f"{row['value']:.0f}" if is_count else number(float(row["value"]), scale=1.0)
    if "lower" in table.columns and not np.isnan(row["lower"]):
        text += f"\n{number(row['lower'], scale=1.0)} to {number(row['upper'], scale=1.0)}"
    if "p_value" in table.columns and not np.isnan(row["p_value"]):
        text += f"\np = {row['p_value']:.3f}"
    return text


def _published_rows(
    published: pd.DataFrame | None, question: str, scope: str, metrics: Sequence[str]
) -> list[tuple[str, ...]]:
    if published is None:
        return []
    own = published[published["question"] == question]
    return [
        (f"published: {words}", *(_value(published, name, question, scope, metric) for metric in metrics))
        for name, words in _titles(own).items()
    ]


def _source(published: pd.DataFrame | None, text: str) -> str:
    return "" if published is None else f" Published: {text}"


def classification_table(verdict: pd.DataFrame, published: pd.DataFrame | None, *, file: str) -> PageTable:
    """Metrics of table B.2.1 of Dincu 2021 on unseen samples, before and after the correction per plate."""
    rows = []
    for name, words in _titles(verdict).items():
        for scope, more in (("unseen", ""), ("robust z", ", corrected per plate")):
            values = [_value(verdict, name, "classification", scope, metric) for metric in _CLASSIFICATION]
            rows.append((f"{words}{more}", *values))
    rows += _published_rows(published, "classification", "unseen", list(_CLASSIFICATION))
    note = (
        "Wells of unseen samples, all folds together. Accuracy: share of wells that are classified correctly; recall: "
        "share of the positive class that is found; precision: share of wells called positive that are; AUC: chance "
        "that a positive well scores above another. Below each value: 95 % interval, for other samples and classifiers "
        "trained with as many; and the share of permutations of the samples' classes that do as well (p). Of methods "
        "that were given the classes, p is from the held-out samples of each fold alone (twice the mean over folds), "
        "and missing where too few are held out to make it small. "
        f"Corrected: robust z-score per plate.{_source(published, 'Dincu 2021, other data.')}"
    )
    head = ("Embedding", *_CLASSIFICATION.values())
    return PageTable(title="Are unseen samples classified correctly?", file=file, head=head, rows=rows, note=note)


def networks_table(verdict: pd.DataFrame, published: pd.DataFrame | None, *, file: str) -> PageTable:
    """Table B.2.1 of Dincu 2021: what the last layers of classifying networks say of fields."""
    splits = {"train": "trained on", "validation": "validation", "unseen": "unseen"}
    rows = []
    for whose, table in (("", verdict), ("published: ", published)):
        if table is None:
            continue
        own = table[table["question"] == "network"]
        for name, words in _titles(own).items():
            for split, split_words in splits.items():
                values = [_value(own, name, "network", split, metric) for metric in _NETWORK]
                rows.append((f"{whose}{words}", split_words, *values))
    note = (
        "Fields, by the network's own last value, not by the boundary on its embedding; the networks that left samples "
        "out, all together. Trained on: their samples, as they are, without augmentation. Validation: samples that "
        "chose the best epoch. Unseen: samples that the network has never seen, with the 95 % interval over "
        "samples. A large gap between samples trained on and unseen ones indicates overfitting. "
        f"Loss: binary cross-entropy.{_source(published, 'Dincu 2021, other data; loss as printed there.')}"
    )
    head = ("Network", "Samples", *_NETWORK.values())
    return PageTable(title="What the classifiers themselves say", file=file, head=head, rows=rows, note=note, n_text=2)


def design_table(wells: pd.DataFrame, found: Sequence[Association], *, file: str) -> PageTable:
    """How the values of the sheet's columns are spread over the classes.

    Parameters
    ----------
    wells
        Annotations of every well: label, sample and the columns of `found`.
    """
    rows = []
    for one in found:
        samples = wells[[one.column, "label", "sample"]].dropna().drop_duplicates()
        counts = samples.groupby([one.column, "label"]).size().unstack(fill_value=0)
        spread = [
            f"{value}: " + ", ".join(f"{n} {name}" for name, n in row.items()) for value, row in counts.iterrows()
        ]
        text = "; ".join(spread) if len(spread) <= _MOST_VALUES else f"{len(spread)} values"
        p_value = NONE if np.isnan(one.p_value) else f"{one.p_value:.3f}"
        rows.append((one.column, text, number(one.cramers_v, scale=1.0), p_value))
    note = (
        "Samples of each class per value of the column. Cramér's V: 0 the classes are spread evenly over the values, 1 "
        "the value determines the class; few samples per value raise it, so p is the share of permutations of the "
        "samples' classes that reach it. The higher V, the less a difference between classes can be separated from one "
        "of the column."
    )
    head = ("Column", "Samples", "Cramér's V", "p")
    return PageTable(
        title="Are the classes spread over plates and positions?", file=file, head=head, rows=rows, note=note, n_text=2
    )


def samples_table(clusters: pd.DataFrame, *, file: str) -> PageTable:
    """Each sample: how many of its wells each method calls positive without having seen it, and their mean score."""
    titles = _titles(clusters)
    means = clusters.groupby("sample")["unseen_score"].mean()
    people = clusters[["sample", "label"]].drop_duplicates()
    people = people.assign(mean=people["sample"].map(means)).sort_values(["label", "mean"])
    rows = []
    for sample, label in people[["sample", "label"]].itertuples(index=False):
        values = []
        for method in titles:
            scores = clusters.loc[
                (clusters["sample"] == sample) & (clusters["method"] == method), "unseen_score"
            ].dropna()
            mean = number(float(scores.mean()), scale=1.0) if len(scores) else NONE
            values.append(f"{mean}\n{int((scores > 0).sum())} of {len(scores)} positive" if len(scores) else NONE)
        rows.append((str(sample), str(label), *values))
    note = (
        "Mean score of the sample's wells, above 0: called positive; each by a method and a boundary that never saw "
        "the sample. Scores of different methods have different scales."
    )
    head = ("Sample", "Class", *titles.values())
    title = "Sample by sample"
    return PageTable(title=title, file=file, head=head, rows=rows, note=note, n_text=2, folded=len(rows) > _LONG)


def clusters_table(verdict: pd.DataFrame, published: pd.DataFrame | None, *, file: str) -> PageTable:
    """Table 6.1 of Dincu 2021: two k-means clusters against the classes."""
    names = [f"kmeans {name}" for name in _CLUSTERS]
    rows = []
    for name, words in _titles(verdict).items():
        for scope, more in (
            ("unseen", "unseen samples"),
            ("all", "fitted with all"),
            ("components", "fitted with all, two components"),
        ):
            values = [_value(verdict, name, "clusters", scope, metric) for metric in names]
            rows.append((f"{words}, {more}", *values))
    rows += _published_rows(published, "clusters", "components", names)
    note = (
        "K-means with two clusters, which does not use the classes. Homogeneity: is a cluster of one class? "
        "Completeness: is a class in one cluster? V-measure: both; 0 neither, 1 perfect, chance a little above 0, and "
        "p is the share of permutations of the samples' classes that do as well (methods that were given the "
        "classes: of held-out samples, as above). Davies–Bouldin (lower is better) and "
        "silhouette (higher is) say how far apart clusters are, not whether they mean anything. Unseen samples: "
        "centres were found without the sample. Two components: k-means in the plane of two principal components."
        f"{_source(published, 'Dincu 2021, other data, fitted with all, two components.')}"
    )
    head = ("Embedding", *_CLUSTERS.values())
    return PageTable(title="Two clusters", file=file, head=head, rows=rows, note=note)


def cluster_range_table(verdict: pd.DataFrame, *, file: str) -> PageTable:
    """Other numbers of clusters and other clustering methods, fitted with all samples; stability."""
    found = verdict[(verdict["question"] == "clusters") & (verdict["scope"] == "all")]
    numbers = [m.split()[1] for m in dict.fromkeys(found["metric"]) if m.startswith("kmeans ") and m[7].isdigit()]
    heads = {"kmeans stability": "Stability of\ntwo clusters"}
    names = {"agglomerative": "Agglomerative", "hdbscan": "HDBSCAN"}
    names |= {f"kmeans {k}": f"K-means,\n{k} clusters" for k in dict.fromkeys(numbers)}
    rows = []
    for name, words in _titles(verdict).items():
        values = [_value(verdict, name, "clusters", "all", metric) for metric in heads]
        for name_of_clusters in names:
            v_measure, shape = (
                _value(verdict, name, "clusters", "all", f"{name_of_clusters} {m}") for m in ("v_measure", "silhouette")
            )
            values.append(f"{v_measure}\n({shape})")
        rows.append((words, *values))
    note = (
        "Fitted with all samples. Stability: do two clusters stay the same when wells are drawn anew (adjusted Rand "
        "index over bootstraps; 1 the same, 0 chance)? Then V-measure and, in brackets, silhouette. HDBSCAN finds the "
        "number of clusters itself; wells that it puts in none count as one more."
    )
    head = ("Embedding", *heads.values(), *names.values())
    return PageTable(title="Other clusters", file=file, head=head, rows=rows, note=note)


def retrieval_table(verdict: pd.DataFrame, *, file: str) -> PageTable:
    """Whether wells of one sample find each other."""
    heads = {"mean_average_precision": "Mean average\nprecision", "share_found": "Samples whose wells\nfind each other"}
    rows = [
        (words, *(_value(verdict, name, "retrieval", "all", metric) for metric in heads))
        for name, words in _titles(verdict).items()
    ]
    note = (
        "All other wells are ranked by their likeness to a well (cosine); 1: those of the same sample come first. "
        "Found: better than wells whose principal components are shuffled within their plate, false discovery rate 5 % "
        "(Benjamini–Hochberg), of the samples that share a plate with others. Fitted with all samples: classifiers "
        "bring wells of a class together, and so those of a sample."
    )
    return PageTable(
        title="Do wells of one sample find each other?",
        file=file,
        head=("Embedding", *heads.values()),
        rows=rows,
        note=note,
    )


def batch_table(verdict: pd.DataFrame, *, label: str, counts: dict[str, int], n_wells: int, file: str) -> PageTable:
    """Share of the variance that the class and each batch column explain, before and after two corrections.

    Parameters
    ----------
    label
        Name of the class column.
    counts
        Number of values of ``label`` and of each batch column.
    n_wells
        Number of wells.
    """
    rows = []
    for name, words in _titles(verdict).items():
        for column, n_values in counts.items():
            values = [_value(verdict, name, "batch", "all", f"{column} {form}") for form in _FORMS]
            chance = number((n_values - 1) / max(1, n_wells - 1), scale=1.0)
            rows.append((words, label if column == "label" else column, *values, chance))
    note = (
        "Share of the variance between wells that the column explains, 0 to 1, with the share of permutations that "
        "reach it (p): of whole samples where each has one value of the column, else of each sample's wells. By chance "
        "alone it is about (values - 1) / (wells - 1), more where whole samples share a value. A correction is good "
        "when the batch's share falls and the class' does not. Where the class was used, by a classifier or by the "
        "whitening, its share has no p and is no evidence. Fitted with all samples. A dash: no control wells on some "
        "plate, or none that differ."
    )
    head = ("Embedding", "Column", *_FORMS.values(), "By chance")
    title = "What else explains the profiles"
    return PageTable(title=title, file=file, head=head, rows=rows, note=note, n_text=2, folded=len(rows) > _LONG)


def actin_table(tiles: pd.DataFrame, *, file: str) -> PageTable:
    """How well the U-Net finds the actin inside cells."""
    rows = []
    for split in ("train", "validation", "unseen"):
        own = tiles[tiles["split"] == split]
        means = [number(float(own[name].mean()), scale=1.0) if own[name].notna().any() else NONE for name in _IOU]
        rows.append((split, f"{len(own):,}", *means))
    note = (
        "Mean intersection over union with the truth that was built from the images (Otsu's threshold of actin, less "
        "borders by propagation from the nuclei): 1 the same pixels, 0 none. The last column takes all bright actin "
        "for inside: what the network has to beat."
    )
    head = ("Samples", "Tiles", "U-Net", "All bright actin")
    return PageTable(title="Actin inside cells", file=file, head=head, rows=rows, note=note)


_IOU = ("iou", "iou_of_actin")
