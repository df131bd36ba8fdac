"""Rank the values of all cells by the maps of one run: model, cells → levels.arrow, what is removed when."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.attribution import job
from wellspring.attribution.loading import load_model
from wellspring.attribution.roar.levels import write_levels
from wellspring.attribution.settings import MapSettings
from wellspring.files import locked
from wellspring.jobs import logged_job, notify
from wellspring.settings import settings_of
from wellspring.training.runs import Run
from wellspring.training.settings import ImageSettings
from wellspring.training.sources import crops_folder

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Any], levels: Path, run: Run, resume_folder: Path, params: Any, threads: int) -> None:
    """Make the map of every cell of the manifest with the model of `run`; write what each percentage removes."""
    images = {name: params[name] for name in ("target_channel", "input_channels", "image_size")}
    model = load_model(
        *(Path(inputs[name]) for name in ("model", "manifest", "normalization")),
        crops_folder=crops_folder(inputs["crops"]),
        images=settings_of(ImageSettings, images),
        threads=threads,
    )
    ranked = job.rank(
        model,
        run,
        settings=settings_of(MapSettings, params["attribution"]),
        percents=params["roar"]["percents"],
        samples=params["roar"]["samples"],
        resume_folder=resume_folder,
        code=params["code"],
        report=notify,
    )
    write_levels(ranked, levels)
    shutil.rmtree(resume_folder)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        of = snakemake.wildcards
        run, params = Run(of.model, of.regime, int(of.seed)), snakemake.params
        resume_folder = Path(snakemake.output.levels).parent / "rank_resume"
        # A job that outlived a killed run would write over what this one writes.
        with locked(resume_folder / "lock"):
            files = {"inputs": snakemake.input, "levels": Path(snakemake.output.levels)}
            main(**files, run=run, resume_folder=resume_folder, params=params, threads=snakemake.threads)
