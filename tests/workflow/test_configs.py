"""What configs plan: those that are shipped, and those that are wrong. Nothing runs."""

import re
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.workflow.rule_files import rules
from tests.workflow.studies import ROOT, Snakemake, change_config, planned, said

pytestmark = pytest.mark.workflow


def test_lint(plate: Path, run: Snakemake) -> None:
    found = set(re.findall(r"^ {4}\* (.+?):?$", said(run(plate, "--lint")), flags=re.M))
    # Input functions stand above the rules of their stage, since a stage brings everything.
    assert found <= {"Mixed rules and functions in same snakefile."}


def _sheet(folder: Path, *, wells: list[str], **columns: list[str]) -> None:
    """A sheet ``plate/wells.tsv`` of wells whose files are in the folder itself."""
    (folder / "plate").mkdir(exist_ok=True)
    sheet = pd.DataFrame({"plate": "p", "well": wells, "path": "..", **columns})
    sheet.to_csv(folder / "plate/wells.tsv", sep="\t", index=False)


# Of config/validation: nothing removed, 3 rankings of 5 percentages, 2 of 4 numbers of channels; 3 seeds each.
@pytest.mark.parametrize(
    ("name", "n_trained", "n_explained", "n_retrained"),
    [
        ("config/config.yaml", 4, 2, 0),
        ("config/demo/config.yaml", 4, 2, 0),
        ("config/transcription/config.yaml", 4, 2, 3),
        ("config/validation/config.yaml", 12, 6, (1 + 15 + 8) * 3),
    ],
)
def test_each_shipped_config_of_pixel_tables_plans_its_runs(
    name: str, n_trained: int, n_explained: int, n_retrained: int, plate: Path
) -> None:
    (plate / "known/truth").rename(plate / "plate/truth")
    sheet = pd.read_csv(plate / "plate/wells.tsv", sep="\t", dtype=str)
    sheet["path"] = [str(plate / "plate" / path) for path in sheet["path"]]
    (plate / "config").mkdir()
    sheet.to_csv(plate / "config/wells.tsv", sep="\t", index=False)
    counts = planned(plate, configfile=ROOT / name)
    found = [counts[rule] for rule in ("cells_crop", "training_fit", "attribution_map", "attribution_retrain")]
    assert found == [3, n_trained, n_explained, n_retrained]


def test_the_smfish_config_plans_its_stages_and_no_training(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "config/smfish/config.yaml").read_text(encoding="utf-8"))
    block = config["segmentation"]
    channels = {block["nucleus_channel"], block["cells"]["channel"], *config["spots"]["channels"]}
    for well, channel in product(("A01", "A02"), channels):
        parts = {"well": well, "site": "1", "channel": channel, "z": "1", "plate": "p"}
        (tmp_path / config["raw"]["pattern"].format(**parts)).touch()
    _sheet(tmp_path, wells=["A01", "A02"])
    counts = planned(tmp_path, configfile=ROOT / "config/smfish/config.yaml")
    per_well = ("raw_describe", "segmentation_nuclei", "segmentation_cells", "spots_detect", "cells_measure")
    assert [counts[rule] for rule in per_well] == [2, 2, 2, 2, 2]
    assert {"segmentation_chapter", "spots_chapter", "cells_chapter", "report_page"} <= set(counts)
    assert not [rule for rule in counts if rule.startswith(("cells_crop", "dataset", "training", "attribution"))]


def _monolayers(folder: Path, **columns: list[str]) -> None:
    for well, channel in product(("B02", "B03"), ("actin", "borders", "nuclei")):
        (folder / f"{well}_s1_{channel}.tif").touch()
    _sheet(folder, wells=["B02", "B03"], **columns)


def test_the_profiling_config_plans_each_method(tmp_path: Path) -> None:
    _monolayers(tmp_path, donor=["HC1", "SSC1"], diagnosis=["control", "patient"], objective=["1", "2"])
    counts = planned(tmp_path, configfile=ROOT / "config/profiling/config.yaml")
    per_method = ("profiling_fields", "profiling_reduce", "profiling_embed", "profiling_judge")
    assert [counts[rule] for rule in per_method] == [2, 2, 2, 4]
    assert [counts[rule] for rule in ("profiling_multiply", "profiling_actin", "profiling_chapter")] == [1, 1, 1]


def test_a_sheet_that_lacks_what_profiles_need_is_told_before_anything_runs(tmp_path: Path) -> None:
    _monolayers(tmp_path)
    with pytest.raises(ValueError, match=r"\['diagnosis', 'donor', 'objective'\], but the sheet has"):
        planned(tmp_path, configfile=ROOT / "config/profiling/config.yaml")


def test_the_config_of_public_images_plans_its_stages(tmp_path: Path) -> None:
    for well, (number, channel) in product(("B7", "D7"), enumerate(("DAPI", "GFP", "RFP"), start=1)):
        (tmp_path / f"{well}_01_{number}_3_{channel}_001.tif").touch()
    sheet = pd.DataFrame({"plate": "nf1", "well": ["B7", "D7"], "path": ".", "position": ["edge", "inner"]})
    sheet.to_csv(tmp_path / "wells.tsv", sep="\t", index=False)
    assert planned(tmp_path, configfile=ROOT / "config/real/config.yaml")["segmentation_nuclei"] == 2


def test_every_rule_is_planned_where_a_config_asks_for_everything(everything: Path) -> None:
    change_config(everything, segmentation={"z_step_um": 0.5, "method": "unet"}, spots={"method": "enhanced"})
    # Some raw formats have rules of their own: test_interaction.py, test_plate_formats.py.
    expected = {rule.name for rule in rules() if not rule.name.startswith("interaction_")} - {"raw_plate"}
    assert set(planned(everything)) == expected


def test_every_mistake_in_a_config_is_told_at_once_and_before_any_job(plate: Path, run: Snakemake) -> None:
    change_config(plate, trainings={"epochs": 2}, training={"epochs": "many"}, raw={"format": "oir"})
    result = run(plate, "--dry-run")
    assert result.returncode != 0
    for words in ("trainings", "training.epochs", "raw.format"):
        assert words in said(result)
    assert "Traceback" not in said(result)


@pytest.mark.parametrize(
    ("block", "change", "words"),
    [
        ("dataset", {"split": {"train": 0.95, "validation": 0.1}}, "train \\+ validation"),
        (
            "attribution",
            {"models": ["linear"], "validation": {"truth": "nowhere"}},
            "validation.truth: expected the file",
        ),
        ("attribution", {"models": ["linear"], "groups": {"markers": "none"}}, "groups.markers: expected the file"),
    ],
)
def test_what_cannot_be_is_told_before_any_job(block: str, change: dict[str, object], words: str, plate: Path) -> None:
    change_config(plate, **{block: change})
    with pytest.raises(ValueError, match=words):
        planned(plate)


def test_spots_without_cells_are_counted_in_nuclei(everything: Path) -> None:
    off = {"dataset": {"target_channel": None}, "profiling": {"methods": []}, "attribution": {"models": []}}
    change_config(everything, segmentation={"cells": None}, localization={"channels": []}, **off)
    counts = planned(everything)
    assert counts["spots_detect"] == 2
    assert counts["segmentation_cells"] == 0
    assert counts["segmentation_chapter"] == 1


def test_a_larger_grid_of_retrainings_repeats_only_what_it_changes(plate: Path, run: Snakemake) -> None:
    config = yaml.safe_load((plate / "config.yaml").read_text(encoding="utf-8"))
    grid = {"percents": [30, 60], "channels": [1], "seeds": [1], "rankings": ["map", "random"]}

    def counts(**changes: object) -> dict[str, int]:
        config["attribution"]["validation"]["roar"] = {**grid, **changes}
        change_config(plate, **config)
        return planned(plate)

    assert counts()["attribution_retrain"] == 7
    # Every file is there as if it had been made.
    for line in run(plate, "--summary").stdout.splitlines():
        file = plate / line.split("\t")[0]
        if file.is_relative_to(plate / "results"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    assert run(plate, "--touch", "--forceall").returncode == 0
    assert counts() == {}
    more = counts(seeds=[1, 2])
    assert (more["attribution_retrain"], more["attribution_rank"]) == (7, 0)
    # One of random order; those by the map, whose levels are numbered anew.
    more = counts(percents=[30, 60, 80])
    assert (more["attribution_retrain"], more["attribution_rank"]) == (1 + 3, 1)
    assert more["attribution_validate"] == 0
