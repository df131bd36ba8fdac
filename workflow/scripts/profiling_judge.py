"""Embeddings of all wells by one method → verdict and clusters of the wells (Parquet)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.profiling.profiles import read_profiles
from wellspring.profiling.settings import JudgingSettings
from wellspring.profiling.tables import CLUSTERS, NETWORK_SCORES, VERDICT
from wellspring.profiling.verdict import judged
from wellspring.settings import settings_of
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    method: str,
    wells: Sequence[Path],
    scores: Sequence[Path],
    annotations: Sequence[Mapping[str, str]],
    needs_classes: bool,
    judging: Mapping[str, Any],
    output: tuple[Path, Path],
) -> None:
    """Judge the embeddings in `wells` and the `scores` of a classifier; write `output` = (verdict, clusters)."""
    spaces = read_profiles(wells, pd.DataFrame(list(annotations)), source=method)
    known = read_tables(scores, NETWORK_SCORES) if scores else None
    settings = settings_of(JudgingSettings, judging)
    found = judged(method, spaces, scores=known, needs_classes=needs_classes, **vars(settings))
    print(found.verdict.to_string())
    write_table(found.verdict, output[0], VERDICT)
    write_table(found.clusters, output[1], CLUSTERS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            method=snakemake.wildcards.method,
            wells=[Path(path) for path in snakemake.input.wells],
            scores=[Path(path) for path in snakemake.input.scores],
            annotations=snakemake.params.annotations,
            needs_classes=snakemake.params.needs_classes,
            judging=snakemake.params.judging,
            output=(Path(snakemake.output.verdict), Path(snakemake.output.clusters)),
        )
