"""A changed key of the config, or a changed sheet, reruns all that depends on it, in one call.

For every key: which jobs Snakemake would run on a finished study. Their scripts are not run. Then a dozen changes one
after the other with scripts: tables must equal those of a fresh run.
"""

import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.studies import EVERYTHING, ROOT, write_everything
from wellspring.config import config_schema, validated_config
from wellspring.errors import InputError
from wellspring.quality.left_out import write_left_out

# Snakemake leaves files open that it reads.
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

SCHEMA = config_schema()

Job = tuple[str, str]
"""Rule and wildcards."""

# What a key may be instead, where its type does not say so.
VALUES: dict[str, list[Any]] = {
    "raw.pattern": ["{well}_s{site}_{channel}.t{_}"],
    "raw.channels": [["DAPI", "GFP", "RFP"]],
    "raw.background": [{"DAPI": 5, "GFP": 5, "RFP": 5}],
    "raw.rename": [{"DAPI": "DNA"}],
    "quality.channels": [["DAPI", "GFP"]],
    "quality.judged_by": [["median"]],
    "quality.preprocessing": [[{"step": "median", "radius_px": 2}]],
    "segmentation.nucleus_channel": ["RFP"],
    "segmentation.annotated.nuclei": ["{well}_s{site}_nucle{_}.tif"],
    "segmentation.annotated.folder": ["./annotated"],
    "segmentation.annotated.apply": [True],
    "segmentation.cells.channel": ["RFP"],
    "segmentation.cells.method": ["propagation", "distance"],
    "spots.weights": ["spots.npz"],
    "spots.channels": [["GFP"], ["RFP", "GFP"]],
    "spots.spacing_um": [[0.3, 0.3], [1.0, 0.3, 0.3], 0.3],
    "spots.threshold.method": ["mixture", "elbow"],
    "localization.channels": [["RFP", "GFP"]],
    "localization.patterns": [["random", "foci"]],
    "localization.area_um2": [[10, 900]],
    "localization.gene_column": ["sample"],
    "localization.unit_column": ["sample"],
    "labelling.light": [["TL"]],
    "labelling.stains": [["TL"]],
    "labelling.split": ["sample"],
    "labelling.preprocessing": [[{"step": "median", "radius_px": 2}]],
    "labelling.training.loss": ["pearson"],
    "labelling.training.augmentation.max_scale": [1.3],
    "labelling.drift.expected_run": [32],
    "labelling.drift.tile_px": [64],
    "labelling.stability.kinds": [["gain"]],
    "labelling.stability.aperture": [0.6],
    "labelling.stability.condenser_aperture": [0.3],
    "labelling.stability.planes_um": [[5.0]],
    "labelling.model.window_px": [0],
    "localization.condition_column": ["label"],
    "localization.control": ["x"],
    "dataset.target_channel": ["RFP"],
    "dataset.select": [{"label": ["x"]}],
    "dataset.filter": [[{"column": "is_border_nucleus", "drop": [1]}]],
    "dataset.split.stratify": [["label"]],
    "dataset.split.group": ["sample", "well"],
    "dataset.input_channels": [["DAPI", "RFP"]],
    "training.models": [["linear", "simple_cnn"]],
    "training.regimes": [["structure"]],
    "attribution.models": [["linear", "simple_cnn"]],
    "attribution.validation.roar.regimes": [["color-structure"]],
    "attribution.map_cells": [["p/A01/1"]],
    "attribution.baseline.method": ["mean"],
    "attribution.estimator.method": ["derivative"],
    "attribution.validation.truth": ["known"],
    "attribution.validation.methods": [["gradient/none"]],
    "profiling.methods": [["pca", "features", "autoencoder"]],
    "profiling.positive": [["y"]],
    "profiling.controls": [["y"]],
    "profiling.batch_columns": [["plate"]],
    "profiling.colored_by": [["sample"]],
    "profiling.sample": ["donor"],
    "profiling.label": ["kind"],
    "profiling.actin.actin": ["RFP"],
    "profiling.actin.borders": ["RFP"],
    "profiling.actin.nuclei": ["RFP"],
    "report.group_by": ["kind"],
    "report.replicate": ["donor"],
    "report.controls": [["y"]],
    "report.published": ["becker_2021"],
    "report.marked_channels": [["RFP"]],
}
# What must be changed together with a key.
TOGETHER: dict[str, dict[str, Any]] = {
    "spots.weights": {"spots.method": "enhanced"},
    "segmentation.annotated.apply": {"segmentation.method": "unet"},
    "localization.channels": {"spots.channels": ["RFP", "GFP"]},
    "localization.condition_column": {"localization.control": "x"},
    "localization.control": {"localization.condition_column": "label"},
    "dataset.normalization.mean_extraction": {"dataset.normalization.z_score": False},
    "dataset.normalization.linear_scaling": {"dataset.normalization.z_score": False},
    "attribution.models": {"training.models": ["linear", "simple_cnn"]},
    # Tables for MultiQC are of the maps.
    "plates.maps": {"export.formats": ["anndata", "cytomining", "geojson", "ome_zarr"]},
    # A SpatialData store is a view of a plate of version 0.5.
    "export.ome_zarr_version": {"export.formats": ["anndata", "cytomining", "geojson", "multiqc", "ome_zarr"]},
}
# Not tried, with the reason.
LEFT_OUT = {
    "wells": "the sheet is read when the workflow is parsed",
    "raw.format": "the study has files of one format",
    "attribution.groups.markers": "there is one table of markers, and it names files of this repository",
}


N_WELLS = 4


@dataclass(frozen=True)
class Planned:
    """What a plan says of a job: its parameters and inputs as text, jobs it needs results of, whether it is to run."""

    content: str
    after: frozenset[Job]
    is_to_run: bool


def jobs_of(folder: Path, *, recorded: Iterable[Path] | None = None) -> tuple[dict[Job, Planned], list[Path]]:
    """Every job of the study, and the files that those to run write, from one reading of the workflow.

    With `recorded`, Snakemake records the jobs that write these files as done.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.settings.enums import Quietness
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

    quiet = frozenset({Quietness.ALL})
    forced = frozenset(str(path.relative_to(folder)) for path in recorded or ())
    with SnakemakeApi(OutputSettings(dryrun=recorded is None, quiet=quiet)) as api:
        flow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[folder / "config.yaml"]),
            snakefile=ROOT / "Snakefile",
            workdir=folder,
        )
        try:
            executor = "dryrun" if recorded is None else "touch"
            flow.dag(DAGSettings(forcerun=forced)).execute_workflow(executor=executor)
            dag = flow._workflow.dag
            jobs = {_key(job): _planned(job, dag) for job in dag.jobs}
            files = [folder / str(file) for job in dag.jobs if dag.needrun(job) for file in job.output]
        finally:
            if flow._workflow.sourcecache.runtime_cache is not None:
                flow._workflow.sourcecache.runtime_cache.cleanup()
    return jobs, files


def _key(job: Any) -> Job:
    return job.rule.name, ",".join(f"{name}={value}" for name, value in sorted(job.wildcards_dict.items()))


def _planned(job: Any, dag: Any) -> Planned:
    after = frozenset(_key(one) for one in dag.dependencies[job])
    content = str([dict(job.params.items()), sorted(map(str, job.input))])
    return Planned(content, after, bool(dag.needrun(job)))


_NUMBERS = itertools.count()


def carry_out(folder: Path) -> None:
    """Write what the jobs to run would write, with new content, and have Snakemake record them as done."""
    _, files = jobs_of(folder)
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = next(_NUMBERS)
        if path.name == "left_out.json":
            # Read while the workflow is planned.
            left_out = {f"A{well + 1:02d}": [str(number)] for well in range(N_WELLS + 1)}
            write_left_out(path, left_out, plate=path.parent.name)
        elif path.parents[1].name == "geojson":
            # A folder of files, one per site.
            path.mkdir(exist_ok=True)
            (path / "1.geojson").write_text(f"{number}", encoding="utf-8")
        else:
            path.write_text(f"{number}", encoding="utf-8")
    jobs_of(folder, recorded=files)


def to_run(jobs: Mapping[Job, Planned]) -> set[Job]:
    """The jobs that Snakemake would run; the rule `all` writes nothing."""
    return {key for key, job in jobs.items() if job.is_to_run and key[0] != "all"}


def to_be_run(before: Mapping[Job, Planned], after: Mapping[Job, Planned]) -> set[Job]:
    """The jobs that are new or whose parameters or inputs are others, and all that take results from these."""
    wanted = {key for key, job in after.items() if key not in before or before[key].content != job.content}
    while True:
        more = {key for key, job in after.items() if key not in wanted and job.after & wanted}
        if not more:
            return wanted - {("all", "")}
        wanted |= more


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that asks for everything, carried out without its scripts; not changed by tests."""
    folder = write_everything(tmp_path_factory.mktemp("every_key") / "study", n_wells=N_WELLS)
    header, *rows = _rows(folder)
    more = [f"{row}\td{number // 2}\t{'xyz'[number % 3]}" for number, row in enumerate(rows)]
    (folder / "wells.tsv").write_text("\n".join([f"{header}\tdonor\tkind", *more]) + "\n", encoding="utf-8")
    (folder / "spots.npz").write_bytes(b"")
    truth = [f"structures/p/A{number + 1:02d}.npz" for number in range(N_WELLS)]
    for name in ("truth.json", *truth):
        path = folder / "known" / "truth" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    carry_out(folder)
    return folder


@pytest.fixture(scope="module")
def before(finished: Path) -> Mapping[Job, Planned]:
    """The jobs of the finished study."""
    jobs, _ = jobs_of(finished)
    assert to_run(jobs) == set()
    assert len(jobs) > 50
    return jobs


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, its times kept."""
    return Path(shutil.copytree(finished, tmp_path / "study"))


def leaves(values: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, name))
        else:
            yield ".".join((*above, name)), value


FILLED = validated_config(EVERYTHING, schema=SCHEMA, source="study")
KEYS = dict(leaves(FILLED))


def other_values(key: str, value: Any) -> Iterator[Any]:
    """What a key could be instead; those that cannot be are found out by the check of the config."""
    yield from VALUES.get(key, [])
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from (value + 1, value - 1, value * 0.9, value * 0.5)
    elif isinstance(value, list) and len(value) > 1:
        yield value[:-1]
    elif isinstance(value, list) and value and isinstance(value[0], (int, float)):
        yield [value[0] + 1]
    elif value is None:
        yield from (3, 0.5, 16, True, "sample")
    yield from _options(SCHEMA, key.split("."))
    if isinstance(value, str):
        yield f"{value} other"


def _options(schema: Any, path: list[str]) -> Iterable[Any]:
    """Names that a schema allows for a key, in whatever branch it is."""
    if not isinstance(schema, dict):
        return []
    if not path:
        return schema.get("enum", [])
    parts = [schema, *(branch.get("then", {}) for branch in schema.get("allOf", [])), *schema.get("oneOf", [])]
    found = [_options(part.get("properties", {}).get(path[0], {}), path[1:]) for part in parts]
    return [value for options in found for value in options]


def changed_config(key: str) -> dict[str, Any]:
    """The study's config with another value of one key, the first that is allowed."""
    for value in other_values(key, KEYS[key]):
        config = yaml.safe_load(yaml.safe_dump(EVERYTHING))
        for dotted, other in {key: value, **TOGETHER.get(key, {})}.items():
            block = config
            *above, last = dotted.split(".")
            for name in above:
                block = block.setdefault(name, {})
            block[last] = other
        try:
            filled = validated_config(config, schema=SCHEMA, source="study")
        except InputError:
            continue
        if filled != FILLED:
            return config
    raise AssertionError(f"{key}: expected another value that is allowed; add one to VALUES")


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def is_tried(key: str) -> bool:
    """Whether the key is tried here; those of the stage interaction need another raw format: test_interaction.py."""
    return key not in LEFT_OUT and not key.startswith("interaction.")


@pytest.mark.parametrize("key", [key for key in KEYS if is_tried(key)])
def test_all_that_depends_on_a_key_is_run_again_and_nothing_else(
    key: str, finished: Path, before: Mapping[Job, Planned]
) -> None:
    write_config(finished, changed_config(key))
    try:
        after, _ = jobs_of(finished)
    finally:
        write_config(finished, EVERYTHING)
    expected = to_be_run(before, after)
    assert expected or set(before) - set(after), "no job depends on the key"
    assert to_run(after) == expected


@pytest.mark.parametrize(
    "key",
    [
        "raw.background",
        "quality.channels",
        "segmentation.nucleus_channel",
        "spots.channels",
        "spots.sigma_px",
        "dataset.target_channel",
        "report.marked_channels",
    ],
)
def test_after_one_call_a_second_finds_nothing_to_do(key: str, study: Path, before: Mapping[Job, Planned]) -> None:
    write_config(study, changed_config(key))
    carry_out(study)
    assert to_run(jobs_of(study)[0]) == set()
    # And back: what was made meanwhile is not taken for the results of the first config.
    write_config(study, EVERYTHING)
    back, _ = jobs_of(study)
    assert to_run(back) >= {(rule, wildcards) for rule, wildcards in back if rule == "report_page"}
    carry_out(study)
    assert to_run(jobs_of(study)[0]) == set()


def _rows(folder: Path) -> list[str]:
    return (folder / "wells.tsv").read_text(encoding="utf-8").splitlines()


def _without_a_well(folder: Path) -> None:
    (folder / "wells.tsv").write_text("\n".join(_rows(folder)[:-1]) + "\n", encoding="utf-8")


def _with_a_well(folder: Path) -> None:
    for path in sorted((folder / "plate").glob("A04_*")):
        shutil.copy2(path, path.with_name(path.name.replace("A04", "A05")))
    rows = [*_rows(folder), _rows(folder)[-1].replace("A04", "A05").replace("s3", "s4")]
    (folder / "wells.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize("change", [_without_a_well, _with_a_well])
def test_a_well_that_comes_or_goes_makes_all_tables_of_wells_again(
    change: Any, study: Path, before: Mapping[Job, Planned]
) -> None:
    change(study)
    after, _ = jobs_of(study)
    expected = to_be_run(before, after)
    assert to_run(after) == expected
    rules = {rule for rule, _ in expected}
    assert rules >= {"raw_channels", "raw_chapter", "spots_chapter", "segmentation_chapter", "dataset_merge"}
    assert rules >= {"quality_flag", "report_page"}
    # The well that stays is not described, nor searched, again for that.
    assert ("raw_describe", "plate=p,well=A01") not in expected
    carry_out(study)
    assert to_run(jobs_of(study)[0]) == set()


def test_a_file_that_is_replaced_by_an_older_one_is_read_again(study: Path, before: Mapping[Job, Planned]) -> None:
    import os

    path = next((study / "plate").glob("A01_s1_RFP*"))
    os.utime(path, ns=(10**18, 10**18))
    after, _ = jobs_of(study)
    assert ("raw_describe", "plate=p,well=A01") in to_run(after)
    assert ("raw_describe", "plate=p,well=A02") not in to_run(after)
    assert to_run(after) == to_be_run(before, after)
