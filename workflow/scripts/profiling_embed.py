"""Fields of all wells → embeddings of each well by one network, its scores (Parquet), the history of its fit (CSV)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, tell
from wellspring.profiling.design import Design
from wellspring.profiling.tables import EMBEDDING, NETWORK_SCORES, PROFILE_HISTORY
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    fields: Sequence[Path],
    params: Any,
    threads: int,
    output: tuple[Sequence[Path], Path, Path],
) -> None:
    """Embed the fields by `method`; write `output` = (a table per well, in the order of `fields`; scores; history)."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.fields import read_fields
    from wellspring.profiling.runs import embedded_fields

    prepared_device(threads=threads)
    keras.utils.set_random_seed(params["seed"])
    people = pd.DataFrame(params["annotations"])
    design = Design(people, tuple(params["positive"]), params["folds"], params["seed"])
    done = embedded_fields(method, read_fields(fields), design=design, settings=params["settings"], report=tell)
    for path in output[0]:
        own = (done.embedding["plate"] == path.parent.name) & (done.embedding["well"] == path.stem)
        write_table(done.embedding[own], path, EMBEDDING)
    write_table(done.scores, output[1], NETWORK_SCORES)
    write_table(done.history, output[2], PROFILE_HISTORY)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        output = snakemake.output
        main(
            method=snakemake.wildcards.method,
            fields=[Path(path) for path in snakemake.input.fields],
            params=snakemake.params,
            threads=snakemake.threads,
            output=([Path(path) for path in output.wells], Path(output.scores), Path(output.history)),
        )
