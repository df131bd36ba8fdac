"""The chapter on profiles: tables with published figures, points with images, figures, findings and warnings."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from wellspring.profiling.confounding import Association
from wellspring.profiling.fields import Fields
from wellspring.profiling.profiles import Profiles
from wellspring.profiling.published import holds_profiles
from wellspring.profiling.report.chapter import ProfileResults, profile_chapter
from wellspring.profiling.report.figures import accuracy_figure, curves_figure, dendrogram_figure, map_figure
from wellspring.profiling.report.findings import profile_findings, profile_warnings
from wellspring.profiling.report.well_maps import shown_planes, well_maps
from wellspring.profiling.tables import (
    ACTIN,
    CLUSTERS,
    MULTIPLIED,
    PROFILE_HISTORY,
    PUBLISHED_VERDICT,
    THUMBNAILS,
    VERDICT,
)
from wellspring.profiling.thumbnails import thumbnail, thumbnails
from wellspring.report.chapter import Chapter, read_captions, read_chapter, write_chapter
from wellspring.report.style import save_figure
from wellspring.report.well_maps import WellMaps
from wellspring.tables import check_table, read_table

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "resources/published/dincu_2021.csv"
METHODS = ("pca", "classifier")
PROFILING: dict[str, Any] = {
    "sample": "donor",
    "label": "diagnosis",
    "positive": ["sick"],
    "batch_columns": ["plate"],
    "networks": {
        "embedding_size": 8,
        "densenet_weights": "random",
        "multiplication": 5,
        "epochs": 9,
        "batch_size": 8,
        "learning_rate": 0.001,
    },
    "field_size_px": 64,
    "folds": 3,
    "n_permutations": 9,
    "seed": 1,
}


def _verdict(*, p_value: float = 0.005, plate: float = 0.1) -> pd.DataFrame:
    rows = []
    for method in METHODS:
        for metric in ("accuracy", "recall", "precision", "f1", "auroc"):
            rows.append((method, "classification", "unseen", metric, 0.75, 0.5, 0.9, p_value))
        for scope in ("unseen", "all"):
            rows.append((method, "clusters", scope, "kmeans v_measure", 0.25, np.nan, np.nan, p_value))
        if method == "classifier":
            rows.append((method, "network", "unseen", "loss", 0.637, 0.5, 0.75, np.nan))
        rows.append((method, "clusters", "all", "kmeans 3 silhouette", 0.4, np.nan, np.nan, np.nan))
        rows.append((method, "retrieval", "all", "share_found", 0.5, np.nan, np.nan, np.nan))
        rows.append((method, "batch", "all", "plate before", plate, np.nan, np.nan, p_value))
        rows.append((method, "batch", "all", "label before", 0.2, np.nan, np.nan, 0.01))
    return pd.DataFrame(rows, columns=VERDICT.names)


def _clusters() -> pd.DataFrame:
    """Six wells per method; the last has no place in UMAP, the first was never left out."""
    rows = []
    for method in METHODS:
        for n in range(6):
            umap = np.nan if n == 5 else float(n)
            score = np.nan if n == 0 else n - 2.5
            label = "sick" if n > 2 else "well"
            ids = (method, "p1", f"A{n}", f"d{n // 2}", label)
            rows.append((*ids, 0, 2, 1, -1, float(n), 1.0, umap, umap, 1.0, float(n), 0, 1, score))
    return pd.DataFrame(rows, columns=CLUSTERS.names)


def _annotations() -> list[dict[str, str]]:
    return [
        {
            "plate": "p1",
            "well": f"A{n}",
            "donor": f"d{n // 2}",
            "room": "121"[n // 2],
            "diagnosis": "sick" if n > 2 else "well",
            "sample": f"d{n // 2}",
            "label": "sick" if n > 2 else "well",
        }
        for n in range(6)
    ]


def _fields() -> Fields:
    images = np.zeros((3, 4, 8, 8), dtype=np.uint16)
    images[0, 0, :4] = 1000
    keys = pd.DataFrame({"plate": "p1", "well": ["A0", "A0", "A1"], "site": ["1", "2", "1"]})
    return Fields(keys, images, ("a", "b", "c", "d"))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> ProfileResults:
    """What the chapter is made of, as its script reads and draws it."""
    folder = tmp_path_factory.mktemp("profiles")
    actin = pd.DataFrame(
        [("p1", "A1", "1", split, 0.5, 0.25, 100, 50) for split in ("train", "unseen")], columns=ACTIN.names
    )
    wells = pd.DataFrame(_annotations())
    values = np.random.default_rng(0).normal(size=(6, 3))
    figures = {
        "accuracy": accuracy_figure(_verdict(), chance=0.5),
        "dendrograms": dendrogram_figure({"pca": Profiles(wells, values), "features": Profiles(wells[:1], values[:1])}),
        "map_label": map_figure(_clusters(), groups=_clusters()["label"], name="diagnosis"),
        "map_room": map_figure(_clusters(), groups=_clusters()["label"], name="room"),
        "curves": curves_figure({}, None),
    }
    files = {"accuracy": "profile_accuracy", "curves": "profile_curves"}
    files = {name: folder / f"{files.get(name, name)}.svg" for name in figures}
    for name, figure in figures.items():
        save_figure(figure, files[name])
    tables = {"table": "profiles.csv", "wells": "profile_wells.csv", "actin": "tiles.parquet"}
    return ProfileResults(
        verdict=_verdict(),
        clusters=_clusters(),
        thumbnails=thumbnails(_fields()),
        wells=wells,
        files={**files, **{name: Path("results/report") / file for name, file in tables.items()}},
        captions=read_captions(sorted((ROOT / "workflow/report/profiling").glob("*.rst"))),
        published=read_table(PUBLISHED, PUBLISHED_VERDICT),
        actin=actin,
    )


def _text(chapter: Chapter) -> str:
    """All that the chapter says, without its figures and pictures."""
    found: list[Any] = [chapter.lead, *chapter.warnings, *chapter.findings]
    for section in chapter.sections:
        found += [section.title, *section.text, *section.findings]
        for part in section.parts:
            found += [value for key, value in vars(part).items() if key not in ("svg", "images", "planes")]
    return str(found)


def test_the_chapter_says_what_came_out_and_shows_each_point_s_image(results: ProfileResults, tmp_path: Path) -> None:
    chapter = profile_chapter(results, profiling=PROFILING)
    write_chapter(chapter, tmp_path / "profiling.json")
    assert read_chapter(tmp_path / "profiling.json").findings == chapter.findings
    text = _text(chapter)
    assert chapter.findings[0].startswith("These embeddings classify unseen samples better than chance: PCA, classif")
    assert "75 % of the wells of unseen samples are classified correctly (50 to 90 %, p = 0.005)" in chapter.findings[1]
    assert "Methods that are fitted with the classes (classifier)" in text
    assert "published: DenseNet-121" in text
    assert "2 of 2 positive" in text
    # The network's own loss, and a published one.
    assert "What the classifiers themselves say" in text
    assert "0.64" in text
    assert "0.84" in text
    assert "'37'" in text
    assert "Are the classes spread over plates and positions?" in text
    assert "2: 1 sick, 1 well" in text
    assert "here it holds 100 of 50" in text
    assert chapter.picture is not None
    assert chapter.picture.file.endswith("profile_accuracy.svg")
    assert chapter.picture.caption.startswith("Share of the wells of unseen samples that are classified correctly")
    assert ("Samples", "column donor, 3 of them") in list(chapter.settings)
    (maps,) = [part for section in chapter.sections for part in section.parts if isinstance(part, WellMaps)]
    # Two methods, three maps, six wells, one of which has no place in UMAP.
    assert sum(len(plane.points) for plane in maps.planes) == 2 * (6 + 5 + 6)
    # The chapter begins with images.
    assert chapter.sections[0].parts[0] == maps
    assert [part.title for part in chapter.sections[1].parts] == ["Wells by room"]


def test_every_figure_has_a_caption(results: ProfileResults) -> None:
    chapter = profile_chapter(results, profiling=PROFILING)
    figures = [part for section in chapter.sections for part in section.parts if part.kind == "illustration"]
    assert len(figures) == 3
    assert all(len(figure.caption) > 50 for figure in figures)
    assert "indicates overfitting" in figures[-1].caption


def test_parts_that_did_not_run_are_left_out(results: ProfileResults) -> None:
    less = replace(results, published=None, actin=None)
    chapter = profile_chapter(less, profiling=PROFILING)
    assert [one.title for one in chapter.sections] == [
        *("", "Maps of the wells", "Clusters", "Replicates, plates, positions", "Networks")
    ]
    # Published figures are shown where the config names them, and nowhere else.
    assert "published" not in _text(chapter).lower()
    assert "Dincu" not in _text(chapter)
    assert "actin" not in _text(chapter)
    # Without a column whose values samples share, nothing can be spread.
    chapter = profile_chapter(replace(less, wells=less.wells.drop(columns="room")), profiling=PROFILING)
    assert "Are the classes spread" not in _text(chapter)


def test_without_classes_maps_are_the_picture(results: ProfileResults) -> None:
    seen = _verdict()
    described = replace(results, verdict=seen[seen["scope"] == "all"])
    chapter = profile_chapter(described, profiling=PROFILING | {"positive": []})
    assert chapter.picture is not None
    assert chapter.picture.file.endswith("map_label.svg")
    assert "nothing was judged" in _text(chapter)


def test_the_sixth_finding_goes_into_the_first_section(results: ProfileResults) -> None:
    one = _verdict()
    names = ("pca", "features", "autoencoder", "classifier", "densenet")
    many = pd.concat([one[one["method"] == "pca"].assign(method=name) for name in names], ignore_index=True)
    chapter = profile_chapter(replace(results, verdict=many), profiling=PROFILING)
    assert (len(chapter.findings), len(chapter.sections[0].findings)) == (5, 1)


@pytest.mark.parametrize(
    ("weights", "words"),
    [("random", "random weights"), ("imagenet", "trained on ImageNet"), ("w.weights.h5", "of the file w.weights.h5")],
)
def test_the_origin_of_weights_is_reported(results: ProfileResults, weights: str, words: str) -> None:
    verdict = _verdict()
    verdict.loc[verdict["method"] == "classifier", "method"] = "densenet"
    networks = PROFILING["networks"] | {"densenet_weights": weights}
    chapter = profile_chapter(replace(results, verdict=verdict), profiling=PROFILING | {"networks": networks})
    assert words in _text(chapter)


def test_published_figures_are_those_on_profiles(tmp_path: Path) -> None:
    assert holds_profiles(PUBLISHED)
    assert not holds_profiles(PUBLISHED.with_name("becker_2021.csv"))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match="empty"):
        holds_profiles(tmp_path / "empty.csv")


def test_accuracies_of_unseen_samples_are_drawn() -> None:
    axes = accuracy_figure(_verdict(), chance=0.6).axes[0]
    assert [list(line.get_xdata()) for line in axes.lines[:2]] == [[50.0, 90.0], [75.0]]
    assert list(axes.lines[-1].get_xdata()) == [60.0, 60.0]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["PCA", "classifier"]
    seen = _verdict()
    nothing = accuracy_figure(seen[seen["scope"] == "all"], chance=float("nan")).axes[0]
    assert "nothing can be said of unseen samples" in nothing.texts[0].get_text()


def test_nothing_found_is_said_first() -> None:
    found = profile_findings(_verdict(p_value=0.4))
    assert found[0].startswith("No embedding classifies unseen samples better than chance")
    assert "the smallest p is 0.400" in found[0]
    # Two methods were tried: 0.04 is not rare then.
    assert profile_findings(_verdict(p_value=0.04))[0].startswith("No embedding")
    partly = _verdict()
    partly.loc[partly["method"] == "classifier", "p_value"] = np.nan
    words = "classifier; too few samples are held out to test a method that was given the classes"
    assert profile_findings(partly)[0].endswith(f"(p at most 0.05 / 1 methods). Not covered: {words}.")
    alone = profile_findings(partly[partly["method"] == "classifier"])
    assert alone[0].startswith("Nothing was compared with chance: too few samples are held out")
    untested = profile_findings(_verdict(p_value=np.nan))
    assert untested[0] == "Nothing was compared with chance: profiling.n_permutations is 0."
    assert "(50 to 90 %, no p); " in untested[1]
    seen = _verdict()
    assert "nothing can be said" in profile_findings(seen[seen["scope"] == "all"])[0]


def test_designs_and_plates_are_warned_of() -> None:
    none = {"associated": [], "label": "diagnosis"}
    said = profile_warnings(_verdict(plate=0.5), confounded=["plate"], **none)
    assert said[0].startswith("plate is confounded with diagnosis: each value occurs in one class only")
    assert "PCA: plates explain 50 % of the embedding's variance, classes 20 %" in said[1]
    assert profile_warnings(_verdict(), confounded=[], **none) == []
    some = [Association("plate", 0.9, 0.01), Association("row", 0.9, 0.2), Association("site", 0.3, 0.01)]
    partly = profile_warnings(_verdict(), confounded=[], associated=some, label="diagnosis")
    assert len(partly) == 1
    assert partly[0].startswith("plate is associated with diagnosis (Cramér's V 0.90, p = 0.010)")
    # What was said of all of it is not said of part of it.
    assert len(profile_warnings(_verdict(), confounded=["plate"], associated=some, label="diagnosis")) == 1
    # As much by chance.
    assert profile_warnings(_verdict(plate=0.5, p_value=0.3), confounded=[], **none) == []


def test_a_thumbnail_is_red_where_the_first_channel_is_bright() -> None:
    raw = np.frombuffer(base64.b64decode(thumbnail(_fields().images[0], size_px=8)), dtype=np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    assert picture.shape == (8, 8, 3)
    assert picture[0, 0].tolist() == [0, 0, 255]
    assert picture[7, 7].tolist() == [0, 0, 0]
    grey = np.frombuffer(base64.b64decode(thumbnail(_fields().images[0, :1], size_px=8)), dtype=np.uint8)
    assert cv2.imdecode(grey, cv2.IMREAD_COLOR)[0, 0].tolist() == [255, 255, 255]
    check_table(thumbnails(_fields()), THUMBNAILS, source="test")
    assert thumbnails(_fields())["site"].tolist() == ["1", "1"]


def test_points_without_an_image_have_none() -> None:
    wells = pd.DataFrame(_annotations())
    found = well_maps(_clusters(), thumbnails(_fields()), titles={"pca": "PCA"}, annotations=wells)
    first = found.planes[0]
    assert first.title == "PCA: principal components"
    assert [point.image for point in first.points] == [0, 1, -1, -1, -1, -1]
    assert first.points[0].left == 4.0
    assert first.points[-1].left == 96.0
    assert first.points[0].words == "p1 A0: donor d0, room 1, diagnosis well"


def test_maps_of_too_few_wells_are_left_out() -> None:
    clusters = _clusters()
    clusters[["umap_1", "umap_2"]] = np.nan
    assert list(shown_planes(clusters)) == ["pc", "tsne"]
    figure = map_figure(clusters, groups=clusters["label"], name="diagnosis")
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["principal components", "t-SNE"]
    found = well_maps(clusters, thumbnails(_fields()), titles={}, annotations=pd.DataFrame(_annotations()))
    assert [one.title for one in found.planes][:2] == ["pca: principal components", "pca: t-SNE"]


def test_learning_curves_of_networks_and_multiplications() -> None:
    history = pd.DataFrame([(0, "net", 1, 0.9, 0.8), (1, "net", 1, 0.1, 0.1)], columns=PROFILE_HISTORY.names)
    multiplied = pd.DataFrame([("classifier", 5, 1, 0.7, 0.6)], columns=MULTIPLIED.names)
    figure = curves_figure({"classifier": history, "pca": history.iloc[:0]}, multiplied)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:2] == ["classifier", "classifier, fields multiplied"]
    # Fold 0 alone is drawn.
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[0.9], [0.8]]
    assert figure.axes[1].get_legend().get_texts()[0].get_text() == "5 ×"
