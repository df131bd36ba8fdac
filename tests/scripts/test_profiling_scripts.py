"""The scripts of the rules on profiles, one after the other, on a small study with a well that lost all its sites."""

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.profiling.job import ReadingSettings
from wellspring.profiling.tables import CLUSTERS, EMBEDDING, NETWORK_SCORES, THUMBNAILS, VERDICT
from wellspring.quality.correction import Correction, write_correction
from wellspring.raw.describe import describe_well
from wellspring.raw.index import write_index
from wellspring.report.chapter import read_chapter
from wellspring.tables import read_table

if TYPE_CHECKING:
    from wellspring.models.devices import CPU

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
CHANNELS = ["actin", "nuclei"]
WELLS = [f"B{number:02d}" for number in range(1, 9)]
LOST = "B08"
DESIGN = {"positive": ["patient"], "folds": 3, "seed": 1}
REDUCING: dict[str, Any] = {"method": "pca", "cells": [], "design": DESIGN, "settings": {"pca_components": 4}}
PROFILING = {
    "sample": "donor",
    "label": "diagnosis",
    "field_size_px": 32,
    "n_permutations": 9,
    "batch_columns": ["plate"],
    **DESIGN,
}


def _main(script: str) -> Any:
    return runpy.run_path(str(SCRIPTS / f"{script}.py"))["main"]


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's threads are set once a process, and the tests share one."""
    monkeypatch.setattr("wellspring.models.devices.prepared_device", lambda *, threads: CPU)


RAW = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "channels": None, "pixel_size_um": None}
READING = ReadingSettings(("actin", "nuclei"), "max", {})


@pytest.fixture
def fields(tmp_path: Path) -> list[Path]:
    """Fields of eight wells on a plate, two sites each; patients' actin has stripes."""
    (tmp_path / "plate").mkdir()
    rng = np.random.default_rng(0)
    even = np.ones((2, 2), dtype=np.float32)
    write_correction(tmp_path / "correction.npz", Correction(dict.fromkeys(CHANNELS, even)))
    paths = []
    for number, well in enumerate(WELLS):
        image = rng.poisson(200, (2, 2, 48, 48))
        image[:, 0, ::4] += 300 * (number % 2)
        for site, one in zip("12", image.astype(np.uint16), strict=True):
            for channel, plane in zip(CHANNELS, one, strict=True):
                tifffile.imwrite(tmp_path / "plate" / f"{well}_s{site}_{channel}.tif", plane)
        index = tmp_path / "raw" / f"{well}.json"
        write_index(describe_well(tmp_path / "plate", plate="p", well=well, raw=RAW), index)
        paths.append(tmp_path / "fields" / "p" / f"{well}.npz")
        _main("profiling_fields")(**_plate(tmp_path, index), reading=READING, steps=[], size_px=32, fields=paths[-1])
    return paths


def _plate(folder: Path, index: Path) -> dict[str, Any]:
    left_out = ["1", "2"] if index.stem == LOST else []
    return {"index": index, "correction": folder / "correction.npz", "left_out": left_out}


def _annotations() -> list[dict[str, str]]:
    names = ["control", "patient"]
    return [
        {"plate": "p", "well": well, "sample": f"d{n}", "label": names[n % 2], "donor": f"d{n}"}
        for n, well in enumerate(WELLS)
    ]


def test_from_images_to_the_chapter(fields: list[Path], tmp_path: Path) -> None:
    people = _annotations()
    folder = tmp_path / "embeddings" / "pca"
    embedded = [folder / "p" / f"{well}.parquet" for well in WELLS]
    _main("profiling_reduce")(**REDUCING, fields=fields, annotations=people, output=embedded)
    assert [len(read_table(path, EMBEDDING)) for path in embedded] == [8] * 7 + [0]
    verdict, clusters = tmp_path / "pca.parquet", tmp_path / "clusters.parquet"
    judging = {"positive": ["patient"], "controls": ["control"], "batch_columns": ["plate"], "seed": 1}
    judging |= {"n_permutations": 9, "n_bootstraps": 9}
    _main("profiling_judge")(
        method="pca",
        wells=embedded,
        scores=[],
        annotations=people,
        needs_classes=False,
        judging=judging,
        output=(verdict, clusters),
    )
    accuracy = read_table(verdict, VERDICT).query("metric == 'accuracy' and scope == 'unseen'")
    assert accuracy["value"].tolist() == [1.0]
    thumbnails = tmp_path / "thumbnails.parquet"
    _main("profiling_thumbnails")(fields=fields, output=thumbnails)
    names = ("table.csv", "wells.csv", "accuracy.svg", "dendrograms.svg", "curves.svg", "map_label.svg", "chapter.json")
    made = {name.split(".")[0]: tmp_path / "report" / name for name in names}
    files = {"verdicts": [verdict], "clusters": [clusters], "embeddings": embedded, "thumbnails": [thumbnails]}
    files |= {name: [] for name in ("histories", "multiplied", "published", "actin")}
    files["captions"] = sorted((SCRIPTS.parent / "report/profiling").glob("*.rst"))
    _main("profiling_chapter")(files=files, annotations=people, profiling=PROFILING, output=made)
    wells = read_table(made["wells"], CLUSTERS)
    # The well without a site has no profile, and no picture.
    assert wells["well"].tolist() == WELLS[:-1]
    assert read_table(thumbnails, THUMBNAILS)["well"].tolist() == WELLS[:-1]
    assert all(path.stat().st_size > 1000 for path in made.values() if path.suffix == ".svg")
    chapter = read_chapter(made["chapter"])
    assert "PCA: 100 % of the wells of unseen samples are classified correctly" in chapter.findings[1]
    assert chapter.picture is not None


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
    output = [tmp_path / f"{well}.parquet" for well in WELLS]
    with pytest.raises(ValueError, match=words):
        _main("profiling_reduce")(**REDUCING, fields=fields, annotations=people, output=output)
    assert not output[0].exists()


def test_a_study_without_any_site_left(fields: list[Path], tmp_path: Path) -> None:
    output = [tmp_path / "B08.parquet"]
    with pytest.raises(ValueError, match=r"no site is left. Look at results/report/images.csv"):
        _main("profiling_reduce")(**REDUCING, fields=fields[-1:], annotations=_annotations(), output=output)


def test_a_network_and_what_it_says_itself(fields: list[Path], tmp_path: Path) -> None:
    people = _annotations()
    settings = {"width": 8, "n_blocks": 2, "embedding_size": 3, "dropout": 0.0}
    settings |= {"multiplication": 2, "epochs": 2, "batch_size": 4, "learning_rate": 0.001}
    folder = tmp_path / "embeddings" / "classifier"
    embedded = [folder / "p" / f"{well}.parquet" for well in WELLS]
    scores = folder / "scores.parquet"
    given = {"method": "classifier", "fields": fields, "annotations": people, "design": DESIGN, "settings": settings}
    _main("profiling_embed")(**given, threads=1, wells=embedded, scores=scores, history=folder / "history.csv")
    own = read_table(scores, NETWORK_SCORES)
    assert (own["split"] == "unseen").sum() == 14
    assert own["score"].between(0, 1).all()
    judging = {"positive": ["patient"], "controls": ["control"], "batch_columns": ["plate"], "seed": 1}
    judging |= {"n_permutations": 0, "n_bootstraps": 9}
    output = tmp_path / "verdict.parquet", tmp_path / "clusters.parquet"
    _main("profiling_judge")(
        method="classifier",
        wells=embedded,
        scores=[scores],
        annotations=people,
        needs_classes=True,
        judging=judging,
        output=output,
    )
    told = read_table(output[0], VERDICT).query("question == 'network'").set_index(["scope", "metric"])
    unseen = own[own["split"] == "unseen"]
    is_patient = unseen["well"].map({one["well"]: one["label"] == "patient" for one in people})
    assert told.loc[("unseen", "accuracy"), "value"] == pytest.approx(((unseen["score"] > 0.5) == is_patient).mean())
    assert set(told.index.get_level_values("scope")) == {"train", "validation", "unseen"}


def test_channels_and_sites_come_through_the_index(fields: list[Path], tmp_path: Path) -> None:
    reading = ReadingSettings(("nuclei", "membrane"), "max", {})
    with pytest.raises(ValueError, match=r"in well p/B01, but \['membrane'\] are not among"):
        _main("profiling_fields")(
            **_plate(tmp_path, tmp_path / "raw/B01.json"),
            reading=reading,
            steps=[],
            size_px=32,
            fields=tmp_path / "none.npz",
        )
    # Steps of quality.preprocessing apply to profiles.
    steps = [{"step": "crop", "size_px": 40, "channels": ["actin"]}]
    with pytest.raises(ValueError, match="crop all channels alike; site 1"):
        _main("profiling_fields")(
            **_plate(tmp_path, tmp_path / "raw/B01.json"),
            reading=READING,
            steps=steps,
            size_px=32,
            fields=tmp_path / "none.npz",
        )
    assert not (tmp_path / "none.npz").exists()
