"""Train one model: manifest, normalization, crop shards → model.keras, history.csv, predictions.parquet."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.files import locked, replaced_when_whole
from wellspring.jobs import log_device, logged_job, tell
from wellspring.tables import read_table, write_table
from wellspring.training.tables import HISTORY, PREDICTIONS

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Path], outputs: Mapping[str, Path], run: Any, params: Any, threads: int) -> None:
    """Train the model that `run` names (model, regime, seed) as the rule's `params` say; write the three outputs."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import device_name, prepared_device
    from wellspring.training.runs import Run, Schedule, augmentation_for, fit_run, opened

    device = prepared_device(threads=threads)
    log_device(device_name())
    keras.utils.set_random_seed(run["seed"])
    tables = read_table(inputs["manifest"], MANIFEST), read_table(inputs["normalization"], NORMALIZATION)
    data = opened(*tables, threads=threads, **{k: params[k] for k in ("crops_folder", "target_channel", "image_size")})
    steps = {key: params["training"][key] for key in ("epochs", "patience", "batch_size", "huber_delta")}
    fitted = fit_run(
        data,
        Run(**run),
        input_channels=params["input_channels"],
        augmentation=augmentation_for(data, regime=run["regime"], **params["training"]["augmentation"]),
        schedule=Schedule(**steps, learning_rate=params["learning_rate"], device=device),
        resume_folder=Path(params["resume_folder"]),
        code=params["code"],
        report=tell,
    )
    with replaced_when_whole(outputs["model"]) as temporary:
        fitted.model.save(temporary)
    write_table(fitted.history, outputs["history"], HISTORY)
    write_table(fitted.predictions, outputs["predictions"], PREDICTIONS)
    shutil.rmtree(params["resume_folder"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        inputs = {key: Path(snakemake.input[key]) for key in ("manifest", "normalization")}
        outputs = {key: Path(path) for key, path in snakemake.output.items()}
        run = {**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)}
        # A trainer that outlived a killed run would write over what this one writes.
        with locked(Path(snakemake.params.resume_folder) / "lock"):
            main(inputs=inputs, outputs=outputs, run=run, params=snakemake.params, threads=snakemake.threads)
