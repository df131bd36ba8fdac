"""A finished run as a crate."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.export.crate import read_records, write_crate

LONG = "results/cells/" + "a" * 120 + "/" + "b" * 120 + ".parquet"


def _recorded(study: Path, name: str, record: dict[str, Any] | str) -> None:
    code = urlsafe_b64encode(name.encode()).decode()
    parts = [code[i : i + 200] for i in range(0, len(code), 200)]
    place = study.joinpath(".snakemake", "metadata", *("@" + part for part in parts[:-1]), parts[-1])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(record if isinstance(record, str) else json.dumps(record), encoding="utf-8")
    (study / name).parent.mkdir(parents=True, exist_ok=True)
    (study / name).write_text("some", encoding="utf-8")


def _record(rule: str, start: float, *inputs: str, **more: object) -> dict[str, Any]:
    about = {"rule": rule, "input": list(inputs), "params": ["'a'", "3"], "log": [f"logs/{rule}.log"]}
    return {**about, "starttime": start, "endtime": start + 60, "incomplete": False, **more}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "plate").mkdir()
    (tmp_path / "plate" / "wells.tsv").write_text("well\n", encoding="utf-8")
    last = _record("cells_measure", 1e9 + 100, "results/raw/B02.json")
    _recorded(tmp_path, LONG, last)
    _recorded(tmp_path, "results/cells/short.csv", last)
    _recorded(tmp_path, "results/raw/B02.json", _record("raw_describe", 1e9, "plate/wells.tsv"))
    _recorded(tmp_path, "results/killed.csv", _record("killed", 1e9, incomplete=True))
    _recorded(tmp_path, "results/half.csv", '{"rule": "half", "inp')
    _recorded(tmp_path, "elsewhere/other.csv", _record("other", 1e9))
    _recorded(tmp_path, "results/removed.csv", _record("removed", 1e9))
    (tmp_path / "results" / "removed.csv").unlink()
    return tmp_path


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            for inner in value.values():
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_jobs_are_those_that_ended_and_whose_files_are_there_in_their_order(study: Path) -> None:
    jobs = read_records(study, results="results")
    assert [job.rule for job in jobs] == ["raw_describe", "cells_measure"]
    assert jobs[1].outputs == (LONG, "results/cells/short.csv")
    assert jobs[1].inputs == ("results/raw/B02.json",)


def test_everything_that_is_named_is_described_once(study: Path) -> None:
    flow = study / "main.smk"
    flow.write_text("rule all:\n", encoding="utf-8")
    path, n_jobs = write_crate(study, results="results", snakefile=flow, title="Mine", license_="https://a.org/x")
    assert (path, n_jobs) == (study / "results" / "ro-crate-metadata.json", 2)
    graph = {one["@id"]: one for one in json.loads(path.read_text(encoding="utf-8"))["@graph"]}
    assert len(graph) == len(json.loads(path.read_text(encoding="utf-8"))["@graph"])
    outside = {"https://w3id.org/ro/crate/1.1", "http://schema.org/CompletedActionStatus"}
    assert {name for one in graph.values() for name in _references(one)} <= set(graph) | outside
    assert graph["./"]["mainEntity"] == {"@id": "Snakefile"}
    assert {one["@id"] for one in graph["./"]["conformsTo"]} >= {"https://w3id.org/ro/wfrun/provenance/0.5"}
    # Every part that is named by a relative path is in the folder of the crate.
    parts = [one["@id"] for one in graph["./"]["hasPart"]]
    assert all((path.parent / part).exists() for part in parts if "://" not in part)
    assert (study / "plate" / "wells.tsv").as_uri() in parts
    job = graph["#job-1"]
    assert (job["startTime"], job["endTime"]) == ("2001-09-09T01:48:20+00:00", "2001-09-09T01:49:20+00:00")
    assert {"@id": "raw/B02.json"} in job["object"]
    assert {"@id": "cells/short.csv"} in job["result"]
    assert graph["#job-1-1"]["value"] == "3"


def test_a_folder_without_records_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="expected Snakemake's records of the files in results, found none"):
        read_records(tmp_path, results="results")
    monkeypatch.chdir(tmp_path)
    assert main(["crate", "--results", "/somewhere"]) == 1
