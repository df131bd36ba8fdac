"""Train one model: manifest, normalization, crop shards → model.keras, history.csv, predictions.parquet."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.files import locked, replaced_when_whole
from wellspring.jobs import log_device, logged_job, notify
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table
from wellspring.training.runs import Run
from wellspring.training.settings import ImageSettings, TrainingSettings
from wellspring.training.sources import crops_folder
from wellspring.training.tables import HISTORY, PREDICTIONS

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, params: Any, threads: int) -> None:
    """Train the model that `run` names as the rule's `params` say; write the three outputs."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import device_name, prepared_device
    from wellspring.training import job

    device = prepared_device(threads=threads)
    log_device(device_name())
    keras.utils.set_random_seed(run.seed)
    images = settings_of(
        ImageSettings, {name: params[name] for name in ("target_channel", "input_channels", "image_size")}
    )
    data = job.data_of(
        read_table(Path(inputs["manifest"]), MANIFEST),
        read_table(Path(inputs["normalization"]), NORMALIZATION),
        crops_folder=crops_folder(inputs["crops"]),
        images=images,
        threads=threads,
    )
    resume_folder = Path(outputs["model"]).parent / "resume"
    fitted = job.run(
        data,
        run,
        input_channels=images.input_channels,
        settings=settings_of(TrainingSettings, params["training"]),
        learning_rate=params["learning_rate"],
        device=device,
        resume_folder=resume_folder,
        code=params["code"] + params["architecture_code"],
        report=notify,
    )
    with replaced_when_whole(Path(outputs["model"])) as temporary:
        fitted.model.save(temporary)
    write_table(fitted.history, Path(outputs["history"]), HISTORY)
    write_table(fitted.predictions, Path(outputs["predictions"]), PREDICTIONS)
    shutil.rmtree(resume_folder)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        of = snakemake.wildcards
        job = {"params": snakemake.params, "threads": snakemake.threads}
        # A trainer that outlived a killed run would write over what this one writes.
        with locked(Path(snakemake.output.model).parent / "resume" / "lock"):
            run = Run(of.model, of.regime, int(of.seed))
            main(inputs=snakemake.input, outputs=snakemake.output, run=run, **job)
