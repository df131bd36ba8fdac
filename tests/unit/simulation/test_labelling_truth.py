"""Predicted stains compared with the truth of a simulated plate."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.labelling.tables import LABELLING_AGREEMENT, LABELLING_FIELDS, LABELLING_SPLITS
from wellspring.labelling.well_images import write_predicted
from wellspring.segmentation.labels import write_labels
from wellspring.simulation.labelling_tables import LABELLING_FIELDS as TRUE_FIELDS
from wellspring.simulation.labelling_truth import compare_labelling, labelling_text
from wellspring.tables import write_table

WELLS = {"A01": ("low", 0.0), "A02": ("high", 0.0), "B01": ("high", 4.0)}


def _discs() -> np.ndarray:
    y, x = np.mgrid[:120, :120]
    labels = np.zeros((120, 120), np.uint32)
    for number, (cy, cx) in enumerate([(25, 25), (25, 90), (90, 30), (85, 85)], start=1):
        labels[np.hypot(y - cy, x - cx) < 9] = number
    return labels


def _study(folder: Path, *, counts: dict[str, float], verdict: str = "usable") -> tuple[Path, Path]:
    plate, results, labels = folder / "plate", folder / "results", _discs()
    key = [{"plate": "p", "well": well, "site": "1"} for well in WELLS]
    truth = [
        {**one, "density": density, "z_um": z, "gain": 1.0, "n_nuclei": 4, "area_px": 250.0}
        for one, (density, z) in zip(key, WELLS.values(), strict=True)
    ]
    write_table(pd.DataFrame(truth), plate / "truth" / "fields.parquet", TRUE_FIELDS)
    stain = 100 + 900 * (labels > 0) + np.random.default_rng(0).normal(0, 5, labels.shape)
    for one in key:
        well = one["well"]
        (plate / "truth" / "p").mkdir(parents=True, exist_ok=True)
        write_labels(plate / "truth" / "p" / f"{well}.nuclei.ome.tif", {"1": labels}, pixel_size_um=None)
        path = results / "labelling" / "p" / f"{well}.ome.tif"
        write_predicted(path, [("1", [stain])], stains=["nucleus"], is_probability=[False], pixel_size_um=None)
        row = dict.fromkeys(LABELLING_FIELDS.names, math.nan) | one | {"stain": "nucleus"}
        row |= {"is_measured": well != "B01", "predicted_count": counts[well], "count_of_light": 9.0}
        table = pd.DataFrame([row])[LABELLING_FIELDS.names]
        write_table(table, results / "labelling" / "fields" / "p" / f"{well}.parquet", LABELLING_FIELDS)
    splits = pd.DataFrame(key[:2]).assign(stain="nucleus", group="g", split="test")
    write_table(splits, results / "labelling" / "models" / "nucleus.splits.parquet", LABELLING_SPLITS)
    number = {c.name: 0 if c.dtype == "int64" else math.nan for c in LABELLING_AGREEMENT.columns}
    rows = [
        number | {"stain": stain, "measure": measure, "source": "predicted", "verdict": word, "reason": ""}
        for stain, measure, word in (("nucleus", "count", verdict), ("reporter", "mean", "not usable"))
    ]
    write_table(pd.DataFrame(rows), results / "labelling" / "agreement.parquet", LABELLING_AGREEMENT)
    return plate, results


def test_results_that_equal_the_truth_have_no_mistakes(tmp_path: Path) -> None:
    found = compare_labelling(*_study(tmp_path, counts={"A01": 4.0, "A02": 4.0, "B01": 7.0}))
    assert found.mistakes == ()
    assert found.densities["f1"].tolist() == [1.0, 1.0]
    assert found.focus[["z_um", "predicted"]].to_numpy().tolist() == [[4.0, 7.0]]
    text = labelling_text(found)
    assert "B01  +4.0 µm  true 4  predicted 7 (+75%)  far out of focus" in text
    assert "reporter, mean: not usable" in text


def test_wrong_counts_and_wrong_promises_are_mistakes(tmp_path: Path) -> None:
    found = compare_labelling(*_study(tmp_path, counts={"A01": 8.0, "A02": 14.0, "B01": 4.0}))
    assert found.mistakes[0] == "nuclei at low density are counted +100% off"
    assert "counts in the light itself are nearer to the truth" in found.mistakes
    assert "the count is called usable and is not" in found.mistakes


def test_a_run_without_results_is_reported(tmp_path: Path) -> None:
    plate, _ = _study(tmp_path, counts={"A01": 4.0, "A02": 4.0, "B01": 4.0})
    with pytest.raises(FileNotFoundError, match="expected a table per well"):
        compare_labelling(plate, tmp_path / "none")
