"""Jobs cancelled, nodes lost, memory and time run out, the head killed: the run ends as if undisturbed."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.studies import (
    MANIFEST,
    N_WELLS,
    WELLS,
    Head,
    Study,
    assert_same_results,
    copied_checkout,
    undisturbed,
    until,
)

pytestmark = pytest.mark.cluster

MERGE = "rule_dataset_merge"
TRAINED = "results/training/linear/color-structure/123"
# So many that a training does not end before it is stopped.
N_EPOCHS = 200


@pytest.fixture(scope="module")
def finished(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The small demo study after an undisturbed run up to the dataset, which is all that these tests compare."""
    return undisturbed(tmp_path_factory, cluster=cluster, targets=[MANIFEST])


def _whole(study: Study, stage: str) -> list[str]:
    """Results of a stage that are not being written."""
    return [name for name in study.times() if name.startswith(f"{stage}/") and not Path(name).name.startswith(".")]


def test_a_cancelled_job_is_submitted_again(copied: Callable[..., Study], cluster: Cluster, finished: Study) -> None:
    study = copied("dataset", "cells")
    head = Head(study, MANIFEST)
    cluster.ask("scancel", study.until_runs(WELLS)["number"])
    head.finished()
    assert sorted(study.states(WELLS)) == ["CANCELLED", "COMPLETED"]
    assert not study.temporaries()
    assert_same_results(study, finished)


def test_what_a_lost_node_ran_is_run_on_another(
    copied: Callable[..., Study], cluster: Cluster, finished: Study
) -> None:
    study = copied("dataset", "cells")
    head = Head(study, MANIFEST)
    node = study.until_runs(WELLS)["node"]
    until(lambda: len(_whole(study, "cells")) > 2, what="the cells of a well, and a file of another")
    cluster.crash_node(node)
    head.finished()
    records = [one for one in study.accounted() if one["Comment"].startswith(WELLS)]
    assert sorted(one["State"] for one in records) == ["COMPLETED", "NODE_FAIL"]
    assert [one["NodeList"] for one in records if one["State"] == "COMPLETED"] != [node]
    assert len({one["JobIDRaw"] for one in records}) == 1, "SLURM runs it again, Snakemake does not submit it twice"
    assert not study.temporaries()
    assert_same_results(study, finished)


def test_a_job_killed_for_memory_gets_more(
    copied: Callable[..., Study], cluster: Cluster, finished: Study, tmp_path: Path
) -> None:
    study = copied("dataset")
    checkout = copied_checkout(tmp_path / "checkout", source=finished.checkout)
    rules = checkout / "workflow/rules/dataset.smk"
    text = rules.read_text(encoding="utf-8")
    hungry = text.index("rule dataset_merge")
    rules.write_text(
        text[:hungry] + re.sub(r"mem_mb=growing\(\d+\)", "mem_mb=growing(150)", text[hungry:]), encoding="utf-8"
    )
    Head(Study(study.folder, checkout, cluster), MANIFEST).finished()
    records = [one for one in study.accounted() if one["Comment"].startswith(MERGE)]
    asked = [int(one["ReqMem"].removesuffix("M")) for one in records]
    assert asked == [150 * 2**attempt for attempt in range(len(records))]
    assert len(records) > 1
    assert records[-1]["State"] == "COMPLETED"
    assert all(one["State"] in ("FAILED", "OUT_OF_MEMORY") for one in records[:-1])
    logs = (study.folder / ".snakemake/slurm_logs").rglob("*.log")
    assert any("memory limit" in log.read_text(encoding="utf-8") for log in logs), "killed by SLURM, for its memory"
    assert not study.temporaries()
    assert_same_results(study, finished)


def test_a_training_that_runs_out_of_time_goes_on_after_its_last_epoch(
    copied: Callable[..., Study], cluster: Cluster, finished: Study
) -> None:
    study = copied()
    study.changed("training", epochs=N_EPOCHS, patience=N_EPOCHS)
    head = Head(study, f"{TRAINED}/history.csv")
    job = study.until_runs("rule_training_fit")
    until((study.folder / TRAINED / "resume/state.npz").exists, what="the state after an epoch")
    # It stands still in the middle of an epoch until its time is over. SLURM counts minutes.
    cluster.freeze_job(job["number"])
    cluster.ask("scontrol", "update", f"JobId={job['number']}", "TimeLimit=1")
    head.finished()
    assert study.states("rule_training_fit") == ["TIMEOUT", "COMPLETED"]
    log = (study.folder / "logs/training_fit/linear/color-structure/123.log").read_text(encoding="utf-8")
    resumed = re.search(r"resumes after epoch (\d+)", log)
    assert resumed
    assert 0 < int(resumed[1]) < N_EPOCHS
    history = pd.read_csv(study.folder / TRAINED / "history.csv")
    assert history["epoch"].tolist() == list(range(1, N_EPOCHS + 1))
    assert not (study.folder / TRAINED / "resume").exists()


def test_after_the_head_was_killed_what_is_whole_is_kept_and_the_rest_made(
    copied: Callable[..., Study], cluster: Cluster, finished: Study
) -> None:
    study = copied("dataset", "cells")
    raw = {name: when for name, when in study.times().items() if name.startswith("raw/")}
    head = Head(study, MANIFEST)
    study.until_runs(WELLS)
    until(lambda: len(_whole(study, "cells")) > 2, what="the cells of a well, and a file of another")
    head.kill()
    # As docs/cluster.md has it: end what the head left in the queue, unlock, start again.
    for line in cluster.ask("squeue", "--me", "-h", "-o", "%A %Z").splitlines():
        number, folder = line.split()
        assert folder == str(study.folder)
        cluster.ask("scancel", number)
    until(lambda: not cluster.ask("squeue", "-h"), what="an empty queue")
    n_whole = sum(name.endswith(".arrow") for name in _whole(study, "cells"))
    study.told("--unlock")
    planned = study.planned(MANIFEST)
    assert set(planned) == {"cells_crop", "dataset_select", "dataset_merge"}
    assert 0 < N_WELLS - n_whole <= planned["cells_crop"] < N_WELLS, (
        "the well that was interrupted is made again, a whole one is not"
    )
    study.run(MANIFEST)
    assert {name: when for name, when in study.times().items() if name.startswith("raw/")} == raw
    assert not study.temporaries()
    assert_same_results(study, finished)
