"""Fields or cells of all wells → embeddings of each well (Parquet) by one method, and the history of its fit (CSV)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, tell
from wellspring.tables import write_table
from wellspring.tables.profiling import EMBEDDING, PROFILE_HISTORY

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    fields: Sequence[Path],
    cells: Sequence[tuple[Path, Path]],
    params: Any,
    threads: int,
    output: tuple[Sequence[Path], Path],
) -> None:
    """Embed the fields by `method`; write `output` = (a table per well, in the order of `fields`; history)."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.fields import read_fields
    from wellspring.profiling.runs import Design
    from wellspring.profiling.wells import embedded_wells

    prepared_device(threads=threads)
    keras.utils.set_random_seed(params["seed"])
    settings, people = params["settings"], pd.DataFrame(params["annotations"])
    design = Design(people, tuple(params["positive"]), params["folds"], params["seed"])
    done = embedded_wells(method, read_fields(fields), cells=cells, design=design, settings=settings, report=tell)
    for path in output[0]:
        own = (done.embedding["plate"] == path.parent.name) & (done.embedding["well"] == path.stem)
        write_table(done.embedding[own], path, EMBEDDING)
    write_table(done.history, output[1], PROFILE_HISTORY)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        fields, tables, crops = ([Path(one) for one in snakemake.input[name]] for name in ("fields", "cells", "crops"))
        main(
            method=snakemake.wildcards.method,
            fields=fields,
            cells=list(zip(tables, crops, strict=True)),
            params=snakemake.params,
            threads=snakemake.threads,
            output=([Path(path) for path in snakemake.output.wells], Path(snakemake.output.history)),
        )
