"""Fields of all wells → embeddings of each well by one network, its scores (Parquet), the history of its fit (CSV)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, notify
from wellspring.profiling.design import Design, write_wells
from wellspring.profiling.embeddings import embedding
from wellspring.profiling.settings import DesignSettings
from wellspring.profiling.tables import NETWORK_SCORES, PROFILE_HISTORY
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
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
    threads: int,
    wells: Sequence[Path],
    scores: Path,
    history: Path,
) -> None:
    """Embed the fields by `method`; write `wells`, a table per well in the order of `fields`, `scores`, `history`."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.fields import read_fields
    from wellspring.profiling.network_folds import embedded_fields

    prepared_device(threads=threads)
    chosen, study = embedding(method), settings_of(DesignSettings, design)
    keras.utils.set_random_seed(study.seed)
    done = embedded_fields(
        chosen,
        read_fields(fields),
        design=Design.of(pd.DataFrame(list(annotations)), study),
        settings=settings_of(chosen.settings_kind, settings),
        notify=notify,
    )
    write_wells(done.embedding, wells)
    write_table(done.scores, scores, NETWORK_SCORES)
    write_table(done.history, history, PROFILE_HISTORY)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            method=snakemake.wildcards.method,
            fields=[Path(path) for path in snakemake.input.fields],
            annotations=snakemake.params.annotations,
            design=snakemake.params.design,
            settings=snakemake.params.embedding,
            threads=snakemake.threads,
            wells=[Path(path) for path in snakemake.output.wells],
            scores=Path(snakemake.output.scores),
            history=Path(snakemake.output.history),
        )
