"""Simulated monolayers: what severity and defects do to the images, and a small study with its truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.profiling.tables import CLUSTERS, VERDICT
from wellspring.quality.measures import focus_slope
from wellspring.quality.tables import KEPT_SITES
from wellspring.simulation.monolayer import Optics, draw_monolayer
from wellspring.simulation.monolayer_plates import Donor, MonolayerSettings, simulate_monolayer_plates
from wellspring.simulation.monolayer_truth import (
    MonolayerComparison,
    compare_monolayers,
    is_monolayer_plate,
    monolayer_text,
)
from wellspring.simulation.tables import MONOLAYER_SITES
from wellspring.tables import read_table, write_table

OPTICS = Optics(200.0, 0.8, 0.4)


def _field(**changes: object) -> np.ndarray:
    settings = {"severity": 0.0, "optics": OPTICS, "defect": "none", "rng": np.random.default_rng(3)} | changes
    return draw_monolayer(128, **settings).astype(float) - 100


def test_actin_leaves_the_rim_with_severity() -> None:
    shares = []
    for severity in (0.0, 0.5, 1.0):
        actin, borders, _ = _field(severity=severity)
        rim = borders > np.quantile(borders, 0.85)
        shares.append(actin[rim].sum() / actin.sum())
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 1.5 * shares[2]


def test_defects_do_what_they_say() -> None:
    plain, blurred, dirty = (_field(defect=name) for name in ("none", "defocus", "debris"))
    assert focus_slope(blurred[1]) < focus_slope(plain[1]) - 1
    assert dirty[0].max() > 5 * plain[0].max()


@pytest.mark.slow
def test_corners_are_dark() -> None:
    fields = np.mean([_field(rng=np.random.default_rng(n))[2] for n in range(60)], axis=0)
    corner, middle = fields[:32, :32].mean(), fields[48:80, 48:80].mean()
    assert corner / middle == pytest.approx(1 - 0.4 * 2 * 0.38**2 / 0.5, abs=0.08)


def test_a_study_is_written_with_its_truth(tmp_path: Path) -> None:
    donors = (Donor("HC1", "control", 0.0), Donor("SSC1", "patient", 0.8))
    settings = MonolayerSettings(donors, n_sites=2, size_px=64, n_bad=2)
    said: list[str] = []
    sheet = simulate_monolayer_plates(tmp_path / "study", settings=settings, seed=1, report=said.append)
    wells = pd.read_csv(sheet, sep="\t")
    assert len(wells) == 4
    assert sorted(wells["objective"].unique()) == ["objective 1", "objective 2"]
    assert said == ["plasma01: 2 wells, 2 bad sites", "plasma02: 2 wells, 2 bad sites"]
    truth = read_table(tmp_path / "study" / "truth" / "sites.parquet", MONOLAYER_SITES)
    assert truth["defect"].value_counts().to_dict() == {"none": 4, "defocus": 2, "debris": 2}
    assert (truth.loc[truth["donor"] == "SSC1", "severity"] > 0.6).all()
    assert is_monolayer_plate(tmp_path / "study")
    first = wells.iloc[0]
    assert tifffile.imread(tmp_path / "study" / first["path"] / f"{first['well']}_s1_actin.tif").shape == (64, 64)
    with pytest.raises(FileExistsError, match="expected a new or empty folder"):
        simulate_monolayer_plates(tmp_path / "study", settings=settings, seed=1)


def test_the_comparison_in_words() -> None:
    found = {"method": ["pca"], "accuracy": [0.75], "p_value": [0.01], "severe_2": [0.5]}
    methods = pd.DataFrame(found | {"severe_auroc": [1.0], "groups_3": [0.4]})
    text = monolayer_text(MonolayerComparison(6, 8, 6, methods))
    assert "6 planted, 8 flagged, 6 of them planted (precision 0.75, recall 1.00)" in text
    assert "pca" in text
    assert "precision not defined" in monolayer_text(MonolayerComparison(6, 0, 0, methods))


def test_a_run_beside_the_truth(tmp_path: Path) -> None:
    names = {"HC1": 0.0, "HC2": 0.0, "SSC1": 0.2, "SSCHL1": 0.8}
    rows = []
    for n, (name, severity) in enumerate(names.items()):
        diagnosis = "control" if name.startswith("HC") else "patient"
        rows.append(("p", f"A{n}", "1", name, diagnosis, severity, "none" if n else "debris"))
    write_table(pd.DataFrame(rows, columns=MONOLAYER_SITES.names), tmp_path / "truth/sites.parquet", MONOLAYER_SITES)
    sites = [("p", f"A{n}", "1", n < 2, n > 1, "none") for n in range(4)]
    write_table(pd.DataFrame(sites, columns=KEPT_SITES.names), tmp_path / "quality/plates/p/sites.parquet", KEPT_SITES)
    verdict = [
        ("pca", "classification", scope, "accuracy", value, 0.0, 1.0, 0.04)
        for scope, value in (("robust z", 0.5), ("unseen", 0.75))
    ]
    # What a network says of fields is another question.
    verdict.insert(0, ("pca", "network", "unseen", "accuracy", 0.25, 0.0, 1.0, 0.04))
    folder = tmp_path / "profiling"
    write_table(pd.DataFrame(verdict, columns=VERDICT.names), folder / "verdicts/pca.parquet", VERDICT)
    # All wells: cluster 1 is the severe one, three are the groups. Unseen: cluster 1 is another, three are nothing.
    # Scores: severe above the other patient.
    clusters = [
        ("pca", "p", f"A{n}", name, "x", int(n == 3), max(0, n - 1), 0, 0, *[0.0] * 6, int(n == 0), 0, float(n))
        for n, name in enumerate(names)
    ]
    write_table(pd.DataFrame(clusters, columns=CLUSTERS.names), folder / "clusters/pca.parquet", CLUSTERS)
    found = compare_monolayers(tmp_path, tmp_path)
    assert (found.n_planted, found.n_flagged, found.n_found) == (1, 2, 1)
    row = found.methods.iloc[0]
    assert (row["accuracy"], row["p_value"], row["severe_auroc"]) == (0.75, 0.04, 1.0)
    assert (row["severe_2_all"], row["groups_3_all"], row["groups_3"]) == (1.0, 1.0, 0.0)
    assert row["severe_2"] < 0.2


def test_a_run_that_judged_nothing_beside_the_truth(tmp_path: Path) -> None:
    names = {"HC1": 0.0, "SSC1": 0.2, "SSCHL1": 0.8}
    sites = [("p", f"A{n}", "1", name, "patient", severity, "none") for n, (name, severity) in enumerate(names.items())]
    write_table(pd.DataFrame(sites, columns=MONOLAYER_SITES.names), tmp_path / "truth/sites.parquet", MONOLAYER_SITES)
    kept = [("p", f"A{n}", "1", False, True, "none") for n in range(3)]
    write_table(pd.DataFrame(kept, columns=KEPT_SITES.names), tmp_path / "quality/plates/p/sites.parquet", KEPT_SITES)
    folder = tmp_path / "profiling"
    verdict = pd.DataFrame([("pca", "clusters", "all", "kmeans larger", 2.0, *[float("nan")] * 3)])
    write_table(verdict.set_axis(VERDICT.names, axis=1), folder / "verdicts/pca.parquet", VERDICT)
    clusters = [
        ("pca", "p", f"A{n}", name, "none", int(n == 2), n, 0, 0, *[0.0] * 6, -1, -1, float("nan"))
        for n, name in enumerate(names)
    ]
    write_table(pd.DataFrame(clusters, columns=CLUSTERS.names), folder / "clusters/pca.parquet", CLUSTERS)
    row = compare_monolayers(tmp_path, tmp_path).methods.iloc[0]
    assert row[["accuracy", "p_value", "severe_auroc"]].isna().all()
    assert row["severe_2_all"] == 1.0
