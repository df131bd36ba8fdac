"""snakemake as a user runs it, on a simulated plate."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from wellspring.profiling.tables import EMBEDDING, NETWORK_SCORES, VERDICT
from wellspring.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[2]
Snakemake = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.workflow

# Of wells that are images.
IMAGE_SCRIPTS = {
    *("segmentation_nuclei", "segmentation_cells", "spots_detect"),
    *("quality_measure", "quality_flag", "quality_illumination", "quality_correct"),
    *(
        "profiling_fields",
        "profiling_reduce",
        "profiling_embed",
        "profiling_judge",
        "profiling_multiply",
        "profiling_actin",
    ),
    *("report_images", "report_profiles", "report_segmentation", "report_spots", "report_overlays"),
}


def _times(folder: Path) -> dict[str, int]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in files}


def _job_counts(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The job table that a dry run prints: rule to count."""
    words = [line.split() for line in (result.stdout + result.stderr).splitlines()]
    return {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit() and w[0] != "total"}


def _config(folder: Path, **changes: object) -> None:
    """Change blocks of the run's config: `block={key: value}`."""
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for block, values in changes.items():
        config[block] = {**config.get(block, {}), **values} if isinstance(values, dict) else values
    path.write_text(yaml.safe_dump(config), encoding="utf-8")


def _wells(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "plate" / "wells.tsv", sep="\t", dtype=str)


def _first_well(folder: Path) -> Path:
    return folder / "plate" / _wells(folder)["path"][0]


def _no_temporaries(folder: Path) -> bool:
    return not [p for p in (folder / "results").rglob(".*") if p.is_file() and p.name != ".snakemake_timestamp"]


@pytest.fixture(scope="module")
def finished(simulated_plate: Path, tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    """A plate after the whole workflow ran on it; tests that change it must copy it."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    shutil.copytree(simulated_plate, folder)
    result = run(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture
def again(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished plate with its times kept."""
    return Path(shutil.copytree(finished, tmp_path / "again"))


def test_lint(plate: Path, run: Snakemake) -> None:
    result = run(plate, "--lint")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Congratulations" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "n_trained", "n_explained"),
    [("config/config.yaml", 4, 2), ("config/demo/config.yaml", 4, 2), ("config/validation/config.yaml", 12, 6)],
)
def test_every_shipped_mpm_config_plans_all_rules(
    name: str, n_trained: int, n_explained: int, plate: Path, run: Snakemake
) -> None:
    shutil.copytree(plate / "known" / "truth", plate / "plate" / "truth")
    sheet = _wells(plate)
    sheet["path"] = [str(plate / "plate" / path) for path in sheet["path"]]
    (plate / "config").mkdir()
    sheet.to_csv(plate / "config" / "wells.tsv", sep="\t", index=False)
    result = run(plate, "--dry-run", configfile=ROOT / name)
    assert result.returncode == 0, result.stdout + result.stderr
    counts = _job_counts(result)
    assert counts["cells_crop"] == len(sheet)
    assert counts["training_fit"] == n_trained
    assert counts["attribution_map"] == n_explained
    # Nothing removed, 3 rankings of 5 percentages, 2 of 4 numbers of channels, 3 seeds; the demo: 3 trainings.
    retrained = {"config/validation/config.yaml": (1 + 15 + 8) * 3, "config/demo/config.yaml": 3}
    assert counts.get("attribution_retrain", 0) == retrained.get(name, 0)


def test_the_profiling_config_plans_all_rules(tmp_path: Path, run: Snakemake) -> None:
    (tmp_path / "config").mkdir()
    for well in ("B02", "B03"):
        for channel in ("actin", "borders", "nuclei"):
            (tmp_path / "config" / f"{well}_s1_{channel}.tif").touch()
    people = {"donor": ["HC1", "SSC1"], "diagnosis": ["control", "patient"], "objective": ["1", "2"]}
    sheet = pd.DataFrame({"plate": "p", "well": ["B02", "B03"], "path": ".", **people})
    (tmp_path / "plate").mkdir()
    sheet.assign(path="../config").to_csv(tmp_path / "plate" / "wells.tsv", sep="\t", index=False)
    result = run(tmp_path, "--dry-run", configfile=ROOT / "config/profiling/config.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    counts = _job_counts(result)
    assert (counts["profiling_fields"], counts["profiling_reduce"], counts["profiling_embed"]) == (2, 2, 2)
    assert counts["profiling_judge"] == 4
    assert (counts["profiling_multiply"], counts["profiling_actin"], counts["report_profiles"]) == (1, 1, 1)


def test_a_classifier_is_judged_by_its_embedding_and_its_own_scores(tmp_path: Path, run: Snakemake) -> None:
    (tmp_path / "plate").mkdir()
    for n in range(6):
        (tmp_path / "plate" / f"B{n}_s1_actin.tif").touch()
    people = {"sample": [f"s{n}" for n in range(6)], "label": list("xyxyxy")}
    sheet = pd.DataFrame({"plate": "p", "well": [f"B{n}" for n in range(6)], "path": ".", **people})
    sheet.to_csv(tmp_path / "plate" / "wells.tsv", sep="\t", index=False)
    profiling = {"methods": ["classifier"], "positive": ["y"], "folds": 3, "n_permutations": 9}
    tiff = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 1.0}
    _config(tmp_path, raw=tiff, quality={"channels": ["actin"]}, profiling=profiling, wells="plate/wells.tsv")
    folder = tmp_path / "results/profiling/embeddings/classifier"
    rows = [("p", f"B{n}", "1", fold, fold != n // 2 + 1, float(n % 2), 1.0) for fold in range(4) for n in range(6)]
    embedding = pd.DataFrame(rows, columns=[*EMBEDDING.names, "e_000", "e_001"])
    for well, own in embedding.groupby("well"):
        write_table(own, folder / "p" / f"{well}.parquet", EMBEDDING)
    scores = embedding.assign(split=np.where(embedding["is_seen"], "train", "unseen"), score=embedding["e_000"])
    write_table(scores[NETWORK_SCORES.names], folder / "scores.parquet", NETWORK_SCORES)
    verdict = "results/profiling/verdicts/classifier.parquet"
    result = run(tmp_path, verdict, "--allowed-rules", "profiling_judge")
    assert result.returncode == 0, result.stdout + result.stderr
    found = read_table(tmp_path / verdict, VERDICT).set_index(["question", "scope", "metric"])["value"]
    assert found["network", "unseen", "accuracy"] == found["classification", "unseen", "accuracy"] == 1


def test_a_sheet_that_lacks_what_profiles_need_is_told_before_anything_runs(tmp_path: Path, run: Snakemake) -> None:
    (tmp_path / "plate").mkdir()
    (tmp_path / "plate" / "B02_s1_actin.tif").touch()
    sheet = pd.DataFrame({"plate": "p", "well": ["B02"], "path": "."})
    sheet.to_csv(tmp_path / "plate" / "wells.tsv", sep="\t", index=False)
    result = run(tmp_path, "--dry-run", configfile=ROOT / "config/profiling/config.yaml")
    assert result.returncode != 0
    assert "profiling names the columns ['diagnosis', 'donor', 'objective'], but the sheet has" in (
        result.stdout + result.stderr
    )


def test_the_real_config_plans_all_rules(tmp_path: Path, run: Snakemake) -> None:
    for well in ("B7", "D7"):
        for number, channel in enumerate(("DAPI", "GFP", "RFP"), start=1):
            (tmp_path / f"{well}_01_{number}_3_{channel}_001.tif").touch()
    sheet = pd.DataFrame({"plate": "nf1", "well": ["B7", "D7"], "path": "."})
    sheet.to_csv(tmp_path / "wells.tsv", sep="\t", index=False)
    result = run(tmp_path, "--dry-run", configfile=ROOT / "config/real/config.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    assert _job_counts(result)["segmentation_nuclei"] == 2


def test_the_whole_workflow_makes_the_report_and_every_log(finished: Path) -> None:
    page = (finished / "results/report/report.html").read_text(encoding="utf-8")
    assert "linear" in page
    manifest = pd.read_parquet(finished / "results/dataset/manifest.parquet")
    assert set(manifest["split"]) == {"train", "validation", "test"}
    cells = pd.concat(pd.read_parquet(p) for p in (finished / "results/cells").rglob("*.parquet"))
    assert cells.groupby(["plate", "well"]).size().tolist() == [60, 60, 60]
    metrics = pd.read_parquet(finished / "results/training/metrics.parquet")
    assert set(metrics["model"]) == {"baseline", "linear"}
    rules = {p.name.removesuffix(".log") for p in (finished / "logs").iterdir()}
    scripts = {p.stem for p in (ROOT / "workflow/scripts").glob("*.py")}
    # What removes and retrains runs in the demo.
    assert rules == scripts - IMAGE_SCRIPTS - {"attribution_rank", "attribution_retrain", "report_roar"}
    assert _no_temporaries(finished)


def test_a_second_run_does_nothing(finished: Path, run: Snakemake) -> None:
    before = _times(finished / "results")
    result = run(finished)
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout + result.stderr
    assert _times(finished / "results") == before


def test_a_touched_or_changed_well_reruns_that_well_and_what_is_merged_only(again: Path, run: Snakemake) -> None:
    before = _times(again / "results/cells")
    (_first_well(again) / "mpp.npy").touch()
    touched = run(again, "--dry-run")
    assert "Nothing to be done" in touched.stdout + touched.stderr, "a small file with the same bytes is the same"
    pixels = np.load(_first_well(again) / "mpp.npy")
    pixels[0, 0] += 1
    np.save(_first_well(again) / "mpp.npy", pixels)
    counts = _job_counts(run(again, "--dry-run"))
    assert (counts["raw_describe"], counts["cells_crop"], counts["dataset_select"]) == (1, 1, 1)
    assert counts["training_fit"] == 2
    result = run(again, "results/dataset/manifest.parquet")
    assert result.returncode == 0, result.stdout + result.stderr
    changed = {name for name, time_ns in _times(again / "results/cells").items() if before.get(name) != time_ns}
    row = _wells(again).iloc[0]
    assert changed == {f"{row['plate']}/{row['well']}.parquet", f"{row['plate']}/{row['well']}.arrow"}


def test_a_well_made_again_by_name_is_followed_by_what_is_merged(again: Path, run: Snakemake) -> None:
    row = _wells(again).iloc[0]
    counts = _job_counts(run(again, "--dry-run", "--forcerun", f"results/cells/{row['plate']}/{row['well']}.parquet"))
    assert (counts["cells_crop"], counts["dataset_select"], counts["dataset_merge"]) == (1, 1, 1)
    assert (counts["training_fit"], counts["report_page"]) == (2, 1)
    assert "raw_describe" not in counts


def test_adding_a_well_makes_that_well_only_and_moves_no_cell(again: Path, run: Snakemake) -> None:
    sheet = _wells(again)
    shutil.copytree(_first_well(again), _first_well(again).with_name("Z99"))
    added = {**sheet.iloc[0].to_dict(), "well": "Z99", "path": str(Path(sheet["path"][0]).with_name("Z99"))}
    for table in _first_well(again).parent.glob("wells_metadata.csv"):
        known = pd.read_csv(table)
        known = pd.concat([known, known.iloc[[0]].assign(well_name="Z99")])
        times = table.stat()
        known.to_csv(table, index=False)
        os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
    pd.concat([sheet, pd.DataFrame([added])]).to_csv(again / "plate/wells.tsv", sep="\t", index=False)
    before = pd.read_parquet(again / "results/dataset/manifest.parquet")
    counts = _job_counts(run(again, "--dry-run"))
    assert (counts["raw_describe"], counts["cells_crop"], counts["dataset_select"]) == (1, 1, 1)
    result = run(again, "results/dataset/manifest.parquet")
    assert result.returncode == 0, result.stdout + result.stderr
    after = pd.read_parquet(again / "results/dataset/manifest.parquet")
    both = before.merge(after, on=["plate", "well", "object_id"], validate="one_to_one", suffixes=("", "_after"))
    assert len(both) == len(before) < len(after)
    assert (both["split"] == both["split_after"]).all()


def test_a_changed_filter_keeps_the_crops(again: Path, run: Snakemake) -> None:
    _config(again, dataset={"filter": [{"column": "is_border_cell", "drop": [1]}], "select": {}, "stratify": []})
    config = yaml.safe_load((again / "config.yaml").read_text(encoding="utf-8"))
    config["dataset"].pop("stratify")
    (again / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    counts = _job_counts(run(again, "--dry-run"))
    assert "cells_crop" not in counts
    assert counts["dataset_select"] == 3


def test_a_killed_job_leaves_nothing_half_written_and_the_next_run_goes_on(plate: Path, run: Snakemake) -> None:
    _config(plate, training={"models": ["linear"], "regimes": ["structure"], "epochs": 400, "patience": 400})
    target = "results/training/linear/structure/123/model.keras"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(plate)]
    command += ["--workflow-profile", str(ROOT / "profiles/default"), target]
    command += ["--configfile", str(plate / "config.yaml")]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    resume = plate / "results/training/linear/structure/123/resume"
    state = resume / "state.npz"
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert state.exists(), "the job was not seen to train"
    assert not (plate / target).exists()
    run(plate, "--unlock")
    _config(plate, training={"models": ["linear"], "regimes": ["structure"], "epochs": 400, "patience": 400})
    result = run(plate, target)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "resumes after epoch" in result.stdout + result.stderr
    history = pd.read_csv(plate / "results/training/linear/structure/123/history.csv")
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    assert not resume.exists()


def _draw_field(path: Path, *, n_nuclei: int, rng: np.random.Generator) -> None:
    """Two images of a site, 150 x 150 px: nuclei of 20 px on a grid in DAPI, and another level for each in GFP."""
    y, x = np.mgrid[:150, :150]
    images = rng.poisson(100, (2, 150, 150)).astype(np.uint16)
    for number in range(n_nuclei):
        disc = np.hypot(y - 25 - 33 * (number // 4), x - 25 - 33 * (number % 4)) < 10
        images[0, disc] += 2000
        images[1, disc] += rng.integers(300, 3000, dtype=np.uint16)
    for image, channel in zip(images, ("DAPI", "GFP"), strict=True):
        tifffile.imwrite(path.with_name(f"{path.name}_{channel}.tif"), image)


def test_tiff_wells_become_cells_and_a_well_without_nuclei_flows_through(tmp_path: Path, run: Snakemake) -> None:
    rng = np.random.default_rng(0)
    for well, n_nuclei in (("A01", 16), ("A02", 15), ("A03", 0)):
        for site in (1, 2):
            _draw_field(tmp_path / f"{well}_s{site}", n_nuclei=n_nuclei, rng=rng)
    sheet = pd.DataFrame({"plate": "P", "well": ["A01", "A02", "A03"], "path": "."})
    sheet.to_csv(tmp_path / "wells.tsv", sep="\t", index=False)
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif"},
        "cells": {"image_size": 32},
        "dataset": {"target_channel": "GFP", "filter": [], "select": {}, "split": {"stratify": []}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(tmp_path, "results/dataset/manifest.parquet")
    assert result.returncode == 0, result.stdout + result.stderr
    manifest = pd.read_parquet(tmp_path / "results/dataset/manifest.parquet")
    assert manifest.groupby("well").size().to_dict() == {"A01": 32, "A02": 30}
    assert set(manifest["split"]) == {"train", "validation", "test"}
    empty = pd.read_parquet(tmp_path / "results/cells/P/A03.parquet")
    assert len(empty) == 0
    assert list(empty.columns) == list(pd.read_parquet(tmp_path / "results/cells/P/A01.parquet").columns)


def _truncate(well: Path) -> None:
    data = (well / "mpp.npy").read_bytes()
    (well / "mpp.npy").write_bytes(data[: len(data) // 2])


def _objects(well: Path) -> None:
    np.save(well / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


def _shorter(well: Path) -> None:
    np.save(well / "y.npy", np.load(well / "y.npy")[:-5])


def _unknown_object(well: Path) -> None:
    table = pd.read_csv(well / "metadata.csv")
    table.iloc[1:].to_csv(well / "metadata.csv", index=False)


def _other_channels(well: Path) -> None:
    text = (well / "channels.csv").read_text(encoding="utf-8")
    (well / "channels.csv").write_text(text.replace("PML", "PMX"), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncate, "mpp.npy"),
        (_objects, "x.npy"),
        (_shorter, "y.npy"),
        (_unknown_object, "metadata.csv"),
        (_other_channels, "channels"),
    ],
)
def test_bad_input_ends_in_one_clear_message(
    spoil: Callable[[Path], None], words: str, plate: Path, run: Snakemake
) -> None:
    spoil(_first_well(plate))
    result = run(plate, "results/dataset/manifest.parquet")
    assert result.returncode != 0
    said = [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("ERROR")]
    assert len(said) == 1, result.stdout + result.stderr
    assert words in said[0]
    row = _wells(plate).iloc[0]
    assert not (plate / f"results/cells/{row['plate']}/{row['well']}.parquet").exists()
    assert not (plate / "results").exists() or _no_temporaries(plate)


@pytest.mark.parametrize(
    ("block", "change", "words"),
    [
        ("trainings", {"epochs": 2}, "trainings"),
        ("training", {"epochs": "many"}, "training.epochs"),
        ("dataset", {"split": {"train": 0.95, "validation": 0.1}}, "train + validation"),
        ("raw", {"format": "czi"}, "raw.format"),
        (
            "attribution",
            {"models": ["linear"], "validation": {"truth": "nowhere"}},
            "validation.truth: expected the file",
        ),
        ("attribution", {"models": ["linear"], "groups": {"markers": "none"}}, "groups.markers: expected the file"),
    ],
)
def test_a_wrong_config_is_told_before_any_job(
    block: str, change: dict[str, object], words: str, plate: Path, run: Snakemake
) -> None:
    _config(plate, **{block: change})
    result = run(plate, "--dry-run")
    assert result.returncode != 0
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_a_channel_that_no_well_has_is_told_before_any_crop(plate: Path, run: Snakemake) -> None:
    _config(plate, dataset={"input_channels": ["00_DAPI", "NOT_A_CHANNEL"]})
    result = run(plate)
    assert result.returncode != 0
    assert "NOT_A_CHANNEL" in result.stdout + result.stderr
    assert not (plate / "results/cells").exists()


def test_a_selection_without_cells_names_the_remedy(plate: Path, run: Snakemake) -> None:
    _config(plate, dataset={"select": {"perturbation": ["moonlight"]}})
    result = run(plate, "results/dataset/manifest.parquet")
    assert result.returncode != 0
    assert "dataset.select" in result.stdout + result.stderr
    assert not (plate / "results/dataset/manifest.parquet").exists()


def test_a_larger_grid_of_retrainings_repeats_only_what_it_changes(plate: Path, run: Snakemake) -> None:
    config = yaml.safe_load((plate / "config.yaml").read_text(encoding="utf-8"))
    grid = {"percents": [30, 60], "channels": [1], "seeds": [1], "rankings": ["map", "random"]}

    def counts(**changes: object) -> dict[str, int]:
        config["attribution"]["validation"]["roar"] = {**grid, **changes}
        _config(plate, **config)
        return _job_counts(run(plate, "--dry-run"))

    assert counts()["attribution_retrain"] == 7
    # Every file is there as if it had been made, first of all the checkpoint's.
    for _ in range(2):
        for line in run(plate, "--summary").stdout.splitlines():
            file = plate / line.split("\t")[0]
            if file.is_relative_to(plate / "results"):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
        assert run(plate, "--touch", "--forceall").returncode == 0
    assert counts() == {}
    more = counts(seeds=[1, 2])
    assert (more["attribution_retrain"], more.get("attribution_rank", 0)) == (7, 0)
    # One of random order; those by the map, whose levels are numbered anew.
    more = counts(percents=[30, 60, 80])
    assert (more["attribution_retrain"], more["attribution_rank"]) == (1 + 3, 1)
    assert "attribution_validate" not in more
