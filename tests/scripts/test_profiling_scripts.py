"""The scripts of the rules on profiles, one after the other, on a small study with a well that lost all its sites."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wellspring.models.devices import CPU
from wellspring.profiling.tables import CLUSTERS, EMBEDDING, NETWORK_SCORES, THUMBNAILS, VERDICT
from wellspring.quality.images import CorrectedSite, write_corrected
from wellspring.quality.tables import KEPT_SITES
from wellspring.tables import read_table, write_table

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
CHANNELS = ["actin", "nuclei"]
WELLS = [f"B{number:02d}" for number in range(1, 9)]
LOST = "B08"


def _main(script: str) -> Any:
    return runpy.run_path(str(SCRIPTS / f"{script}.py"))["main"]


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's threads are set once a process, and the tests share one."""
    monkeypatch.setattr("wellspring.models.devices.prepared_device", lambda *, threads: CPU)


@pytest.fixture
def fields(tmp_path: Path) -> list[Path]:
    """Fields of eight wells on a plate, two sites each; patients' actin has stripes."""
    rng = np.random.default_rng(0)
    rows = [("p", well, site, well == LOST, well != LOST, "none") for well in WELLS for site in "12"]
    write_table(pd.DataFrame(rows, columns=KEPT_SITES.names), tmp_path / "sites.parquet", KEPT_SITES)
    paths = []
    for number, well in enumerate(WELLS):
        image = rng.poisson(200, (2, 2, 48, 48))
        image[:, 0, ::4] += 300 * (number % 2)
        sites = [CorrectedSite(site, one.astype(np.uint16)) for site, one in zip("12", image, strict=True)]
        write_corrected(tmp_path / f"{well}.ome.tif", sites, channels=CHANNELS, pixel_size_um=None)
        paths.append(tmp_path / "fields" / "p" / f"{well}.npz")
        _main("profiling_fields")(
            images=tmp_path / f"{well}.ome.tif",
            sites=tmp_path / "sites.parquet",
            key=("p", well),
            channels=CHANNELS,
            size_px=32,
            fields=paths[-1],
        )
    return paths


def _annotations() -> list[dict[str, str]]:
    names = ["control", "patient"]
    return [
        {"plate": "p", "well": well, "sample": f"d{n}", "label": names[n % 2], "donor": f"d{n}"}
        for n, well in enumerate(WELLS)
    ]


def test_from_corrected_images_to_the_report_s_tables(fields: list[Path], tmp_path: Path) -> None:
    people = _annotations()
    design = {"annotations": people, "positive": ["patient"], "folds": 3, "seed": 1, "pca_components": 4}
    folder = tmp_path / "embeddings" / "pca"
    embedded = [folder / "p" / f"{well}.parquet" for well in WELLS]
    _main("profiling_reduce")(method="pca", fields=fields, cells=[], params=design, output=embedded)
    assert [len(read_table(path, EMBEDDING)) for path in embedded] == [8] * 7 + [0]
    verdict, clusters = tmp_path / "pca.parquet", tmp_path / "clusters.parquet"
    judging = {"positive": ["patient"], "controls": ["control"], "batch_columns": ["plate"], "seed": 1}
    judging |= {"n_permutations": 9, "n_bootstraps": 9}
    _main("profiling_judge")(
        method="pca", wells=embedded, scores=[], annotations=people, judging=judging, output=(verdict, clusters)
    )
    accuracy = read_table(verdict, VERDICT).query("metric == 'accuracy' and scope == 'unseen'")
    assert accuracy["value"].tolist() == [1.0]
    names = ("table.csv", "wells.csv", "thumbnails.parquet", "dendrograms.svg", "curves.svg", "map_label.svg")
    made = {name.split(".")[0]: tmp_path / "report" / name for name in names}
    files = {"verdicts": [verdict], "clusters": [clusters], "embeddings": embedded, "fields": fields}
    files |= {"histories": [], "multiplied": []}
    _main("report_profiles")(files=files, annotations=people, output=made)
    wells = read_table(made["wells"], CLUSTERS)
    # The well without a site has no profile, and no picture.
    assert wells["well"].tolist() == WELLS[:-1]
    assert read_table(made["thumbnails"], THUMBNAILS)["well"].tolist() == WELLS[:-1]
    assert all(path.stat().st_size > 1000 for path in made.values() if path.suffix == ".svg")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": ["control"] * 8}, "expected two classes or more among the wells with kept sites"),
        ({"sample": ["a", "b"] * 4}, r"3 folds need as many samples of each class"),
    ],
)
def test_studies_that_cannot_be_judged(
    fields: list[Path], tmp_path: Path, changes: dict[str, list[str]], words: str
) -> None:
    people = pd.DataFrame(_annotations()).assign(**changes).to_dict("records")
    design = {"annotations": people, "positive": ["patient"], "folds": 3, "seed": 1, "pca_components": 4}
    output = [tmp_path / f"{well}.parquet" for well in WELLS]
    with pytest.raises(ValueError, match=words):
        _main("profiling_reduce")(method="pca", fields=fields, cells=[], params=design, output=output)
    assert not output[0].exists()


def test_a_study_without_any_site_left(fields: list[Path], tmp_path: Path) -> None:
    design = {"annotations": _annotations(), "positive": ["patient"], "folds": 3, "seed": 1, "pca_components": 4}
    with pytest.raises(ValueError, match=r"no site is left. Look at results/quality/sites.parquet"):
        _main("profiling_reduce")(
            method="pca", fields=fields[-1:], cells=[], params=design, output=[tmp_path / "B08.parquet"]
        )


def test_a_network_and_what_it_says_itself(fields: list[Path], tmp_path: Path) -> None:
    people = _annotations()
    settings = {"width": 8, "n_blocks": 2, "embedding_size": 3, "dropout": 0.0, "reconstruction": "mse"}
    settings |= {"multiplication": 2, "epochs": 2, "batch_size": 4, "learning_rate": 0.001}
    design = {"annotations": people, "positive": ["patient"], "folds": 3, "seed": 1, "settings": settings}
    folder = tmp_path / "embeddings" / "classifier"
    embedded = [folder / "p" / f"{well}.parquet" for well in WELLS]
    scores = folder / "scores.parquet"
    output = (embedded, scores, folder / "history.csv")
    _main("profiling_embed")(method="classifier", fields=fields, params=design, threads=1, output=output)
    own = read_table(scores, NETWORK_SCORES)
    assert (own["split"] == "unseen").sum() == 14
    assert own["score"].between(0, 1).all()
    judging = {"positive": ["patient"], "controls": ["control"], "batch_columns": ["plate"], "seed": 1}
    judging |= {"n_permutations": 0, "n_bootstraps": 9}
    output = tmp_path / "verdict.parquet", tmp_path / "clusters.parquet"
    _main("profiling_judge")(
        method="classifier", wells=embedded, scores=[scores], annotations=people, judging=judging, output=output
    )
    told = read_table(output[0], VERDICT).query("question == 'network'").set_index(["scope", "metric"])
    unseen = own[own["split"] == "unseen"]
    is_patient = unseen["well"].map({one["well"]: one["label"] == "patient" for one in people})
    assert told.loc[("unseen", "accuracy"), "value"] == pytest.approx(((unseen["score"] > 0.5) == is_patient).mean())
    assert set(told.index.get_level_values("scope")) == {"train", "validation", "unseen"}
