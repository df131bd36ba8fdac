"""Train one model from scratch without part of its input: cells, importance, removal levels → error, importance."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.attribution.roar.levels import Removal
from wellspring.attribution.settings import MapSettings, RetrainSettings
from wellspring.attribution.tables import IMPORTANCE, ROAR
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.files import locked
from wellspring.jobs import logged_job, notify
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table
from wellspring.training.runs import Run
from wellspring.training.settings import ImageSettings, TrainingSettings
from wellspring.training.sources import crops_folder

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, removal: Removal, params: Any, threads: int
) -> None:
    """Retrain `run` without what `removal` names, as the rule's `params` say; write error and importance."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.attribution.roar.retrain import retrained
    from wellspring.training.job import data_of

    images = {name: params[name] for name in ("target_channel", "input_channels", "image_size")}
    tables = {"manifest": MANIFEST, "normalization": NORMALIZATION}
    data = data_of(
        *(read_table(Path(inputs[name]), table) for name, table in tables.items()),
        crops_folder=crops_folder(inputs["crops"]),
        images=settings_of(ImageSettings, images),
        threads=threads,
    )
    resume_folder = Path(outputs["errors"]).with_name(f"{Path(outputs['errors']).stem}_resume")
    found = retrained(
        data,
        run,
        removal,
        importance=read_table(Path(inputs["importance"]), IMPORTANCE),
        levels=Path(inputs["levels"]) if inputs["levels"] else None,
        training=settings_of(TrainingSettings, params["training"]),
        maps=settings_of(MapSettings, params["attribution"]),
        settings=settings_of(RetrainSettings, params["roar"]),
        **{name: params[name] for name in ("input_channels", "learning_rate", "n_cells")},
        code=params["code"] + params["architecture_code"],
        resume_folder=resume_folder,
        threads=threads,
        report=notify,
    )
    write_table(found.errors, Path(outputs["errors"]), ROAR)
    write_table(found.importance, Path(outputs["importance"]), IMPORTANCE)
    shutil.rmtree(resume_folder)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        of, errors = snakemake.wildcards, Path(snakemake.output.errors)
        run = Run(of.model, of.regime, int(of.seed))
        removal = Removal(of.form, of.ranking, amount=int(of.amount), seed=int(of.retrained_seed))
        files = {"inputs": snakemake.input, "outputs": snakemake.output}
        # A trainer that outlived a killed run would write over what this one writes.
        with locked(errors.with_name(f"{errors.stem}_resume") / "lock"):
            main(**files, run=run, removal=removal, params=snakemake.params, threads=snakemake.threads)
