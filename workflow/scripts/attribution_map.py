"""Explain one run: model.keras, manifest, normalization, crop shards → three tables, and the maps of a few cells."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellspring.attribution.maps import write_maps
from wellspring.attribution.records import Run
from wellspring.attribution.runs import Settings, explained_run
from wellspring.attribution.selection import cells_of_split
from wellspring.dataset.loader import CropLoader
from wellspring.jobs import log_device, logged_job, tell
from wellspring.tables import COMPLETENESS, IMPORTANCE, MANIFEST, NORMALIZATION, SANITY, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, str], outputs: Mapping[str, str], run: Run, params: Any, threads: int) -> None:
    """Explain the cells that the rule's `params` name with the model of `run`; write the four outputs."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    from wellspring.models import load_regressor
    from wellspring.models.devices import device_name, prepared_device
    from wellspring.models.gradients import input_gradients
    from wellspring.training.prediction import input_places

    prepared_device(threads=threads)
    log_device(device_name())
    task = params["attribution"]
    manifest = read_table(Path(inputs["manifest"]), MANIFEST)
    scaling = read_table(Path(inputs["normalization"]), NORMALIZATION)
    images = {"crops_folder": Path(params["crops_folder"]), "exclude_channel": params["target_channel"]}
    loader = CropLoader(manifest, normalization=scaling, image_size=params["image_size"], **images)
    # A fixed seed for the choice, so that every run explains the same cells.
    cells = cells_of_split(manifest, split=task["split"], max_cells=task["max_cells"], rng=np.random.default_rng(0))
    findings = explained_run(
        cells,
        loader,
        gradients=input_gradients(load_regressor(Path(inputs["model"]))),
        inputs=input_places(params["input_channels"], channels=loader.channels),
        settings=Settings(**{field.name: task[field.name] for field in fields(Settings)}),
        run=run,
        rng=np.random.default_rng(run.seed),
        report=tell,
    )
    for name, table in (("importance", IMPORTANCE), ("completeness", COMPLETENESS), ("sanity", SANITY)):
        write_table(getattr(findings, name), Path(outputs[name]), table)
    write_maps(findings.maps, Path(outputs["maps"]))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        run = Run(**{**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)})
        job = {"params": snakemake.params, "threads": snakemake.threads}
        main(inputs=snakemake.input, outputs=snakemake.output, run=run, **job)
