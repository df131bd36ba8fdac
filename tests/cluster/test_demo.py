"""The demo study, made small, end to end on the cluster, and what accounting says of every job."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.studies import DEMO, Study, until

pytestmark = pytest.mark.cluster

GROUPS = {"headers": ("raw_describe",), "well": ("cells_crop", "dataset_select")}
GPU_RULES = {
    "training_fit",
    "attribution_map",
    "attribution_validate",
    "attribution_rank",
    "attribution_retrain",
}
MEGABYTES = {"M": 1, "G": 1024}


@pytest.fixture(scope="module")
def records(finished: Study) -> list[dict[str, str]]:
    """Accounting of the demo's jobs, all of them ended."""
    until(
        lambda: {record["State"] for record in finished.accounted()} == {"COMPLETED"}, what="ended jobs in accounting"
    )
    return finished.accounted()


def _name(record: dict[str, str]) -> str:
    """Rule or group of a job, from its comment."""
    told = record["Comment"].removeprefix("rule_").split("_wildcards_")[0]
    return next((group for group in GROUPS if told.startswith(f"{group}_")), told)


def _mem_mb(text: str) -> int:
    number, unit = re.fullmatch(r"([\d.]+)([MG])\w?", text).groups()
    return round(float(number) * MEGABYTES[unit])


def _asked(planned: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a SLURM job of each rule must ask for, and of each group: memory of the hungriest job, time of all."""
    asked = {job["rule"]: job for job in planned}
    for group, members in GROUPS.items():
        jobs = [job for job in planned if job["rule"] in members]
        hungriest = max(job["mem_mb"] for job in jobs)
        asked[group] = {**jobs[0], "mem_mb": hungriest, "runtime": sum(job["runtime"] for job in jobs)}
        for member in members:
            del asked[member]
    return asked


def test_the_small_demo_has_every_rule_of_the_shipped_one(finished: Study, copied: Callable[..., Study]) -> None:
    shipped = copied()
    (shipped.folder / "config.yaml").write_bytes(DEMO.read_bytes())
    assert set(finished.planned("--forceall")) == set(shipped.planned("--forceall"))


def test_the_report_is_whole_and_nothing_is_left_to_do(finished: Study) -> None:
    page = (finished.folder / "results/report/report.html").read_text(encoding="utf-8")
    assert "simple_cnn" in page
    assert finished.planned() == {}


def test_gpu_rules_ran_on_the_tesla_and_all_others_on_cpu_nodes(finished: Study, records: list[dict[str, str]]) -> None:
    planned = finished.planned_jobs("--forceall")
    asked = _asked(planned)
    assert {_name(record) for record in records} == set(asked)
    for record in records:
        name, tres = _name(record), dict(part.split("=") for part in record["AllocTRES"].split(","))
        if "gpu" in asked[name]:
            assert (record["Partition"], record["NodeList"], tres["gres/gpu:tesla"]) == ("gpu", "gpu1", "1"), name
        else:
            assert record["Partition"] == "cpu", name
            assert record["NodeList"] in ("cpu1", "cpu2"), name
            assert not any("gpu" in part for part in tres), name
    on_gpu = [_name(record) for record in records if record["Partition"] == "gpu"]
    assert set(on_gpu) == GPU_RULES
    wanted = [job["rule"] for job in planned if "gpu" in job]
    assert sorted(on_gpu) == sorted(wanted)


def test_each_job_had_the_memory_time_and_cpus_that_its_rule_asks_for(
    finished: Study, records: list[dict[str, str]]
) -> None:
    asked = _asked(finished.planned_jobs("--forceall"))
    for record in records:
        name, tres = _name(record), dict(part.split("=") for part in record["AllocTRES"].split(","))
        assert _mem_mb(tres["mem"]) == asked[name]["mem_mb"], name
        assert int(record["TimelimitRaw"]) == asked[name]["runtime"], name
        assert int(tres["cpu"]) == asked[name]["threads"], name


def test_wells_share_a_job(records: list[dict[str, str]]) -> None:
    names = [_name(record) for record in records]
    assert (names.count("headers"), names.count("well")) == (1, 1)


def test_slurm_s_logs_of_jobs_that_ended_well_are_gone(finished: Study) -> None:
    logs = finished.folder / ".snakemake/slurm_logs"
    assert [path for path in Path(logs).rglob("*") if path.is_file()] == []
