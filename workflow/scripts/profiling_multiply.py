"""Fields of all wells → losses of one network for several multiplications of the fields (Parquet)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, tell
from wellspring.profiling.design import Design
from wellspring.profiling.tables import MULTIPLIED
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, method: str, fields: Sequence[Path], params: Any, threads: int, output: Path) -> None:
    """Train the network `method` once for each factor and write the losses to `output`."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.fields import read_fields
    from wellspring.profiling.runs import multiplication_curves

    prepared_device(threads=threads)
    keras.utils.set_random_seed(params["seed"])
    people = pd.DataFrame(params["annotations"])
    design = Design(people, tuple(params["positive"]), params["folds"], params["seed"])
    losses = multiplication_curves(
        method,
        read_fields(fields),
        design=design,
        settings=params["settings"],
        factors=params["multiplications"],
        report=tell,
    )
    write_table(losses, output, MULTIPLIED)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            method=snakemake.wildcards.method,
            fields=[Path(path) for path in snakemake.input.fields],
            params=snakemake.params,
            threads=snakemake.threads,
            output=Path(snakemake.output.losses),
        )
