"""The demo study, end to end on the cluster, and what accounting says of every job."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.studies import ROOT, Study, until

pytestmark = pytest.mark.cluster

GROUPS = {"headers": ("raw_describe",), "well": ("cells_crop", "dataset_select")}
MEGABYTES = {"M": 1, "G": 1024}


@pytest.fixture(scope="module")
def demo(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The shipped demo after its run through the profile."""
    folder = tmp_path_factory.mktemp("demo")
    simulate = [sys.executable, "-m", "wellspring", "simulate", str(folder / "plate"), "--preset", "demo"]
    subprocess.run(simulate, check=True, capture_output=True)
    (folder / "config.yaml").write_bytes((ROOT / "config/demo/config.yaml").read_bytes())
    study = Study(folder, ROOT, cluster)
    study.run()
    return study


@pytest.fixture(scope="module")
def records(demo: Study) -> list[dict[str, str]]:
    """Accounting of the demo's jobs, all of them ended."""
    until(lambda: {record["State"] for record in demo.accounted()} == {"COMPLETED"}, what="ended jobs in accounting")
    return demo.accounted()


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


def test_the_report_is_whole_and_nothing_is_left_to_do(demo: Study) -> None:
    page = (demo.folder / "results/report/report.html").read_text(encoding="utf-8")
    assert "simple_cnn" in page
    assert demo.planned() == {}
    truth = [sys.executable, "-m", "wellspring", "truth", str(demo.folder / "plate"), str(demo.folder / "results")]
    subprocess.run(truth, check=True, capture_output=True)


def test_gpu_rules_ran_on_the_tesla_and_all_others_on_cpu_nodes(demo: Study, records: list[dict[str, str]]) -> None:
    planned = demo.planned_jobs("--forceall")
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
    wanted = [job["rule"] for job in planned if "gpu" in job]
    assert sorted(on_gpu) == sorted(wanted)


def test_each_job_had_the_memory_time_and_cpus_that_its_rule_asks_for(
    demo: Study, records: list[dict[str, str]]
) -> None:
    asked = _asked(demo.planned_jobs("--forceall"))
    for record in records:
        name, tres = _name(record), dict(part.split("=") for part in record["AllocTRES"].split(","))
        assert _mem_mb(tres["mem"]) == asked[name]["mem_mb"], name
        assert int(record["TimelimitRaw"]) == asked[name]["runtime"], name
        assert int(tres["cpu"]) == asked[name]["threads"], name


def test_eight_wells_share_a_job(records: list[dict[str, str]]) -> None:
    names = [_name(record) for record in records]
    assert (names.count("headers"), names.count("well")) == (1, 1)


def test_slurm_s_logs_of_jobs_that_ended_well_are_gone(demo: Study) -> None:
    logs = demo.folder / ".snakemake/slurm_logs"
    assert [path for path in Path(logs).rglob("*") if path.is_file()] == []
