"""Try the maps of one run: model, cells, truth → measures of every method and baseline, curves, randomisation."""

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.random import default_rng

from wellspring.attribution.opening import grid_of, opened_cells
from wellspring.attribution.records import Run
from wellspring.attribution.selection import cells_of_split
from wellspring.attribution.tables import CURVES, MEASURES, RANDOMISED
from wellspring.attribution.trials import Trials
from wellspring.attribution.validation import known_truth, validated_run
from wellspring.files import locked
from wellspring.jobs import logged_job, tell
from wellspring.simulation.truth import read_truth, structures_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, params: Any, threads: int) -> None:
    """Validate the model of `run` on a few cells as the rule's `params` say; write three tables."""
    opened, task = opened_cells(inputs, params=params, threads=threads), params["validation"]
    cells = cells_of_split(opened.manifest, split=params["split"], max_cells=task["cells"], rng=default_rng(0))
    subjects, known, truth = opened.subjects(cells), None, None
    if task["truth"]:
        truth, structures = read_truth(Path(task["truth"])), structures_of(Path(task["truth"]), cells)
        known = known_truth(truth.causes.seen_in(run.regime), structures, subjects=subjects)
    found = validated_run(
        subjects,
        grid_of(opened, task, noise_sd=params["noise_sd"]),
        gradients=opened.gradients,
        randomised=partial(opened.randomised, seed=run.seed),
        n_randomised=task["randomised_cells"],
        n_steps=task["curve_steps"],
        batch_size=params["batch_size"],
        known=known,
        run=run,
        trials=Trials(Path(params["resume_folder"]), opened.fingerprint(dict(params.items()), repr(truth))),
        report=tell,
    )
    for name, table in (("measures", MEASURES), ("curves", CURVES), ("randomised", RANDOMISED)):
        write_table(getattr(found, name), Path(outputs[name]), table)
    shutil.rmtree(params["resume_folder"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        run = Run(**{**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)})
        job = {"params": snakemake.params, "threads": snakemake.threads}
        # A job that outlived a killed run would write over what this one writes.
        with locked(Path(snakemake.params.resume_folder) / "lock"):
            main(inputs=snakemake.input, outputs=snakemake.output, run=run, **job)
