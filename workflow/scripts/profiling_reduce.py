"""Fields or cells of all wells → embeddings of each well (Parquet) by a method without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, tell
from wellspring.profiling.design import Design
from wellspring.profiling.reduction import reduced_wells
from wellspring.profiling.tables import EMBEDDING
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    fields: Sequence[Path],
    cells: Sequence[tuple[Path, Path]],
    params: Any,
    output: Sequence[Path],
) -> None:
    """Embed the fields by `method`; write `output`, a table per well, in the order of `fields`."""
    people = pd.DataFrame(params["annotations"])
    design = Design(people, tuple(params["positive"]), params["folds"], params["seed"])
    n_components = params["pca_components"]
    found = reduced_wells(method, fields, cells=cells, design=design, n_components=n_components, report=tell)
    for path in output:
        own = (found["plate"] == path.parent.name) & (found["well"] == path.stem)
        write_table(found[own], path, EMBEDDING)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        fields, tables, crops = ([Path(one) for one in snakemake.input[name]] for name in ("fields", "cells", "crops"))
        main(
            method=snakemake.wildcards.method,
            fields=fields,
            cells=list(zip(tables, crops, strict=True)),
            params=snakemake.params,
            output=[Path(path) for path in snakemake.output.wells],
        )
