"""Profiles of all methods → tables (CSV), maps, dendrograms, curves (SVG), the chapter of the report (JSON)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job
from wellspring.profiling.report.chapter import ProfileResults, profile_chapter
from wellspring.profiling.report.drawing import draw_profiles
from wellspring.profiling.tables import ACTIN, CLUSTERS, PUBLISHED_VERDICT, THUMBNAILS, VERDICT
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.tables import read_table, read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    files: Mapping[str, Sequence[Path]],
    annotations: Sequence[Mapping[str, str]],
    profiling: Mapping[str, Any],
    output: Mapping[str, Path],
) -> None:
    """Read `files`, named as the rule's input; write `output`, ``map_*`` being maps by an annotation."""
    wells = pd.DataFrame(list(annotations))
    verdict, clusters = read_tables(files["verdicts"], VERDICT), read_tables(files["clusters"], CLUSTERS)
    write_table(verdict, output["table"], VERDICT)
    write_table(clusters, output["wells"], CLUSTERS)
    draw_profiles(files, verdict=verdict, clusters=clusters, wells=wells, profiling=profiling, output=output)
    results = ProfileResults(
        verdict=verdict,
        clusters=clusters,
        thumbnails=read_tables(files["thumbnails"], THUMBNAILS),
        wells=wells,
        files={**output, **({"actin": files["actin"][0]} if files["actin"] else {})},
        captions=read_captions(files["captions"]),
        published=read_table(files["published"][0], PUBLISHED_VERDICT) if files["published"] else None,
        actin=read_table(files["actin"][0], ACTIN) if files["actin"] else None,
    )
    write_chapter(profile_chapter(results, profiling=profiling), output["chapter"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input.items()
        main(
            files={
                name: [Path(one) for one in ([paths] if isinstance(paths, str) else paths)] for name, paths in given
            },
            annotations=snakemake.params.annotations,
            profiling=snakemake.params.profiling,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
