"""Rank the values of all cells by the maps of one run: model, cells → levels.arrow, what is removed when."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellspring.attribution.opening import opened_cells, settings_of
from wellspring.attribution.records import Run
from wellspring.attribution.roar import ranked_levels, score_maps, write_levels
from wellspring.attribution.shards import ArrayShards
from wellspring.files import locked
from wellspring.jobs import logged_job, tell

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, str], levels: Path, run: Run, params: Any, threads: int) -> None:
    """Make the map of every cell of the manifest with the model of `run`; write what each percentage removes."""
    opened = opened_cells(inputs, params=params, threads=threads)
    task, roar = params["attribution"], params["roar"]
    maps = partial(
        score_maps,
        opened.loader,
        inputs=np.asarray(opened.inputs, dtype=np.int64),
        scoring=replace(settings_of(task).scoring, samples=roar["samples"]),
        baselines=opened.baselines(task["baseline"]),
        gradients=opened.gradients,
        batch_size=task["batch_size"],
        seed=run.seed,
    )
    done = ArrayShards(Path(params["resume_folder"]), opened.fingerprint(task, roar, params["code"]), n_items=256)
    percents = sorted(roar["percents"])
    n = len(opened.manifest)
    write_levels(ranked_levels(maps, n=n, percents=percents, run=run, shards=done, report=tell), levels)
    shutil.rmtree(params["resume_folder"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        run = Run(**{**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)})
        job = {"params": snakemake.params, "threads": snakemake.threads}
        # A job that outlived a killed run would write over what this one writes.
        with locked(Path(snakemake.params.resume_folder) / "lock"):
            main(inputs=snakemake.input, levels=Path(snakemake.output.levels), run=run, **job)
