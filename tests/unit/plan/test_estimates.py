"""Estimates by hand arithmetic."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wellspring.plan.estimates import Estimate, Ran, estimate
from wellspring.plan.records import Record
from wellspring.plan.scaled import Range
from wellspring.plan.sizes import FolderSizes, WellSize
from wellspring.plan.tasks import PlannedJob, Task
from wellspring.plan.text import duration, plan_text

pytestmark = pytest.mark.usefixtures("made_stages")

RUN = {"model": "linear", "regime": "structure", "seed": "1"}
FIT = {"training": {"epochs": 100, "batch_size": 8}, "image_size": 24, "code": "new"}
ESTIMATOR = {"method": "offset", "points": 10, "samples": 4}
EXPLAIN = {"attribution": {"split": "test", "max_cells": None, "steps": 9, "copies": "vargrad", "estimator": ESTIMATOR}}


def _sizes(folder: Path = Path("none"), *, n_channels: int = 2, **values: float | None) -> FolderSizes:
    """One well per keyword, of so many intensities; a cell per ten of them, every second one chosen."""
    wells = {
        ("P", well): WellSize(
            "tiff", n_channels, 3, value, 2.0, *((None, None) if value is None else (value / 10, value / 20))
        )
        for well, value in values.items()
    }
    return FolderSizes(folder, wells, shares={"train": 0.8, "validation": 0.1, "test": 0.1})


def _recorded(sizes: FolderSizes, **runs: Any) -> FolderSizes:
    return replace(sizes, shares={}, **runs)


def _trained(seconds: float, *, n_epochs: int = 100) -> FolderSizes:
    """50 chosen cells, trained for so many epochs in so many seconds."""
    return _recorded(_sizes(A1=1000), epochs={("linear", "structure", "1"): (n_epochs, seconds)})


def _well(well: str, rule: str = "cells_crop", **params: Any) -> Task:
    return Task(rule, {"plate": "P", "well": well}, params)


def _jobs(*tasks: Task, threads: int = 1, gpus: int = 0, asked_mb: float | None = 1000) -> list[PlannedJob]:
    return [PlannedJob(task, threads, gpus, asked_mb, ()) for task in tasks]


def _ran(task: Task, sizes: FolderSizes, seconds: float, *, mb: float | None = 100, device: str | None = None) -> Ran:
    return Ran(Record(task, seconds, mb, device), sizes)


def _seconds(found: Estimate) -> list[float | None]:
    """In proportion, without what the records leave open."""
    return [None if one is None else one.mean for one in found.job_seconds]


def test_time_follows_the_pixels_and_memory_the_largest_job(tmp_path: Path) -> None:
    done = _sizes(tmp_path, A1=1000, A2=3000)
    for well, text in (("A1", "x" * 10), ("A2", "x" * 30)):
        (tmp_path / well).write_text(text, encoding="utf-8")
    ran = [_ran(_well("A1"), done, 10.0, mb=90), _ran(_well("A2"), done, 50.0, mb=100)]
    jobs = _jobs(_well("B1"), _well("B2"), threads=2)
    found = estimate(jobs, ran, sizes=_sizes(B1=2000, B2=6000), outputs=["{well}"])
    # B1: both records are near, 60 s for 4000 intensities. B2: the larger alone, 50 s for 3000.
    first, second = found.job_seconds
    assert first == Range(pytest.approx(30), 10.0, 50.0)
    assert second == Range(pytest.approx(100), 50.0, 100.0)
    assert found.core_hours is not None
    assert found.core_hours.mean == pytest.approx(2 * 130 / 3600)
    assert found.gpu_hours == Range(0, 0, 0)
    # Twice the largest that was recorded.
    assert found.memory_mb == Range(100, 100, 200)
    assert found.disk_bytes == pytest.approx(80.0)
    assert (found.n_records, found.n_jobs, found.n_unsized, found.measure) == (2, 2, 0, "pixels")


def test_memory_is_not_scaled_down() -> None:
    ran = [_ran(_well("A1"), _sizes(A1=1000), 10.0, mb=90)]
    assert estimate(_jobs(_well("B1")), ran, sizes=_sizes(B1=10), outputs=[]).memory_mb == Range(90, 90, 90)


def test_without_a_record_there_is_no_figure() -> None:
    found = estimate(_jobs(_well("B1")), [], sizes=_sizes(B1=10), outputs=["{well}"])
    assert (found.core_hours, found.memory_mb, found.disk_bytes, found.n_records) == (None, None, None, 0)
    text = plan_text([found])
    assert "no record" in text
    assert "The total leaves out 1 jobs without a figure: cells_crop." in text


@pytest.mark.parametrize(
    ("task", "sizes", "reason"),
    [
        (_well("A1", image_size=36), _sizes(A1=1000), "made with other settings"),
        (_well("A1", image_size=24), _sizes(A1=1000, n_channels=3), "made with other settings"),
        (Task("cells_crop", {"plate": "P", "well": "A1"}, None), _sizes(A1=1000), "they do not say their settings"),
        (_well("A9", image_size=24), _sizes(A1=1000), "of unknown size"),
        (_well("A1", image_size=24), _sizes(A1=None), "of unknown size"),
    ],
)
def test_records_that_cannot_stand_for_the_jobs_are_set_aside(task: Task, sizes: FolderSizes, reason: str) -> None:
    found = estimate(_jobs(_well("B1", image_size=24)), [_ran(task, sizes, 5.0)], sizes=_sizes(B1=10), outputs=[])
    assert found.set_aside == {reason: 1}
    assert found.core_hours is None
    assert f"1 record(s) not used: {reason}" in plan_text([found])


def test_other_settings_count_when_asked_for() -> None:
    ran = [_ran(_well("A1", image_size=36), _sizes(A1=1000), 5.0)]
    jobs = _jobs(_well("B1", image_size=24))
    assert estimate(jobs, ran, sizes=_sizes(B1=2000), outputs=[], other_settings=True).job_seconds[0].mean == 10


def test_code_and_what_its_stage_says_to_change_no_time_are_no_settings() -> None:
    ran = [_ran(_well("A1", code="old", path="a", block={"name": "x", "n": 1}), _sizes(A1=1000), 5.0)]
    jobs = [_jobs(_well("B1", code="new", path="b", block={"name": "y", "n": number})) for number in (1, 2)]
    same, other = (estimate(one, ran, sizes=_sizes(B1=2000), outputs=[]) for one in jobs)
    assert _seconds(same) == [10.0]
    assert other.set_aside == {"made with other settings": 1}


def test_jobs_about_all_wells_or_a_plate_grow_with_these() -> None:
    # 2 sites in each well.
    done, planned = _sizes(A1=10, A2=10), _sizes(A1=10, A2=10, A3=10, A4=10, A5=None)
    tasks = [Task("profiling_embed", {"method": "pca"}, {}), Task("quality_illumination", {"plate": "P"}, {})]
    found = [estimate(_jobs(task), [_ran(task, done, 6.0)], sizes=planned, outputs=[]) for task in tasks]
    assert [_seconds(one) for one in found] == [[15.0], [15.0]]
    assert [one.measure for one in found] == ["sites of all wells", "wells of the plate"]
    assert found[0].memory_mb == Range(100, 100, 250)
    assert found[1].memory_mb == Range(100, 100, 100)


def test_methods_are_told_apart_as_models_are() -> None:
    ran = [_ran(Task("profiling_embed", {"method": "densenet"}, {}), _sizes(A1=10), 6.0)]
    found = estimate(_jobs(Task("profiling_embed", {"method": "pca"}, {})), ran, sizes=_sizes(A1=10), outputs=[])
    assert (found.model, found.n_records) == ("pca", 0)


def test_a_rule_that_no_stage_lists_is_a_defect() -> None:
    with pytest.raises(ValueError, match="rule cells_fold: expected to be listed in `grows_with` of its stage"):
        estimate(_jobs(_well("A1", "cells_fold")), [], sizes=_sizes(A1=10), outputs=[])


def test_jobs_of_unknown_size_are_left_out_and_told() -> None:
    ran = [_ran(_well("A1"), _sizes(A1=1000), 5.0)]
    found = estimate(_jobs(_well("B1"), _well("B2")), ran, sizes=_sizes(B1=2000, B2=None), outputs=[])
    assert _seconds(found) == [10.0, None]
    assert "1 of 2 jobs are of unknown size" in plan_text([found])


def test_records_of_other_rules_and_models_do_not_count() -> None:
    other = Task("training_fit", {**RUN, "model": "xception"}, FIT)
    ran = [_ran(other, _trained(4.0), 5.0), _ran(_well("A1", "spots_detect"), _sizes(A1=1000), 5.0)]
    found = estimate(_jobs(Task("training_fit", RUN, FIT)), ran, sizes=_sizes(A1=1000), outputs=[])
    assert (found.n_records, found.set_aside) == (0, {})


def test_training_follows_cells_and_epochs_and_starts_once() -> None:
    # 50 chosen cells, 10 epochs in 40 s, after a start of 5 s.
    done = _trained(40.0, n_epochs=10)
    task = Task("training_fit", RUN, FIT)
    ran = [_ran(task, done, 45.0, device="GPU Tesla T4")]
    found = estimate(_jobs(task, threads=2, gpus=1), ran, sizes=_sizes(B1=4000), outputs=[])
    # 200 cells x 100 epochs x 0.08 s, and the start.
    assert found.job_seconds == (Range(*[pytest.approx(200 * 100 * 40 / 500 + 5)] * 3),)
    assert found.gpu_hours.mean == pytest.approx(1605 / 3600)
    assert found.core_hours.mean == pytest.approx(2 * 1605 / 3600)
    assert found.devices == ("GPU Tesla T4",)


def test_a_training_that_was_resumed_counts_all_of_its_epochs() -> None:
    done = _trained(40.0, n_epochs=10)
    task = Task("training_fit", RUN, FIT)
    found = estimate(_jobs(task), [_ran(task, done, 12.0)], sizes=_sizes(B1=1000), outputs=[])
    assert _seconds(found) == [pytest.approx(50 * 100 * 40 / 500)]


def test_a_training_whose_history_is_gone_does_not_count() -> None:
    task = Task("training_fit", RUN, FIT)
    ran = [_ran(task, _recorded(_sizes(A1=1000)), 45.0)]
    assert estimate(_jobs(task), ran, sizes=_sizes(B1=1000), outputs=[]).set_aside == {"of unknown size": 1}


def test_gradients_are_cells_times_steps_times_copies() -> None:
    done = FolderSizes(Path("none"), {}, explained={("linear", "structure", "1"): 10})
    task = Task("attribution_map", RUN, EXPLAIN)
    # 10 cells x (10 points + 10 points x 4 copies) = 500 gradients; planned: 10 % of 200 cells.
    found = estimate(_jobs(task), [_ran(task, done, 5.0)], sizes=_sizes(B1=4000), outputs=[], other_settings=True)
    assert _seconds(found) == [pytest.approx(20 * 50 * 5 / 500)]


def test_a_gpu_rule_recorded_on_a_processor_has_no_gpu_hours() -> None:
    task = Task("training_fit", RUN, FIT)
    ran = [_ran(task, _trained(4.0), 5.0, device="CPU")]
    found = estimate(_jobs(task, gpus=1), ran, sizes=_sizes(A1=1000), outputs=[])
    assert found.gpu_hours is None
    assert found.core_hours is not None
    assert "recorded on CPU" in plan_text([found])
    assert "no record" in plan_text([found]).splitlines()[2]
    assert "no record" in plan_text([found]).splitlines()[4]


def test_records_of_a_gpu_come_before_those_of_a_processor() -> None:
    cpu, gpu = _trained(98.0), _trained(4.0)
    task = Task("training_fit", RUN, FIT)
    ran = [_ran(task, cpu, 100.0, device="CPU"), _ran(task, gpu, 5.0, device="GPU"), _ran(task, cpu, 99.0)]
    found = estimate(_jobs(task, gpus=1), ran, sizes=_sizes(A1=1000), outputs=[])
    assert (_seconds(found), found.gpu_hours.mean) == ([5.0], pytest.approx(5 / 3600))
    assert found.set_aside == {"not recorded on a GPU": 2}


def test_a_rule_that_may_need_more_than_it_asks_for_is_told() -> None:
    ran = [_ran(_well("A1"), _sizes(A1=1000), 10.0, mb=900)]
    jobs = _jobs(_well("B1"), asked_mb=1000)
    larger = estimate(jobs, ran, sizes=_sizes(B1=2000), outputs=[])
    assert "cells_crop: asks for 1 GB; records of larger jobs would show whether that is enough." in plan_text([larger])
    assert "asks for" not in plan_text([estimate(jobs, ran, sizes=_sizes(B1=1000), outputs=[])])
    ran = [_ran(_well("A1"), _sizes(A1=1000), 10.0, mb=1000)]
    same = estimate(jobs, ran, sizes=_sizes(B1=1000), outputs=[])
    assert "cells_crop: needed 1.05 GB, asks for 1 GB. Raise mem_mb in the profile." in plan_text([same])


def test_files_that_are_gone_have_no_size() -> None:
    ran = [_ran(_well("A1"), _sizes(A1=1000), 10.0)]
    assert estimate(_jobs(_well("B1")), ran, sizes=_sizes(B1=1000), outputs=["{well}.gone"]).disk_bytes is None


def test_a_sum_with_a_missing_part_says_so() -> None:
    known = estimate(_jobs(_well("B1")), [_ran(_well("A1"), _sizes(A1=10), 36.0)], sizes=_sizes(B1=10), outputs=[])
    missing = estimate(_jobs(_well("B1", "spots_detect")), [], sizes=_sizes(B1=10), outputs=[])
    assert "0.01 + unknown" in plan_text([known, missing])


@pytest.mark.parametrize(("seconds", "words"), [(0.5, "0.5 s"), (90, "1.5 min"), (36000, "10 h"), (864000, "10 d")])
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
