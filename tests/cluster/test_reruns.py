"""What runs again through the profile when a well or a module changes, and how a user asks for a part."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.cluster.studies import MANIFEST, N_WELLS, Study

pytestmark = pytest.mark.cluster


def test_a_changed_well_reruns_its_jobs_and_what_aggregates(copied: Callable[..., Study]) -> None:
    study = copied()
    assert study.planned() == {}
    row = study.wells.iloc[1]
    pixels_file = study.folder / "plate" / row["path"] / "mpp.npy"
    pixels = np.load(pixels_file)
    pixels[0, 0] += 1
    np.save(pixels_file, pixels)
    planned = study.planned()
    per_well = ("raw_describe", "cells_crop", "dataset_select")
    # All others aggregate over wells.
    assert planned == {**study.planned("--forceall"), **dict.fromkeys(per_well, 1)}
    before = study.times()
    study.run(MANIFEST)
    changed = {name for name, when in study.times().items() if before.get(name) != when}
    stages = {name for name in changed if name.startswith(("raw/", "cells/", "dataset/"))}
    well = f"{row['plate']}/{row['well']}"
    own = {f"raw/{well}.json", f"cells/crops/{well}.parquet", f"cells/crops/{well}.arrow"}
    own |= {f"dataset/{well}.parquet", f"dataset/filtered/{well}.parquet", f"dataset/histograms/{well}.npz"}
    merged = {f"dataset/{name}.parquet" for name in ("manifest", "filtered", "normalization")}
    assert own <= stages <= own | merged
    assert changed == stages
    ran = [record["Comment"] for record in study.accounted()]
    assert not [comment for comment in ran if "training" in comment or "report" in comment]


def test_one_well_by_its_path_and_a_stop_after_a_stage(copied: Callable[..., Study]) -> None:
    study = copied("raw", "cells", "dataset", "training", "attribution", "report")
    row = study.wells.iloc[0]
    one = study.planned(f"results/cells/crops/{row['plate']}/{row['well']}.parquet")
    assert one == {"raw_describe": 1, "cells_crop": 1}
    assert study.planned("--until", "raw_describe") == {"raw_describe": N_WELLS}
    upto = study.planned("--until", "cells_crop")
    assert upto == {"raw_describe": N_WELLS, "cells_crop": N_WELLS}
    study.run(f"results/raw/{row['plate']}/{row['well']}.json")
    assert {name for name in study.times() if name.startswith("raw/")} == {f"raw/{row['plate']}/{row['well']}.json"}
    study.run("--until", "raw_describe")
    described = {f"raw/{one.plate}/{one.well}.json" for one in study.wells.itertuples()}
    assert set(study.times()) == described


def test_an_edited_module_reruns_the_rules_that_use_it_and_no_others(copied: Callable[..., Study]) -> None:
    study = copied()
    module = study.checkout / "src/wellspring/training/report/predictions.py"
    text = module.read_text(encoding="utf-8")
    try:
        module.write_text(f"{text}\n# Edited.\n", encoding="utf-8")
        assert study.planned() == {"training_predictions": 2, "training_chapter": 1, "report_page": 1}
        before = study.times()
        study.run()
        changed = {name for name, when in study.times().items() if before.get(name) != when}
        # The page is written anew, with a page for each chapter where there are those.
        pages = {name for name in before if name.startswith("report/pages/")}
        assert changed == {
            *pages,
            *(f"report/predictions_{name}.svg" for name in ("linear", "simple_cnn")),
            *("report/metrics.csv", "report/metrics.svg", "report/histories.svg", "report/chapters/training.json"),
            *("report/report.html", "report/made_with.json"),
        }
        assert study.planned() == {}
    finally:
        module.write_text(text, encoding="utf-8")
