"""Embeddings of all wells by one method → verdict and clusters of the wells (Parquet)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.profiling.profiles import read_profiles
from wellspring.profiling.verdict import judged
from wellspring.tables import write_table
from wellspring.tables.profiling import CLUSTERS, VERDICT

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    wells: Sequence[Path],
    annotations: Sequence[Mapping[str, str]],
    judging: Mapping[str, Any],
    output: tuple[Path, Path],
) -> None:
    """Judge the embeddings in the tables `wells`; write `output` = (verdict, clusters)."""
    spaces = read_profiles(wells, pd.DataFrame(annotations), source=method)
    found = judged(method, spaces, **judging)
    print(found.verdict.to_string())
    write_table(found.verdict, output[0], VERDICT)
    write_table(found.clusters, output[1], CLUSTERS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            method=snakemake.wildcards.method,
            wells=[Path(path) for path in snakemake.input.wells],
            annotations=snakemake.params.annotations,
            judging=snakemake.params.judging,
            output=(Path(snakemake.output.verdict), Path(snakemake.output.clusters)),
        )
