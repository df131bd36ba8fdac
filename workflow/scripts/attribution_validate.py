"""Test the maps of one run: model, cells, truth → measures of every method and baseline, curves, randomisation."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.attribution import job
from wellspring.attribution.loading import load_model
from wellspring.attribution.settings import ValidationSettings
from wellspring.attribution.tables import CURVES, MEASURES, RANDOMISED
from wellspring.files import locked
from wellspring.jobs import logged_job, notify
from wellspring.settings import settings_of
from wellspring.tables import write_table
from wellspring.training.runs import Run
from wellspring.training.settings import ImageSettings
from wellspring.training.sources import crops_folder

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, resume_folder: Path, params: Any, threads: int
) -> None:
    """Test the maps of the model of `run` on a few cells as the rule's `params` say; write three tables."""
    images = {name: params[name] for name in ("target_channel", "input_channels", "image_size")}
    model = load_model(
        *(Path(inputs[name]) for name in ("model", "manifest", "normalization")),
        crops_folder=crops_folder(inputs["crops"]),
        images=settings_of(ImageSettings, images),
        threads=threads,
    )
    found = job.validate(
        model,
        run,
        settings=settings_of(ValidationSettings, params["validation"]),
        **{name: params[name] for name in ("split", "noise_sd", "batch_size", "code")},
        # folder/truth/truth.json
        truth_folder=Path(inputs["truth"]).parents[1] if inputs["truth"] else None,
        resume_folder=resume_folder,
        report=notify,
    )
    for name, table in (("measures", MEASURES), ("curves", CURVES), ("randomised", RANDOMISED)):
        write_table(getattr(found, name), Path(outputs[name]), table)
    shutil.rmtree(resume_folder)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        of = snakemake.wildcards
        run, params = Run(of.model, of.regime, int(of.seed)), snakemake.params
        resume_folder = Path(snakemake.output.measures).parent / "validate_resume"
        # A job that outlived a killed run would write over what this one writes.
        with locked(resume_folder / "lock"):
            files = {"inputs": snakemake.input, "outputs": snakemake.output, "resume_folder": resume_folder}
            main(**files, run=run, params=params, threads=snakemake.threads)
