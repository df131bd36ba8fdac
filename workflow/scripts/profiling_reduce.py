"""Fields or cells of all wells → embeddings of each well (Parquet) by a method without a network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, notify
from wellspring.profiling.design import Design, write_wells
from wellspring.profiling.embeddings import embedding
from wellspring.profiling.reductions import embed_of
from wellspring.profiling.settings import DesignSettings
from wellspring.settings import settings_of

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    fields: Sequence[Path],
    cells: Sequence[Path],
    annotations: Sequence[Mapping[str, str]],
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
    output: Sequence[Path],
) -> None:
    """Embed the fields by `method`; write `output`, a table per well, in the order of `fields`."""
    chosen = embedding(method)
    found = embed_of(chosen)(
        list(fields),
        cells=list(cells),
        design=Design.of(pd.DataFrame(list(annotations)), settings_of(DesignSettings, design)),
        settings=settings_of(chosen.settings_kind, settings),
        notify=notify,
    )
    write_wells(found, output)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            method=snakemake.wildcards.method,
            fields=[Path(one) for one in snakemake.input.fields],
            cells=[Path(one) for one in snakemake.input.cells],
            annotations=snakemake.params.annotations,
            design=snakemake.params.design,
            settings=snakemake.params.embedding,
            output=[Path(path) for path in snakemake.output.wells],
        )
