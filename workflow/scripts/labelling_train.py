"""Indexes of all wells → the network of one stain (Keras), its scale (JSON), splits and history (Parquet)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import locked
from wellspring.jobs import log_device, logged_job, notify
from wellspring.labelling.settings import ModelSettings
from wellspring.labelling.tables import LABELLING_HISTORY, LABELLING_SPLITS
from wellspring.raw.index import read_index
from wellspring.settings import settings_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, indexes: Sequence[Path], stain: str, outputs: Mapping[str, str], params: Mapping[str, Any], threads: int
) -> None:
    """Train the network of `stain` with the wells that have it; write the four outputs."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.labelling.job import train_stain, training_settings
    from wellspring.models.devices import device_name, prepared_device

    prepared_device(threads=threads)
    log_device(device_name())
    splits, history = train_stain(
        [read_index(path) for path in indexes],
        light=params["light"],
        stain=stain,
        splits=params["splits"],
        steps=params["steps"],
        model=settings_of(ModelSettings, params["model"]),
        training=training_settings(params["training"], seed=params["seed"]),
        output=Path(outputs["model"]),
        about=Path(outputs["about"]),
        report=notify,
    )
    write_table(splits, Path(outputs["splits"]), LABELLING_SPLITS)
    write_table(history, Path(outputs["history"]), LABELLING_HISTORY)


if __name__ == "__main__":
    # A trainer that outlived a killed run would write over what this one writes.
    with logged_job(snakemake.log[0]), locked(Path(snakemake.output.model).with_suffix(".lock")):
        main(
            indexes=[Path(path) for path in snakemake.input.indexes],
            stain=snakemake.wildcards.stain,
            outputs=snakemake.output,
            params=snakemake.params,
            threads=snakemake.threads,
        )
