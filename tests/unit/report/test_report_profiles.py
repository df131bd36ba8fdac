"""The chapter on profiles: tables beside published ones, points with images, figures, what is said first."""

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from wellspring.profiling.batches import Association
from wellspring.profiling.fields import Fields
from wellspring.profiling.profiles import Profiles
from wellspring.profiling.report.chapter import profile_findings, profile_warnings, profiles_sections
from wellspring.profiling.report.figures import curves_figure, dendrogram_figure, map_figure
from wellspring.profiling.report.well_maps import cloud, thumbnail, thumbnails
from wellspring.profiling.tables import ACTIN, CLUSTERS, MULTIPLIED, PROFILE_HISTORY, THUMBNAILS, VERDICT
from wellspring.report.page import Page, render_page
from wellspring.report.style import save_figure
from wellspring.tables import check_table, write_table

ROOT = Path(__file__).resolve().parents[3]
METHODS = ("pca", "classifier")
PROFILING = {
    "sample": "donor",
    "label": "diagnosis",
    "positive": ["sick"],
    "batch_columns": ["plate"],
    "networks": {"densenet_weights": "random"},
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


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """What the chapter is made of, as the workflow writes it."""
    write_table(_verdict(), tmp_path / "profiles.csv", VERDICT)
    write_table(_clusters(), tmp_path / "profile_wells.csv", CLUSTERS)
    write_table(thumbnails(_fields()), tmp_path / "thumbnails.parquet", THUMBNAILS)
    rows = [("p1", "A1", "1", split, 0.5, 0.25, 100, 50) for split in ("train", "unseen")]
    write_table(pd.DataFrame(rows, columns=ACTIN.names), tmp_path / "tiles.parquet", ACTIN)
    wells = pd.DataFrame(_annotations())
    values = np.random.default_rng(0).normal(size=(6, 3))
    figures = {
        "dendrograms": dendrogram_figure({"pca": Profiles(wells, values), "features": Profiles(wells[:1], values[:1])}),
        "map_label": map_figure(_clusters(), groups=_clusters()["label"], name="diagnosis"),
        "curves": curves_figure({}, None),
    }
    for name, figure in figures.items():
        save_figure(figure, tmp_path / f"{name}.svg")
    tables = {"verdict": "profiles.csv", "clusters": "profile_wells.csv", "actin": "tiles.parquet"}
    tables |= {"thumbnails": "thumbnails.parquet", **{name: f"{name}.svg" for name in figures}}
    published = ROOT / "resources/published/dincu_2021.csv"
    return {name: tmp_path / file for name, file in tables.items()} | {"published_profiles": published}


def _page(files: dict[str, Path], **changes: Any) -> str:
    sections = profiles_sections(files, profiling=PROFILING | changes, annotations=_annotations())
    return render_page(Page("title", "lead", sections, "footer"))


def test_the_chapter_says_what_was_found_and_shows_each_point_s_image(files: dict[str, Path]) -> None:
    page = _page(files)
    assert "told better than by chance by: PCA, classifier" in page
    assert "75\u00a0% of the wells of unseen samples are classified correctly (50 to 90\u00a0%, p = 0.005)" in page
    assert "Methods that are told the classes when they are fitted (classifier)" in page
    assert "published: DenseNet-121" in page
    assert "2 of 2 positive" in page
    # The network's own loss, and a published one.
    assert "What the classifiers themselves say" in page
    assert "0.64" in page
    assert "0.84" in page
    assert ">37<" in page
    assert "Are the classes spread over plates and positions?" in page
    assert "2: 1 sick, 1 well" in page
    # Two methods, three maps, six wells, one of which has no place in UMAP.
    assert page.count('class="card') == 2 * (6 + 5 + 6)
    assert "<script" not in page
    assert ".wells-1 { background-image: url(data:image/png;base64," in page
    assert "here it holds 100 of 50" in page


def test_parts_that_did_not_run_are_left_out(files: dict[str, Path]) -> None:
    assert profiles_sections({}, profiling=PROFILING, annotations=[]) == []
    less = {name: path for name, path in files.items() if name not in ("actin", "curves", "published_profiles")}
    sections = profiles_sections(less, profiling=PROFILING, annotations=_annotations())
    assert [one.anchor for one in sections] == [
        *("profiles", "profile-maps", "profile-clusters", "profile-batches", "profile-networks")
    ]
    # Without a column whose values samples share, nothing can be spread.
    wells = [{name: value for name, value in well.items() if name != "room"} for well in _annotations()]
    sections = profiles_sections(less, profiling=PROFILING, annotations=wells)
    assert "Are the classes spread" not in render_page(Page("title", "lead", sections, "footer"))


@pytest.mark.parametrize(
    ("weights", "words"),
    [("random", "random weights"), ("imagenet", "trained on ImageNet"), ("w.weights.h5", "of the file w.weights.h5")],
)
def test_the_origin_of_weights_is_told(files: dict[str, Path], weights: str, words: str) -> None:
    verdict = _verdict()
    verdict.loc[verdict["method"] == "classifier", "method"] = "densenet"
    write_table(verdict, files["verdict"], VERDICT)
    assert words in _page(files, networks={"densenet_weights": weights})


def test_nothing_found_is_said_first() -> None:
    found = profile_findings(_verdict(p_value=0.4))
    assert found[0].startswith("No embedding tells the classes of unseen samples better than by chance")
    assert "the least p is 0.400" in found[0]
    # Two methods were tried: 0.04 is not rare then.
    assert profile_findings(_verdict(p_value=0.04))[0].startswith("No embedding")
    untested = profile_findings(_verdict(p_value=np.nan))
    assert untested[0] == "Nothing was compared with chance: profiling.n_permutations is 0."
    assert "(50 to 90 %, no p); " in untested[1]
    seen = _verdict()
    assert "nothing can be said" in profile_findings(seen[seen["scope"] == "all"])[0]


def test_designs_and_plates_are_warned_of() -> None:
    none = {"associated": [], "label": "diagnosis"}
    said = profile_warnings(_verdict(plate=0.5), confounded=["plate"], **none)
    assert said[0].startswith("Each value of the column plate goes with one class of diagnosis only")
    assert "PCA: plates explain 50 % of the embedding's variance, classes 20 %" in said[1]
    assert profile_warnings(_verdict(), confounded=[], **none) == []
    some = [Association("plate", 0.9, 0.01), Association("row", 0.9, 0.2), Association("site", 0.3, 0.01)]
    partly = profile_warnings(_verdict(), confounded=[], associated=some, label="diagnosis")
    assert len(partly) == 1
    assert partly[0].startswith("The column plate goes with the classes of diagnosis (Cramér's V 0.90, p = 0.010)")
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
    found = cloud(_clusters(), thumbnails(_fields()), titles={"pca": "PCA"}, annotations=wells)
    first = found.planes[0]
    assert first.title == "PCA: principal components"
    assert [point.image for point in first.points] == [0, 1, -1, -1, -1, -1]
    assert first.points[0].left == 4.0
    assert first.points[-1].left == 96.0
    assert first.points[0].words == "p1 A0: donor d0, room 1, diagnosis well"


def test_learning_curves_of_networks_and_multiplications() -> None:
    history = pd.DataFrame([(0, "net", 1, 0.9, 0.8), (1, "net", 1, 0.1, 0.1)], columns=PROFILE_HISTORY.names)
    multiplied = pd.DataFrame([("classifier", 5, 1, 0.7, 0.6)], columns=MULTIPLIED.names)
    figure = curves_figure({"classifier": history, "pca": history.iloc[:0]}, multiplied)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:2] == ["classifier", "classifier, fields multiplied"]
    # Fold 0 alone is drawn.
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[0.9], [0.8]]
    assert figure.axes[1].get_legend().get_texts()[0].get_text() == "5 ×"
