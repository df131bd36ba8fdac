"""Profiles of all methods → profiles.csv, profile_wells.csv, thumbnails.parquet; figures: maps, dendrograms, curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.profiling.fields import read_fields
from wellspring.profiling.profiles import read_profiles
from wellspring.profiling.report.figures import curves_figure, dendrogram_figure, map_figure
from wellspring.profiling.report.well_maps import thumbnails
from wellspring.profiling.tables import CLUSTERS, MULTIPLIED, PROFILE_HISTORY, THUMBNAILS, VERDICT
from wellspring.report.style import save_figure
from wellspring.tables import read_table, read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def write_tables(files: Mapping[str, Sequence[Path]], output: Mapping[str, Path]) -> pd.DataFrame:
    """Join the tables of all methods, make the thumbnails, and return the table of the wells."""
    write_table(read_tables(files["verdicts"], VERDICT), output["table"], VERDICT)
    wells = read_tables(files["clusters"], CLUSTERS)
    write_table(wells, output["wells"], CLUSTERS)
    write_table(thumbnails(read_fields(files["fields"])), output["thumbnails"], THUMBNAILS)
    return wells


def main(
    *, files: Mapping[str, Sequence[Path]], annotations: Sequence[Mapping[str, str]], output: Mapping[str, Path]
) -> None:
    """Read `files` of all methods, named as the rule's input; write `output`, ``map_*`` being maps by an annotation."""
    people, wells = pd.DataFrame(annotations), write_tables(files, output)
    keyed = wells[["plate", "well"]].merge(people, on=["plate", "well"], how="left", validate="m:1")
    for name, path in output.items():
        if name.startswith("map_"):
            column = name.removeprefix("map_")
            save_figure(map_figure(wells, groups=keyed[column], name=column), path)
    methods = [path.stem for path in files["verdicts"]]
    embeddings = {name: [path for path in files["embeddings"] if path.parents[1].name == name] for name in methods}
    profiles = {name: read_profiles(paths, people, source=name)[0] for name, paths in embeddings.items()}
    save_figure(dendrogram_figure(profiles), output["dendrograms"])
    histories = {path.parent.name: read_table(path, PROFILE_HISTORY) for path in files["histories"]}
    multiplied = read_tables(files["multiplied"], MULTIPLIED) if files["multiplied"] else None
    save_figure(curves_figure(histories, multiplied), output["curves"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            files={name: [Path(one) for one in paths] for name, paths in snakemake.input.items()},
            annotations=snakemake.params.annotations,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
