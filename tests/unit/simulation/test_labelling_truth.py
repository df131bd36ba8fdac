"""Predicted stains compared with the truth of a simulated plate."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.labelling.drift.tables import LABELLING_DRIFT
from wellspring.labelling.tables import LABELLING_AGREEMENT, LABELLING_FIELDS, LABELLING_SPLITS
from wellspring.labelling.well_images import write_predicted
from wellspring.segmentation.labels import write_labels
from wellspring.simulation.labelling_tables import LABELLING_FIELDS as TRUE_FIELDS
from wellspring.simulation.labelling_truth import compare_labelling, labelling_text
from wellspring.tables import write_table

# Plate, density, µm out of focus. A03 is not stained.
WELLS = {
    "A01": ("p", "low", 0.0),
    "A02": ("p", "high", 0.0),
    "A03": ("p", "high", 0.0),
    "B01": ("q", "high", 4.0),
    "B02": ("q", "high", 0.2),
}


def _discs() -> np.ndarray:
    y, x = np.mgrid[:120, :120]
    labels = np.zeros((120, 120), np.uint32)
    for number, (cy, cx) in enumerate([(25, 25), (25, 90), (90, 30), (85, 85)], start=1):
        labels[np.hypot(y - cy, x - cx) < 9] = number
    return labels


def _study(
    folder: Path, *, counts: dict[str, float], verdict: str = "usable", alarms: tuple[str, str] | None = ("out", "in")
) -> tuple[Path, Path]:
    plate, results, labels = folder / "plate", folder / "results", _discs()
    key = [{"plate": name, "well": well, "site": "1"} for well, (name, _, _) in WELLS.items()]
    truth = [
        {**one, "density": density, "z_um": z, "gain": 1.0, "n_nuclei": 4, "area_px": 240.0 + place}
        for place, (one, (_, density, z)) in enumerate(zip(key, WELLS.values(), strict=True))
    ]
    write_table(pd.DataFrame(truth), plate / "truth" / "fields.parquet", TRUE_FIELDS)
    stain = 100 + 900 * (labels > 0) + np.random.default_rng(0).normal(0, 5, labels.shape)
    for one in key:
        name, well = one["plate"], one["well"]
        (plate / "truth" / name).mkdir(parents=True, exist_ok=True)
        write_labels(plate / "truth" / name / f"{well}.nuclei.ome.tif", {"1": labels}, pixel_size_um=None)
        path = results / "labelling" / name / f"{well}.ome.tif"
        write_predicted(path, [("1", [stain])], stains=["nucleus"], is_probability=[False], pixel_size_um=None)
        row = dict.fromkeys(LABELLING_FIELDS.names, math.nan) | one | {"stain": "nucleus"}
        row |= {"is_measured": well in ("A01", "A02"), "predicted_count": counts.get(well, 4.0)}
        row |= {"predicted_area": 240.0 + list(WELLS).index(well), "count_of_light": 9.0}
        table = pd.DataFrame([row])[LABELLING_FIELDS.names]
        write_table(table, results / "labelling" / "fields" / name / f"{well}.parquet", LABELLING_FIELDS)
    splits = pd.DataFrame(key[:2]).assign(stain="nucleus", group="g", split="test")
    write_table(splits, results / "labelling" / "models" / "nucleus.splits.parquet", LABELLING_SPLITS)
    if alarms:
        known = dict.fromkeys(LABELLING_DRIFT.names, 0.0) | {"moved": "", "nearest": "", "step": 1}
        judged = [known | one | {"verdict": word} for one, word in zip(key[3:], alarms, strict=True)]
        drift = pd.DataFrame(judged)[LABELLING_DRIFT.names]
        write_table(drift, results / "labelling" / "drift.parquet", LABELLING_DRIFT)
    number = {c.name: 0 if c.dtype == "int64" else math.nan for c in LABELLING_AGREEMENT.columns}
    number |= {"reason": "", "source": "predicted", "density": "all"}
    rows = [
        number
        | {"reason": "", "stain": stain, "measure": measure, "source": "predicted", "density": "all", "verdict": word}
        for stain, measure, word in (("nucleus", "count", verdict), ("reporter", "mean", "not usable"))
    ]
    write_table(pd.DataFrame(rows), results / "labelling" / "agreement.parquet", LABELLING_AGREEMENT)
    return plate, results


def test_results_that_equal_the_truth_have_no_mistakes(tmp_path: Path) -> None:
    found = compare_labelling(*_study(tmp_path, counts={"B01": 7.0}))
    assert found.mistakes == ()
    # Unstained wells of the training plate count, since their truth is known.
    assert found.densities["n_fields"].tolist() == [1, 2]
    assert found.densities["f1"].tolist() == [1.0, 1.0]
    assert found.area_r == pytest.approx(1)
    assert found.later[["z_um", "predicted", "verdict"]].to_numpy().tolist() == [[4.0, 7.0, "out"], [0.2, 4.0, "in"]]
    text = labelling_text(found)
    assert "B01  +4.0 µm  true   4  predicted   7 (+75%)  alarm: out  (far out of focus)" in text
    assert "nuclear area of fields: r = 1.000" in text
    assert "reporter, mean: not usable" in text


def test_wrong_counts_and_wrong_promises_are_mistakes(tmp_path: Path) -> None:
    found = compare_labelling(*_study(tmp_path, counts={"A01": 8.0, "A02": 14.0, "A03": 3.0}))
    assert found.mistakes[0] == "nuclei at low density are counted +100% off"
    assert any(one.startswith("nuclear areas of fields correlate by") for one in found.mistakes)
    assert "the count is called usable and is not" in found.mistakes
    found = compare_labelling(*_study(tmp_path / "b", counts={"A01": 12.0, "A02": 14.0, "A03": 12.0}))
    assert "counts in the light itself are nearer to the truth" in found.mistakes


def test_one_nucleus_is_within_what_a_count_may_be_off(tmp_path: Path) -> None:
    found = compare_labelling(*_study(tmp_path, counts={"A01": 5.0}))
    assert not any("density" in one for one in found.mistakes)


def test_a_silent_and_a_false_alarm_are_mistakes_and_none_is_asked_for(tmp_path: Path) -> None:
    found = compare_labelling(*_study(tmp_path, counts={}, alarms=("in", "out")))
    assert found.mistakes == ("no alarm in q/B01, +4.0 µm out of focus", "a false alarm in q/B02, +0.2 µm from focus")
    found = compare_labelling(*_study(tmp_path / "b", counts={}, alarms=None))
    assert found.mistakes == ()
    assert "alarm:" not in labelling_text(found)


def test_a_run_without_results_is_reported(tmp_path: Path) -> None:
    plate, _ = _study(tmp_path, counts={})
    with pytest.raises(FileNotFoundError, match="expected a table per well"):
        compare_labelling(plate, tmp_path / "none")
