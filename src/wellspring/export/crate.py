"""A finished run as a Workflow Run RO-Crate: which job made which file from which, when, with which settings.

Profiles: RO-Crate 1.1 and Provenance Run Crate 0.5 (https://www.researchobject.org/workflow-run-crate/), which includes
Workflow Run Crate and Process Run Crate. What is known comes from the records that Snakemake keeps of every file.
"""

import json
import os
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import wellspring
from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.report.versions import software_versions

__all__ = ["NAME", "JobRecord", "crate", "read_records", "write_crate"]

NAME = "ro-crate-metadata.json"
_RUN, _FLOW_FILE = "#run", "Snakefile"
_PROFILES = tuple(
    f"https://w3id.org/{name}"
    for name in (
        *("ro/wfrun/process/0.5", "ro/wfrun/workflow/0.5", "ro/wfrun/provenance/0.5"),
        "workflowhub/workflow-ro-crate/1.0",
    )
)
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_SNAKEMAKE = "https://snakemake.readthedocs.io"
_LICENSE = "https://spdx.org/licenses/BSD-3-Clause"
_MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".tif": "image/tiff",
    ".md": "text/markdown",
}


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job that made files.

    Attributes
    ----------
    rule : str
    inputs, outputs, params : tuple of str
        Paths relative to the folder of the study; parameters as text.
    start_s, end_s : float
        Since 1970, UTC.
    """

    rule: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[str, ...]
    start_s: float
    end_s: float


def read_records(study: Path, *, results: str) -> list[JobRecord]:
    """The jobs behind the files that are in the folder of results, in the order in which they began.

    Parameters
    ----------
    study
        Where Snakemake was run: it has ``.snakemake``.
    results
        Folder of the results, relative to it. Records of files that are no longer there, and of jobs that did not
        end, are left out.

    Raises
    ------
    InputError
        When nothing is recorded.
    """
    jobs: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, record in _metadata(study / ".snakemake" / "metadata"):
        if record.get("incomplete") or not name.startswith(f"{results}/") or not (study / name).exists():
            continue
        # A job writes a record for each of its files.
        key = (record["rule"], record["starttime"], tuple(record.get("log") or ()), tuple(record["input"] or ()))
        jobs.setdefault(key, {**record, "outputs": []})["outputs"].append(name)
    if not jobs:
        raise InputError(
            f"{study / '.snakemake' / 'metadata'}: expected Snakemake's records of the files in {results}, found none. "
            "Run this command in the folder in which the workflow was run, after it ended."
        )
    found = [
        JobRecord(
            rule=str(one["rule"]),
            inputs=tuple(path for path in map(str, one["input"] or ()) if not _is_ours(study / path)),
            outputs=tuple(sorted(one["outputs"])),
            params=tuple(map(str, one.get("params") or ())),
            start_s=float(one["starttime"]),
            end_s=float(one["endtime"]),
        )
        for one in jobs.values()
    ]
    return sorted(found, key=lambda job: (job.start_s, job.rule, job.outputs))


def _is_ours(path: Path) -> bool:
    """Whether a file is part of wellspring itself, such as a template of the report."""
    return Path(os.path.abspath(path)).is_relative_to(Path(wellspring.__file__).parents[2])


def _metadata(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path of each recorded file, and its record; long names are cut into folders that begin with @."""
    for place in sorted(folder.rglob("*")):
        if not place.is_file():
            continue
        parts = place.relative_to(folder).parts
        try:
            name = urlsafe_b64decode("".join(part.removeprefix("@") for part in parts)).decode()
            yield name, json.loads(place.read_text(encoding="utf-8"))
        except ValueError:
            # Half-written by a run that was killed; Snakemake makes that file again.
            continue


def crate(study: Path, jobs: Sequence[JobRecord], *, results: str, title: str, license_: str) -> dict[str, Any]:
    """The metadata of the crate whose root is the folder of results, as JSON-LD.

    Parameters
    ----------
    study, jobs, results
        As `read_records` took and gave them.
    title
        Of the study.
    license_
        Address of the licence of the results.
    """
    outputs = sorted({path for job in jobs for path in job.outputs})
    inputs = sorted({path for job in jobs for path in job.inputs} - set(outputs))
    rules = sorted({job.rule for job in jobs})
    ids = {path: _identifier(study, path, results=results) for path in (*outputs, *inputs)}
    end = max(job.end_s for job in jobs)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": f"Results of a run of wellspring {wellspring.__version__}: {len(outputs):,} files.",
        "datePublished": _moment(end),
        "license": {"@id": license_},
        "conformsTo": [{"@id": profile} for profile in _PROFILES],
        "mainEntity": {"@id": _FLOW_FILE},
        "hasPart": [{"@id": _FLOW_FILE}, *({"@id": ids[path]} for path in (*outputs, *inputs))],
        "mentions": [{"@id": _RUN}, *({"@id": _job_id(number)} for number in range(len(jobs)))],
    }
    descriptor = {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": _PROFILES[-1]}],
    }
    profiles = [{"@id": one, "@type": "CreativeWork", "name": one, "version": one[-3:]} for one in _PROFILES]
    licenses = [{"@id": one, "@type": "CreativeWork", "name": one} for one in sorted({license_, _LICENSE})]
    graph = [descriptor, root, *profiles, *licenses, *_workflow(rules), *_run(jobs, ids=ids, inputs=inputs, end=end)]
    graph += [_file(study, path, identifier=ids[path]) for path in (*outputs, *inputs)]
    for number, job in enumerate(jobs):
        graph += _job(number, job, ids=ids)
    return {"@context": _CONTEXT, "@graph": graph}


def _workflow(rules: Sequence[str]) -> list[dict[str, Any]]:
    """The workflow, its rules as steps, and the programs."""
    versions = dict(software_versions())
    flow = {
        "@id": _FLOW_FILE,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "wellspring",
        "version": wellspring.__version__,
        "license": {"@id": _LICENSE},
        "encodingFormat": "text/plain",
        "programmingLanguage": {"@id": "#snakemake"},
        "step": [{"@id": f"#step-{rule}"} for rule in rules],
        "hasPart": [{"@id": f"#rule-{rule}"} for rule in rules],
        "softwareRequirements": [{"@id": f"#{name}"} for name in versions if name != "snakemake"],
    }
    engine = {
        "@id": "#snakemake",
        "@type": ["ComputerLanguage", "SoftwareApplication"],
        "name": "Snakemake",
        "version": versions["snakemake"],
        "identifier": {"@id": _SNAKEMAKE},
        "url": {"@id": _SNAKEMAKE},
    }
    programs = [
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "version": version}
        for name, version in versions.items()
        if name != "snakemake"
    ]
    tools = [{"@id": f"#rule-{rule}", "@type": "SoftwareApplication", "name": rule} for rule in rules]
    steps = [
        {"@id": f"#step-{rule}", "@type": "HowToStep", "position": str(number), "workExample": {"@id": f"#rule-{rule}"}}
        for number, rule in enumerate(rules)
    ]
    return [flow, engine, {"@id": _SNAKEMAKE, "@type": "WebSite", "name": "Snakemake"}, *programs, *tools, *steps]


def _run(jobs: Sequence[JobRecord], *, ids: dict[str, str], inputs: Sequence[str], end: float) -> list[dict[str, Any]]:
    """The run as a whole, and what Snakemake did."""
    outputs = sorted({path for job in jobs for path in job.outputs})
    begin = min(job.start_s for job in jobs)
    run = {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": f"Run of wellspring {wellspring.__version__}",
        "instrument": {"@id": _FLOW_FILE},
        "object": [{"@id": ids[path]} for path in inputs],
        "result": [{"@id": ids[path]} for path in outputs],
        "startTime": _moment(begin),
        "endTime": _moment(end),
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    controls = [
        {
            "@id": f"#control-{number}",
            "@type": "ControlAction",
            "instrument": {"@id": f"#step-{job.rule}"},
            "object": {"@id": _job_id(number)},
        }
        for number, job in enumerate(jobs)
    ]
    organized = {
        "@id": "#organized",
        "@type": "OrganizeAction",
        "name": "Snakemake started the jobs",
        "instrument": {"@id": "#snakemake"},
        "object": [{"@id": one["@id"]} for one in controls],
        "result": {"@id": _RUN},
        "startTime": _moment(begin),
        "endTime": _moment(end),
    }
    return [run, organized, *controls]


def _job_id(number: int) -> str:
    return f"#job-{number}"


def _job(number: int, job: JobRecord, *, ids: dict[str, str]) -> list[dict[str, Any]]:
    """The job, and its parameters in their order."""
    settings = [
        {"@id": f"{_job_id(number)}-{at}", "@type": "PropertyValue", "name": f"parameter {at}", "value": value}
        for at, value in enumerate(job.params)
    ]
    action = {
        "@id": _job_id(number),
        "@type": "CreateAction",
        "name": f"Run of the rule {job.rule}",
        "instrument": {"@id": f"#rule-{job.rule}"},
        "object": [*({"@id": ids[path]} for path in job.inputs), *({"@id": one["@id"]} for one in settings)],
        "result": [{"@id": ids[path]} for path in job.outputs],
        "startTime": _moment(job.start_s),
        "endTime": _moment(job.end_s),
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    return [action, *settings]


def _identifier(study: Path, path: str, *, results: str) -> str:
    """Relative to the crate, or an address where the file is outside of it."""
    if path.startswith(f"{results}/"):
        inner = path.removeprefix(f"{results}/")
        return inner + "/" if (study / path).is_dir() else inner
    return Path(os.path.abspath(study / path)).as_uri()


def _file(study: Path, path: str, *, identifier: str) -> dict[str, Any]:
    place = study / path
    if place.is_dir():
        return {"@id": identifier, "@type": "Dataset", "name": path}
    about: dict[str, Any] = {"@id": identifier, "@type": "File", "name": path}
    if place.is_file():
        about["contentSize"] = str(place.stat().st_size)
        about["encodingFormat"] = _MEDIA.get(place.suffix, "application/octet-stream")
    return about


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="seconds")


def write_crate(study: Path, *, results: str, snakefile: Path, title: str, license_: str) -> tuple[Path, int]:
    """Write the metadata and the main workflow file into the folder of results; the metadata's path, number of jobs.

    Raises
    ------
    InputError
        When nothing is recorded.
    """
    jobs = read_records(study, results=results)
    target = study / results / NAME
    with replaced_when_whole(target.parent / _FLOW_FILE) as temporary:
        temporary.write_bytes(snakefile.read_bytes())
    found = crate(study, jobs, results=results, title=title, license_=license_)
    with replaced_when_whole(target) as temporary:
        temporary.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return target, len(jobs)
