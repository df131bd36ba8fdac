"""Explain one run: model.keras, manifest, normalization, crop shards → four tables, and the maps of a few cells."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.attribution import job
from wellspring.attribution.loading import load_model
from wellspring.attribution.maps.stored import write_maps
from wellspring.attribution.settings import MapSettings
from wellspring.attribution.tables import COMPLETENESS, EXPLAINED_CELLS, IMPORTANCE, SANITY, SIMILARITY
from wellspring.files import locked
from wellspring.jobs import logged_job, notify
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table
from wellspring.training.runs import Run
from wellspring.training.settings import ImageSettings
from wellspring.training.sources import crops_folder

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

TABLES = {"importance": IMPORTANCE, "similarity": SIMILARITY, "completeness": COMPLETENESS, "sanity": SANITY}


def main(
    *, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, resume_folder: Path, params: Any, threads: int
) -> None:
    """Explain the chosen cells with the model of `run`; write the five outputs."""
    images = {name: params[name] for name in ("target_channel", "input_channels", "image_size")}
    model = load_model(
        *(Path(inputs[name]) for name in ("model", "manifest", "normalization")),
        crops_folder=crops_folder(inputs["crops"]),
        images=settings_of(ImageSettings, images),
        threads=threads,
    )
    findings = job.run(
        model,
        run,
        read_table(Path(inputs["cells"]), EXPLAINED_CELLS),
        settings=settings_of(MapSettings, params["attribution"]),
        resume_folder=resume_folder,
        code=params["code"],
        report=notify,
    )
    for name, table in TABLES.items():
        write_table(getattr(findings, name), Path(outputs[name]), table)
    write_maps(findings.maps, Path(outputs["maps"]))
    shutil.rmtree(resume_folder)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        of = snakemake.wildcards
        run, params = Run(of.model, of.regime, int(of.seed)), snakemake.params
        resume_folder = Path(snakemake.output.importance).parent / "resume"
        # A job that outlived a killed run would write over what this one writes.
        with locked(resume_folder / "lock"):
            files = {"inputs": snakemake.input, "outputs": snakemake.output, "resume_folder": resume_folder}
            main(**files, run=run, params=params, threads=snakemake.threads)
