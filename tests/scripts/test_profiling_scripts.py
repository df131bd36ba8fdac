"""The scripts of the rules on profiles, one after the other, on a small study with a well that lost all its sites."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wellspring.models.devices import CPU
from wellspring.quality.images import CorrectedSite, write_corrected
from wellspring.tables import read_table, write_table
from wellspring.tables.profiling import CLUSTERS, EMBEDDING, VERDICT
from wellspring.tables.quality import KEPT_SITES
from wellspring.tables.report import THUMBNAILS

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
    design = {"annotations": people, "positive": ["patient"], "folds": 3, "seed": 1, "settings": {"pca_components": 4}}
    folder = tmp_path / "embeddings" / "pca"
    embedded = [folder / "p" / f"{well}.parquet" for well in WELLS]
    output = (embedded, folder / "history.csv")
    _main("profiling_embed")(method="pca", fields=fields, cells=[], params=design, threads=1, output=output)
    assert [len(read_table(path, EMBEDDING)) for path in embedded] == [8] * 7 + [0]
    verdict, clusters = tmp_path / "pca.parquet", tmp_path / "clusters.parquet"
    judging = {"positive": ["patient"], "controls": ["control"], "batch_columns": ["plate"], "seed": 1}
    judging |= {"n_permutations": 9, "n_bootstraps": 9}
    _main("profiling_judge")(
        method="pca", wells=embedded, annotations=people, judging=judging, output=(verdict, clusters)
    )
    accuracy = read_table(verdict, VERDICT).query("metric == 'accuracy' and scope == 'unseen'")
    assert accuracy["value"].tolist() == [1.0]
    names = ("table.csv", "wells.csv", "thumbnails.parquet", "dendrograms.svg", "curves.svg", "map_label.svg")
    made = {name.split(".")[0]: tmp_path / "report" / name for name in names}
    files = {"verdicts": [verdict], "clusters": [clusters], "embeddings": embedded, "fields": fields}
    files |= {"histories": [folder / "history.csv"], "multiplied": []}
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
    design = {"annotations": people, "positive": ["patient"], "folds": 3, "seed": 1, "settings": {"pca_components": 4}}
    output = ([tmp_path / f"{well}.parquet" for well in WELLS], tmp_path / "history.csv")
    with pytest.raises(ValueError, match=words):
        _main("profiling_embed")(method="pca", fields=fields, cells=[], params=design, threads=1, output=output)
    assert not output[1].exists()


def test_a_study_without_any_site_left(fields: list[Path], tmp_path: Path) -> None:
    design = {"annotations": _annotations(), "positive": ["patient"], "folds": 3, "seed": 1, "settings": {}}
    output = ([tmp_path / "B08.parquet"], tmp_path / "history.csv")
    with pytest.raises(ValueError, match=r"no site is left. Look at results/quality/sites.parquet"):
        _main("profiling_embed")(method="pca", fields=fields[-1:], cells=[], params=design, threads=1, output=output)
