"""The scripts of the stage groups, called as functions on tables of a drawn plate."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wellspring.groups.tables import CONTRASTS, MEASURED_WELLS
from wellspring.report.chapter import read_chapter
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.spots.images import TABLES
from wellspring.tables import read_table, write_table

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
WELLS = [f"A{number:02d}" for number in range(1, 9)]
REPORT = {"group_by": "condition", "replicate": None, "controls": ["DMSO"]}
GROUPS = {
    "min_cells": 3,
    "doubtful_share": 0.5,
    "least_controls": 3,
    "max_correlation": 0.9,
    "min_replicate_share": 0.2,
}
OUTPUT = {
    "wells": "groups/wells.parquet",
    "contrasts": "tables/groups.csv",
    "units": "tables/units.csv",
    "scores": "tables/wells_robust_z.csv",
    "ratios": "tables/wells_ratio.csv",
    "features": "tables/features.csv",
}


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _filled(columns: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, other columns of the table filled with what means nothing."""
    empty = {"str": "none", "int64": 0, "float64": 0.0, "bool": False}
    return pd.DataFrame({c.name: rows[c.name] if c.name in rows else empty[c.dtype] for c in columns}, index=rows.index)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, list[Path]]:
    """Tables of eight wells of 20 cells: DMSO has 10 spots a cell, the drug 20; well A08 is in doubt."""
    files: dict[str, list[Path]] = {"nuclei": [], "spots": [], "thresholds": []}
    rng = np.random.default_rng(0)
    for number, well in enumerate(WELLS):
        keys = {"plate": "p", "well": well, "site": "1", "channel": "RNA"}
        counts = rng.poisson(10 if number < 4 else 20, size=20)
        cells = pd.DataFrame({**keys, "object_id": range(1, 21), "label_in_site": range(1, 21), "n_spots": counts})
        site = pd.DataFrame([{**keys, "n_spots": counts.sum(), "n_nuclei": 20}])
        doubts = "unstable count" if well == "A08" else "none"
        for name, table, rows in (
            ("spots", TABLES["cells"], cells),
            ("thresholds", TABLES["thresholds"], site.assign(doubts=doubts)),
            ("nuclei", SITE_NUCLEI, site),
        ):
            path = tmp_path / name / "p" / f"{well}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_table(_filled(table.columns, rows), path, table)
            files[name].append(path)
    return files


COUNTING = {"has_nuclei": True, "are_all_labelled": False}


@pytest.mark.slow
def test_features_of_cells_are_compared_too(tmp_path: Path, given: dict[str, list[Path]]) -> None:
    rng = np.random.default_rng(1)
    cells = pd.DataFrame({"plate": "p", "well": np.repeat(WELLS, 30), "is_border_cell": False})
    cells["is_in_no_cell"] = False
    is_drug = cells["well"].isin(WELLS[4:])
    cells["Nuclei_AreaShape_Area_um2"] = 100 + 50 * is_drug + rng.normal(size=len(cells))
    cells["Nuclei_Texture_Contrast"] = rng.normal(size=len(cells))
    features = [tmp_path / f"{well}.parquet" for well in WELLS]
    for path in features:
        cells[cells["well"] == path.stem].to_parquet(path)
    sheet = {"plate": ["p"] * 8, "well": WELLS, "condition": ["DMSO"] * 4 + ["drug"] * 4}
    output = {name: tmp_path / file for name, file in OUTPUT.items()}
    resampling = {"bootstrap_samples": 100, "permutations": 100, "seed": 1}
    tables = {**given, "cells": features}
    _script("groups_compare").main(
        given=tables, sheet=sheet, report=REPORT, resampling=resampling, groups=GROUPS, counting=COUNTING, output=output
    )
    contrasts = read_table(output["contrasts"], CONTRASTS).set_index("measure")
    assert contrasts["difference"]["Nuclei_AreaShape_Area_um2"] == pytest.approx(50, abs=1)
    assert contrasts["p_value"]["Nuclei_AreaShape_Area_um2"] == pytest.approx(2 / 70)
    chosen = pd.read_csv(output["features"]).set_index("measure")["is_chosen"]
    assert chosen["Nuclei_AreaShape_Area_um2"]
    figures = {"counts": tmp_path / "groups.svg", "drawn": tmp_path / "group_features.svg"}
    _script("groups_chapter").main(
        given=output,
        spots=given["spots"],
        features=features,
        captions=sorted((SCRIPTS.parent / "report" / "groups").glob("*.rst")),
        sheet=sheet,
        report=REPORT,
        n_features=1,
        output={**figures, "chapter": tmp_path / "groups.json"},
    )
    assert "Nuclei AreaShape Area µm²" in figures["drawn"].read_text(encoding="utf-8")
    second = read_chapter(tmp_path / "groups.json").sections[1]
    assert second.title == "Features"
    assert second.parts[1].rows[0][0] == "Nuclei AreaShape Area µm²"


@pytest.mark.slow
def test_groups_are_compared_and_the_chapter_is_written(tmp_path: Path, given: dict[str, list[Path]]) -> None:
    sheet = {"plate": ["p"] * 8, "well": WELLS, "condition": ["DMSO"] * 4 + ["drug"] * 4}
    output = {name: tmp_path / file for name, file in OUTPUT.items()}
    _script("groups_compare").main(
        given=given,
        sheet=sheet,
        report=REPORT,
        resampling={"bootstrap_samples": 100, "permutations": 100, "seed": 1},
        groups=GROUPS,
        counting=COUNTING,
        output=output,
    )
    contrasts = read_table(output["contrasts"], CONTRASTS).set_index("measure")
    row = contrasts.loc["spots_per_cell_RNA"]
    wells = read_table(output["wells"], MEASURED_WELLS)
    counts = pd.concat(pd.read_parquet(path) for path in given["spots"])
    means = counts.groupby("well")["n_spots"].mean()
    assert row["difference"] == pytest.approx(means["A05":"A07"].mean() - means["A01":"A04"].mean())  # type: ignore[misc]
    assert row["difference_all"] == pytest.approx(means["A05":"A08"].mean() - means["A01":"A04"].mean())  # type: ignore[misc]
    assert row["n_doubtful"] == 1
    assert set(wells["measure"]) == {"nuclei_per_site", "spots_per_cell_RNA"}
    assert pd.read_csv(output["ratios"])["reference"].eq("controls").all()

    figures = {"counts": tmp_path / "groups.svg", "drawn": tmp_path / "group_features.svg"}
    captions = sorted((SCRIPTS.parent / "report" / "groups").glob("*.rst"))
    _script("groups_chapter").main(
        given={**output},
        spots=given["spots"],
        features=[],
        captions=captions,
        sheet=sheet,
        report=REPORT,
        n_features=6,
        output={**figures, "chapter": tmp_path / "groups.json"},
    )
    chapter = read_chapter(tmp_path / "groups.json")
    assert chapter.findings[0].startswith("Spots per cell, RNA: ")
    assert chapter.picture is not None
    assert "drug" in figures["counts"].read_text(encoding="utf-8")
