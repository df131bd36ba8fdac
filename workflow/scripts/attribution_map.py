"""Explain one run: model.keras, manifest, normalization, crop shards → four tables, and the maps of a few cells."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellspring.attribution.maps import write_maps
from wellspring.attribution.opening import opened_cells, settings_of
from wellspring.attribution.records import Run
from wellspring.attribution.runs import explained_run
from wellspring.attribution.selection import cells_of_split, shown_cells
from wellspring.attribution.shards import Shards
from wellspring.attribution.tables import COMPLETENESS, IMPORTANCE, SANITY, SIMILARITY
from wellspring.files import locked
from wellspring.jobs import logged_job, tell
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

TABLES = {"importance": IMPORTANCE, "similarity": SIMILARITY, "completeness": COMPLETENESS, "sanity": SANITY}


def main(*, inputs: Mapping[str, str], outputs: Mapping[str, str], run: Run, params: Any, threads: int) -> None:
    """Explain the cells that the rule's `params` name with the model of `run`; write the five outputs."""
    opened = opened_cells(inputs, params=params, threads=threads)
    task = params["attribution"]
    # A fixed seed for the choice, so that every run explains the same cells.
    chosen = {"max_cells": task["max_cells"], "rng": np.random.default_rng(0), "named": task["map_cells"]}
    cells = cells_of_split(opened.manifest, split=task["split"], **chosen)
    findings = explained_run(
        cells,
        opened.loader,
        shown=shown_cells(cells, task["map_cells"]),
        baselines=opened.baselines(task["baseline"]),
        gradients=opened.gradients,
        inputs=opened.inputs,
        settings=settings_of(task),
        run=run,
        shards=Shards(Path(params["resume_folder"]), opened.fingerprint(task, params["code"])),
        report=tell,
    )
    for name, table in TABLES.items():
        write_table(getattr(findings, name), Path(outputs[name]), table)
    write_maps(findings.maps, Path(outputs["maps"]))
    shutil.rmtree(params["resume_folder"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        run = Run(**{**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)})
        job = {"params": snakemake.params, "threads": snakemake.threads}
        # A job that outlived a killed run would write over what this one writes.
        with locked(Path(snakemake.params.resume_folder) / "lock"):
            main(inputs=snakemake.input, outputs=snakemake.output, run=run, **job)
