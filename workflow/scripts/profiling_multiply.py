"""Fields of all wells → losses of one network for several multiplications of the fields (Parquet)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, notify
from wellspring.profiling.design import Design
from wellspring.profiling.embeddings import embedding
from wellspring.profiling.settings import DesignSettings
from wellspring.profiling.tables import MULTIPLIED
from wellspring.settings import settings_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    fields: Sequence[Path],
    annotations: Sequence[Mapping[str, str]],
    multiplications: Sequence[int],
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
    threads: int,
    output: Path,
) -> None:
    """Train the network `method` once for each multiplication and write the losses to `output`."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.fields import read_fields
    from wellspring.profiling.network_folds import multiplication_curves

    prepared_device(threads=threads)
    chosen, study = embedding(method), settings_of(DesignSettings, design)
    keras.utils.set_random_seed(study.seed)
    losses = multiplication_curves(
        chosen,
        read_fields(fields),
        design=Design.of(pd.DataFrame(list(annotations)), study),
        settings=settings_of(chosen.settings_kind, settings),
        factors=multiplications,
        notify=notify,
    )
    write_table(losses, output, MULTIPLIED)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            method=snakemake.wildcards.method,
            fields=[Path(path) for path in snakemake.input.fields],
            annotations=snakemake.params.annotations,
            multiplications=snakemake.params.multiplications,
            design=snakemake.params.design,
            settings=snakemake.params.embedding,
            threads=snakemake.threads,
            output=Path(snakemake.output.losses),
        )
