"""Try the maps of one run: model, cells, truth → measures of every method and baseline, curves, randomisation."""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellspring.attribution.opening import Opened, grid_of, opened_cells
from wellspring.attribution.records import Run
from wellspring.attribution.selection import cells_of_split
from wellspring.attribution.validation import Known, Subjects, known_truth, validated_run
from wellspring.jobs import logged_job, tell
from wellspring.simulation.truth import read_structures, read_truth
from wellspring.tables import write_table
from wellspring.tables.attribution import CURVES, MEASURES, RANDOMISED

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def truth_of(folder: Path, *, opened: Opened, subjects: Subjects, regime: str) -> Known:
    """What the simulated plate in `folder` knows about the cells, as far as the regime leaves it to be seen."""
    cells = opened.manifest.iloc[list(subjects.places)]
    read = cache(partial(read_structures, folder))
    masks = [read(plate=row.plate, well=row.well)[row.object_id] for row in cells.itertuples()]
    return known_truth(read_truth(folder).causes.seen_in(regime), masks, subjects=subjects)


def main(*, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, params: Any, threads: int) -> None:
    """Validate the model of `run` on a few cells as the rule's `params` say; write three tables."""
    from wellspring.models.randomising import randomised_from_top

    opened, task = opened_cells(inputs, params=params, threads=threads), params["validation"]
    chosen = {"split": params["split"], "max_cells": task["cells"], "rng": np.random.default_rng(0)}
    subjects, folder = opened.subjects(cells_of_split(opened.manifest, **chosen)), task["truth"]
    found = validated_run(
        subjects,
        grid_of(opened, task, noise_sd=params["noise_sd"]),
        gradients=opened.gradients,
        randomised=partial(randomised_from_top, opened.model, seed=run.seed),
        n_randomised=task["randomised_cells"],
        n_steps=task["curve_steps"],
        batch_size=params["batch_size"],
        known=truth_of(Path(folder), opened=opened, subjects=subjects, regime=run.regime) if folder else None,
        run=run,
        report=tell,
    )
    for name, table in (("measures", MEASURES), ("curves", CURVES), ("randomised", RANDOMISED)):
        write_table(getattr(found, name), Path(outputs[name]), table)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        run = Run(**{**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)})
        job = {"params": snakemake.params, "threads": snakemake.threads}
        main(inputs=snakemake.input, outputs=snakemake.output, run=run, **job)
