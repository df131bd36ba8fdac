"""Tables of profiles: embeddings, verdicts, clusters."""

from wellspring.tables import SITE_COLUMNS, WELL_COLUMNS, Column, Table

__all__ = [
    "ACTIN",
    "CLUSTERS",
    "EMBEDDING",
    "EMBEDDING_PREFIX",
    "MULTIPLIED",
    "NETWORK_SCORES",
    "PROFILE_HISTORY",
    "PUBLISHED_VERDICT",
    "THUMBNAILS",
    "VERDICT",
]

EMBEDDING_PREFIX = "e_"
_FOLD = Column("fold", "int64", "", "0: fitted with all samples; 1, 2, ..: fitted without the samples of that fold")

# Further columns, e_000 and so on, hold the embedding.
EMBEDDING = Table(
    "embedding",
    (
        *SITE_COLUMNS,
        _FOLD,
        Column("is_seen", "bool", "", "the sample was there when the method was fitted"),
    ),
    is_open=True,
)
PROFILE_HISTORY = Table(
    "profile_history",
    (
        _FOLD,
        Column("network", "str", "", "name of the network; autoencoders have one per channel"),
        Column("epoch", "int64", "", "1 = first"),
        Column("loss", "float64", "1", "training loss"),
        Column("val_loss", "float64", "1", "validation loss, of other samples"),
    ),
)
NETWORK_SCORES = Table(
    "network_scores",
    (
        *SITE_COLUMNS,
        _FOLD,
        Column("split", "str", "", "of the field's sample in that fold: train, validation, unseen"),
        Column("score", "float64", "1", "the network's own last value; above 0.5: positive"),
    ),
)
MULTIPLIED = Table(
    "multiplied",
    (
        Column("method", "str", "", "network"),
        Column("multiplication", "int64", "", "augmented copies of a field in an epoch"),
        *PROFILE_HISTORY.columns[2:],
    ),
)
ACTIN = Table(
    "actin",
    (
        *WELL_COLUMNS,
        Column("site", "str", "", "field of view"),
        Column("split", "str", "", "train, validation, unseen"),
        Column("iou", "float64", "1", "intersection over union of found and true actin inside cells; empty: neither"),
        Column("iou_of_actin", "float64", "1", "the same for all bright actin, borders and inside"),
        Column("bottleneck_values", "int64", "", "values at the bottom of the network"),
        Column("input_values", "int64", "", "values of a tile"),
    ),
)
VERDICT = Table(
    "verdict",
    (
        Column("method", "str", "", "how the fields were embedded"),
        Column("question", "str", "", "classification, clusters, retrieval, batch, network"),
        Column(
            "scope",
            "str",
            "",
            "unseen: samples that the method was not fitted with, robust z: after correction; all: every well; "
            "components: every well in the plane of two principal components; train, validation: of a network",
        ),
        Column("metric", "str", "", "name of the metric"),
        Column("value", "float64", "1", "its value; empty where it is not defined"),
        Column("lower", "float64", "1", "lower end of the 95 % interval over samples; empty without one"),
        Column("upper", "float64", "1", "upper end of that interval; empty without one"),
        Column("p_value", "float64", "1", "share of permutations at least as good; empty without a valid test"),
    ),
)
CLUSTERS = Table(
    "clusters",
    (
        Column("method", "str", "", "how the fields were embedded"),
        *WELL_COLUMNS,
        Column("sample", "str", "", "biological sample"),
        Column("label", "str", "", "known class"),
        Column("kmeans", "int64", "", "cluster of k-means with k = 2"),
        Column("kmeans_3", "int64", "", "cluster of k-means with k = 3"),
        Column("agglomerative", "int64", "", "cluster of cosine distance and average linkage, 2 clusters"),
        Column("hdbscan", "int64", "", "cluster of HDBSCAN; -1: none", minimum=-1),
        Column("pc_1", "float64", "1", "first principal component of the profiles"),
        Column("pc_2", "float64", "1", "second principal component"),
        Column("umap_1", "float64", "1", "first coordinate of UMAP; empty below 5 wells"),
        Column("umap_2", "float64", "1", "second coordinate"),
        Column("tsne_1", "float64", "1", "first coordinate of t-SNE; empty below 5 wells"),
        Column("tsne_2", "float64", "1", "second coordinate"),
        Column(
            "unseen_kmeans", "int64", "", "nearer of two centres found without the well's sample; -1: none", minimum=-1
        ),
        Column("unseen_kmeans_3", "int64", "", "the same of three centres", minimum=-1),
        Column("unseen_score", "float64", "1", "classification without the well's sample, above 0: positive"),
    ),
)
THUMBNAILS = Table(
    "thumbnails",
    (
        *WELL_COLUMNS,
        Column("site", "str", "", "field that is shown, the well's first kept one"),
        Column("png", "str", "", "image file, base64"),
    ),
)
PUBLISHED_VERDICT = Table(
    "published_verdict", (*(one for one in VERDICT.columns if one.name not in ("lower", "upper", "p_value")),)
)
