"""From wells to the chapter's sections on drift and stability: jobs, figures, sentences."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import tifffile

from tests.unit.labelling.drawn import drawn_field
from wellspring.labelling.corruptions.tables import LABELLING_STABILITY, LABELLING_TOLERANCE
from wellspring.labelling.drift.job import model_digest, read_embeddings, roles_of_wells, save_found
from wellspring.labelling.drift.judging import judge_drift
from wellspring.labelling.drift.state import load_alarm
from wellspring.labelling.drift.tables import LABELLING_DRIFT, LABELLING_DRIFT_PLATES, LABELLING_EMBEDDINGS
from wellspring.labelling.report.limits import (
    draw_drift,
    draw_stability,
    drift_findings,
    limits_sections,
    stability_findings,
)
from wellspring.labelling.settings import ModelSettings
from wellspring.labelling.tables import LABELLING_SPLITS
from wellspring.raw.tiff import describe_tiff
from wellspring.report.style import save_figure
from wellspring.tables import check_table, empty_table, write_table

if TYPE_CHECKING:
    from wellspring.labelling.corruptions.job import stability_of_stain
    from wellspring.labelling.drift.embedding import embed_wells
    from wellspring.labelling.job import train_stain, training_settings

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS = {"steps": 2, "steps_per_epoch": 2, "crop_px": 48, "batch_size": 1, "augmentation": {"max_scale": 1.0}}
STABILITY = {
    "kinds": ["exposure"],
    "fields": 2,
    "contrast": "dic",
    "aperture": 0.45,
    "condenser_aperture": 0.2,
    "planes_um": [],
}


def test_wells_are_embedded_judged_corrupted_and_shown(tmp_path: Path) -> None:
    names = [("p", f"A{number:02d}") for number in range(1, 8)] + [("q", "A01")]
    for number, (plate, well) in enumerate(names):
        (tmp_path / plate).mkdir(exist_ok=True)
        for site in (1, 2):
            field = drawn_field(10 * number + site, size=64)
            tifffile.imwrite(tmp_path / plate / f"{well}_s{site}_DIC.tif", field.planes[0])
            if plate == "p":
                tifffile.imwrite(tmp_path / plate / f"{well}_s{site}_nucleus.tif", field.stain)
    pattern = "{well}_s{site}_{channel}.tif"
    wells = [
        describe_tiff(tmp_path / plate, plate=plate, well=well, pattern=pattern, channels=None, pixel_size_um=0.5)
        for plate, well in names
    ]
    splits = {f"p/A{n:02d}": "train" if n < 6 else "validation" if n == 6 else "test" for n in range(1, 8)}
    files = {"model": tmp_path / "nucleus.keras", "about": tmp_path / "nucleus.json", "splits": tmp_path / "s.parquet"}
    files["embedder"] = files["model"]
    split_table, _ = train_stain(
        wells,
        light=["DIC"],
        stain="nucleus",
        splits=splits,
        steps=[],
        model=ModelSettings(width=4, n_levels=2, window_px=0),
        training=training_settings(STEPS, seed=2),
        output=files["model"],
        about=files["about"],
        report=print,
    )
    write_table(split_table, files["splits"], LABELLING_SPLITS)
    paths = []
    for plate in ("p", "q"):
        paths.append(tmp_path / f"{plate}.parquet")
        own = [one for one in wells if one.plate == plate]
        found = embed_wells(own, files["model"], light=["DIC"], offset=0.0, tile_px=128)
        write_table(found, paths[-1], LABELLING_EMBEDDINGS)
    fields = read_embeddings(paths)
    # Two fields a well; means and standard deviations of 4 · 2² channels.
    assert len(fields) == 16
    assert sum(name.startswith("e_") for name in fields.columns) == 32
    judged = judge_drift(fields, roles_of_wells(fields, split_table), window=5, expected_run=8, seed=1)
    check_table(judged.wells, LABELLING_DRIFT, source="x")
    assert judged.reference == ("p/A06", "p/A07")
    save_found(tmp_path / "alarm.npz", judged, embedding=model_digest(files["model"]))
    with pytest.raises(ValueError, match="there is no alarm"):
        load_alarm(tmp_path / "alarm.npz", embedding=model_digest(files["model"]))
    stable = stability_of_stain(
        wells,
        files=files,
        embeddings=paths,
        stain="nucleus",
        light=["DIC"],
        offset=0.0,
        stability=STABILITY,
        off=0.1,
        tile_px=128,
        seed=1,
    )
    check_table(stable.curves, LABELLING_STABILITY, source="x")
    check_table(stable.tolerances, LABELLING_TOLERANCE, source="x")
    assert stable.curves["n_wells"].max() == 2
    assert set(stable.curves["measure"]) == {"count", "area", "mean", "alarm"}


def _drift() -> pd.DataFrame:
    known = {name: 0.0 for name in LABELLING_DRIFT.names if name.endswith("_sd")}
    rows = [
        {"plate": "q", "well": f"A0{n}", "step": n, "statistic": 0.1 * n, "threshold": 0.25, "chart": 0.4 * n, **known}
        for n in (1, 2, 3)
    ]
    verdicts, moved = ["in", "warn", "out"], ["", "", "focus, distance"]
    return pd.DataFrame(rows).assign(verdict=verdicts, moved=moved, nearest="p/A01")[LABELLING_DRIFT.names]


def test_sections_say_what_was_found(tmp_path: Path) -> None:
    wells = _drift()
    assert drift_findings(wells) == [
        "Plate q: 1 of 3 wells are unlike the training plate, the first is A03 (moved: focus and embedding)."
    ]
    assert drift_findings(wells.assign(verdict="in")) == ["Plate q: its 3 wells are like those of the training plate."]
    tolerances = pd.DataFrame(
        [("dna", "blur", "px", 1, 1.5, 1.0, 2.0, True, 3.0, np.nan, "no")], columns=LABELLING_TOLERANCE.names
    )
    assert stability_findings(tolerances, off=0.1) == ["Counts are 10% off at: blur 1.5 px (no alarm before)."]
    assert stability_findings(tolerances.assign(reached=False), off=0.1) == [
        "No corruption that was tried changed the counts by 10%."
    ]
    curves = pd.DataFrame(
        [("dna", "blur", "px", measure, level, 1.0 * level, 1 - 0.1 * level, 0.8, 1.0, 3, 0.0)
         for measure in ("count", "alarm") for level in (0, 1)],
        columns=LABELLING_STABILITY.names,
    )  # fmt: skip
    drift = [tmp_path / name for name in ("w.parquet", "p.parquet", "a.json", "t.csv", "d.svg")]
    write_table(wells, drift[0], LABELLING_DRIFT)
    write_table(empty_table(LABELLING_DRIFT_PLATES), drift[1], LABELLING_DRIFT_PLATES)
    verified = {"steps": 70.2, "lower": 30.0, "upper": 140.0, "n_steps": 700, "n_alarms": 10}
    about = {"refused": "", "window": 4, "expected_run": 64.0, "n_reference": 30, "verified": verified}
    drift[2].write_text(json.dumps(about))
    save_figure(draw_drift(wells), drift[4])
    save_figure(draw_stability(curves, tolerances, off=0.1), tmp_path / "s.svg")
    write_table(tolerances, tmp_path / "tol.parquet", LABELLING_TOLERANCE)
    files = {"drift": drift, "tolerances": [tmp_path / "tol.parquet"], "stability": [tmp_path / "s.svg"]}
    first, second = limits_sections(files, captions={"drift": "Drift.", "stability": "Stability."}, off=0.1)
    assert "gave one in 70 (95 % interval 30 to 140)" in first.text[0]
    assert second.findings == ["dna: Counts are 10% off at: blur 1.5 px (no alarm before)."]
    none = {"drift": [], "tolerances": [], "stability": []}
    assert limits_sections(none, captions={}, off=0.1) == []
